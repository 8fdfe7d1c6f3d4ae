#include "client/cli/commands/register_value.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace armstate {
namespace {

// Returns little-endian bytes, as many as the digits need.
absl::StatusOr<std::string> ParseDigits(absl::string_view text) {
  absl::string_view digits = text;
  std::string bytes;
  if (absl::ConsumePrefix(&digits, "0x") || absl::ConsumePrefix(&digits, "0X")) {
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit)) {
      return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not a number"));
    }
    bytes = absl::HexStringToBytes(absl::StrCat(digits.size() % 2 == 0 ? "" : "0", digits));
    std::reverse(bytes.begin(), bytes.end());
    return bytes;
  }
  uint64_t number = 0;
  if (text.empty() || !absl::ascii_isdigit(text[0]) || !absl::SimpleAtoi(text, &number)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not a number"));
  }
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(number >> 8 * i);
  return bytes;
}

}  // namespace

absl::StatusOr<std::string> ParseRegisterValue(absl::string_view text, size_t width) {
  absl::StatusOr<std::string> bytes = ParseDigits(text);
  if (!bytes.ok()) return bytes.status();
  if (bytes->find_first_not_of('\0', width) != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("the register has ", 8 * width, " bits, ", text, " needs more"));
  }
  bytes->resize(width);
  return bytes;
}

}  // namespace armstate
