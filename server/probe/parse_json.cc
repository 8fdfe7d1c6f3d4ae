#include "server/probe/parse_json.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "core/error.h"

namespace armstate {
namespace {

constexpr size_t kShown = 40;  // characters of a bad value in an error

}  // namespace

absl::Status Place::Error(absl::string_view what) const {
  std::map<std::string, std::string> metadata = {{"file", std::string(file)}, {"line", absl::StrCat(line)}};
  std::string where = absl::StrCat(file, ", line ", line, ": ");
  if (register_id) {
    const std::string id = absl::StrFormat("0x%016x", *register_id);
    absl::StrAppend(&where, "register ", id, ": ");
    metadata["register_id"] = id;
  }
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed, absl::StrCat(where, what),
                   std::move(metadata));
}

absl::Status Place::Missing(absl::string_view key, absl::string_view kind) const {
  return Error(absl::StrCat("\"", key, "\" is missing or is not ", kind));
}

const Json* Member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

absl::StatusOr<std::string> MemberText(const Json& object, const char* key, const Place& place) {
  const Json* member = Member(object, key);
  if (member == nullptr || !member->is_string()) return place.Missing(key, "text");
  return member->get_ref<const std::string&>();
}

absl::StatusOr<uint64_t> MemberNumber(const Json& object, const char* key, const Place& place) {
  const Json* member = Member(object, key);
  if (member == nullptr || !member->is_number_unsigned()) return place.Missing(key, "a whole number");
  return member->get<uint64_t>();
}

absl::StatusOr<const Json*> MemberArray(const Json& object, const char* key, const Place& place) {
  const Json* member = Member(object, key);
  if (member == nullptr || !member->is_array()) return place.Missing(key, "a list");
  return member;
}

absl::StatusOr<uint64_t> HexWord(absl::string_view text, const Place& place) {
  absl::ConsumePrefix(&text, "0x");
  uint64_t word = 0;
  if (text.empty() || text.size() > 16 || !std::all_of(text.begin(), text.end(), absl::ascii_isxdigit) ||
      !absl::SimpleHexAtoi(text, &word)) {
    return place.Error(absl::StrCat("\"", text.substr(0, kShown), "\" is not a hexadecimal number of at most 64 bits"));
  }
  return word;
}

absl::StatusOr<uint64_t> MemberHex(const Json& object, const char* key, const Place& place) {
  const absl::StatusOr<std::string> text = MemberText(object, key, place);
  if (!text.ok()) return text.status();
  return HexWord(*text, place);
}

absl::StatusOr<std::string> HexBytes(absl::string_view text, size_t width, const Place& place) {
  if (!absl::ConsumePrefix(&text, "0x") || text.size() != 2 * width ||
      !std::all_of(text.begin(), text.end(), absl::ascii_isxdigit)) {
    return place.Error(absl::StrCat("its value is not 0x and ", 2 * width, " hexadecimal digits"));
  }
  std::string bytes = absl::HexStringToBytes(text);
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

}  // namespace armstate
