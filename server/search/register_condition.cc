#include "server/search/register_condition.h"

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/error.h"
#include "core/register_list.h"

namespace armstate {
namespace {

constexpr size_t kMaxNumberBytes = 256;

std::string ToBytes(uint64_t value) {
  std::string bytes;
  for (; value != 0; value >>= 8) bytes.push_back(static_cast<char>(value & 0xff));
  return bytes;
}

// Compares two little-endian numbers of any length. Returns <0, 0 or >0.
int CompareBytes(absl::string_view a, absl::string_view b) {
  for (size_t i = std::max(a.size(), b.size()); i-- > 0;) {
    const uint8_t byte_a = i < a.size() ? static_cast<uint8_t>(a[i]) : 0;
    const uint8_t byte_b = i < b.size() ? static_cast<uint8_t>(b[i]) : 0;
    if (byte_a != byte_b) return byte_a < byte_b ? -1 : 1;
  }
  return 0;
}

absl::Status OutOfRange(size_t position, absl::string_view what, int64_t least, uint64_t greatest) {
  return FilterError(position, absl::StrCat(what, " holds ", least, " to ", greatest));
}

}  // namespace

absl::StatusOr<FilterRegister> FilterRegister::Parse(const FilterToken& name) {
  FilterRegister result;
  absl::Status status;
  for (const IdScheme scheme : {IdScheme::kTcg, IdScheme::kKvm}) {
    const absl::StatusOr<RegisterSelector> selector = ParseRegisterSelector(name.text, scheme);
    if (!selector.ok()) {
      status = selector.status();
      continue;
    }
    std::vector<RegisterSelector>& selectors = scheme == IdScheme::kKvm ? result.kvm : result.tcg;
    selectors.push_back(*selector);
    const RegisterSelector mapped = SelectorFor(*selector, scheme, [&](RegisterId id) { return id != selector->id; });
    if (mapped.id != selector->id) selectors.push_back(mapped);
    result.name = SelectorName(*selector, scheme);
    if (IsSecretRegister(selector->id)) {
      return FilterError(name.position, absl::StrCat(result.name, " is secret: it cannot be searched"),
                         {{"register_id", selector->id.ToString()}});
    }
  }
  if (!result.kvm.empty() || !result.tcg.empty()) return result;
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  std::map<std::string, std::string> metadata;
  if (info && info->metadata.count("nearest") != 0) metadata["nearest"] = info->metadata.at("nearest");
  return FilterError(name.position, status.message(), std::move(metadata));
}

absl::optional<size_t> FilterRegister::Held(IdScheme scheme, absl::FunctionRef<bool(RegisterId)> has) const {
  const std::vector<RegisterSelector>& selectors = In(scheme);
  for (size_t i = 0; i < selectors.size(); ++i) {
    if (has(selectors[i].id)) return i;
  }
  return absl::nullopt;
}

absl::StatusOr<RegisterNumber> RegisterNumber::Parse(const FilterToken& token) {
  RegisterNumber number;
  absl::string_view text = token.text;
  if (text == "true") return RegisterNumber{false, ToBytes(1)};
  if (text == "false") return number;
  number.negative = absl::ConsumePrefix(&text, "-");
  uint64_t value = 0;
  if (absl::StartsWithIgnoreCase(text, "0x") && text.size() > 2) {
    std::string digits(text.substr(2));
    if (digits.size() % 2 != 0) digits.insert(digits.begin(), '0');
    if (digits.size() > 2 * kMaxNumberBytes) {
      return FilterError(token.position, "this number has more than 2048 bits, the width of the widest register");
    }
    if (!std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return absl::ascii_isxdigit(c); })) {
      return FilterError(token.position, absl::StrCat("\"", token.text, "\" is not a number"));
    }
    number.bytes = absl::HexStringToBytes(digits);
    std::reverse(number.bytes.begin(), number.bytes.end());
    while (!number.bytes.empty() && number.bytes.back() == 0) number.bytes.pop_back();
  } else if (absl::SimpleAtoi(text, &value)) {
    number.bytes = ToBytes(value);
  } else {
    return FilterError(token.position, absl::StrCat("\"", token.text, "\" is not a number: a register compares with ",
                                                    "decimal or 0x hexadecimal"));
  }
  return number;
}

int64_t SignedField(const FieldDefinition& field, uint64_t field_value) {
  const int unused = 64 - field.width;
  return static_cast<int64_t>(field_value << unused) >> unused;
}

absl::StatusOr<NumberTest> NumberTest::Create(const RegisterSelector& selector, Comparator comparator,
                                              const RegisterNumber& number, size_t position) {
  NumberTest test;
  test.comparator_ = comparator;
  test.field_ = selector.field;
  if (!selector.field) {
    if (number.negative) return FilterError(position, "whole registers are never negative");
    if (number.bytes.size() > selector.id.width()) {
      return FilterError(position, absl::StrCat("the register has only ", 8 * selector.id.width(), " bits"));
    }
    test.operand_ = LowWord(number.bytes);
    test.wide_operand_ = number.bytes;
    return test;
  }
  const FieldDefinition& field = *selector.field;
  const uint64_t greatest = std::numeric_limits<uint64_t>::max() >> (64 - field.width);
  const int64_t least = field.is_signed ? -static_cast<int64_t>(greatest / 2) - 1 : 0;
  const uint64_t magnitude = LowWord(number.bytes);
  const bool fits = number.bytes.size() <= sizeof(uint64_t) &&
                    (number.negative ? magnitude <= 0 - static_cast<uint64_t>(least) : magnitude <= greatest);
  if (!fits) return OutOfRange(position, field.name, least, greatest);
  const uint64_t raw = number.negative ? -magnitude : magnitude;
  test.operand_ = field.is_signed ? static_cast<uint64_t>(SignedField(field, raw & greatest)) : raw;
  return test;
}

bool NumberTest::Holds(uint64_t value) const {
  if (!field_) return Compare(comparator_, value, operand_);
  const uint64_t bits = ExtractField(*field_, value);
  if (!field_->is_signed) return Compare(comparator_, bits, operand_);
  return Compare(comparator_, SignedField(*field_, bits), static_cast<int64_t>(operand_));
}

bool NumberTest::Holds(absl::string_view value) const {
  if (field_ || value.size() <= sizeof(uint64_t)) return Holds(LowWord(value));
  return Compare(comparator_, CompareBytes(value, wide_operand_), 0);
}

}  // namespace armstate
