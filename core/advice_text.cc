#include "core/advice_text.h"

#include <map>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "core/quantity_text.h"
#include "core/register_kind.h"
#include "core/vector_lengths.h"

namespace armstate {
namespace {

// Of one sentence: what it costs grows with the vCPUs.
constexpr size_t kMaxPlaceholders = 16;

constexpr RegisterId kCounterFrequency = RegisterId::System(3, 3, 14, 0, 0);  // CNTFRQ_EL0
// Other values are no frequency that a counter has: software sets the register, and need not. It has 32 bits.
constexpr uint64_t kLowestFrequency = 1'000'000, kHighestFrequency = 0xffff'ffff;

// "target:TCR_EL1.IPS".
absl::StatusOr<RegisterReference> ParseReference(absl::string_view text, IdScheme scheme) {
  ToleranceReference reference;
  if (absl::ConsumePrefix(&text, "target:")) reference.side = RestoreSide::kTarget;
  if (absl::ConsumePrefix(&text, "reset:")) reference.side = RestoreSide::kTargetReset;
  const size_t dot = text.find('.');
  reference.register_name = std::string(text.substr(0, dot));
  if (dot != absl::string_view::npos) reference.field = std::string(text.substr(dot + 1));
  return RegisterReference::Create(reference, scheme);
}

// "0.8 s", "3 h".
std::string DurationText(double seconds) {
  // 90 min and 36 h say more than 1.5 h and 1.5 days.
  constexpr struct {
    double from, length;
    absl::string_view unit;
  } kUnits[] = {
      {2 * 86400, 86400, "days"}, {2 * 3600, 3600, "h"}, {2 * 60, 60, "min"}, {0.1, 1, "s"}, {1e-3, 1e-3, "ms"}};
  for (const auto& [from, length, unit] : kUnits) {
    if (seconds >= from) return absl::StrCat(ShortNumber(seconds / length), " ", unit);
  }
  return seconds == 0 ? "0 s" : "less than 1 ms";
}

// The time of `ticks` by the guest's own frequency; if that is unknown, the range of today's machines.
std::string TicksText(uint64_t ticks, const RestoreSides& sides) {
  const absl::optional<absl::string_view> value = sides.Find(RestoreSide::kCheckpoint, kCounterFrequency);
  const uint64_t frequency = value ? LowWord(*value) : 0;
  const auto at = [&](uint64_t hz) { return DurationText(static_cast<double>(ticks) / static_cast<double>(hz)); };
  if (frequency >= kLowestFrequency && frequency <= kHighestFrequency) return at(frequency);
  return absl::StrCat(ticks, " ticks (", at(1'000'000'000), " at 1 GHz, ", at(25'000'000), " at 25 MHz)");
}

}  // namespace

absl::StatusOr<AdviceText::Part> AdviceText::ParsePart(absl::string_view inside, IdScheme scheme) {
  constexpr struct {
    absl::string_view prefix;
    Operation operation;
  } kFunctions[] = {{"meaning:", Operation::kMeaning},
                    {"bits:", Operation::kBits},
                    {"lengths:", Operation::kLengths},
                    {"frequency:", Operation::kFrequency},
                    {"duration:", Operation::kDuration}};
  const std::string shown = absl::CEscape(inside.substr(0, 100));
  Operation operation = Operation::kValue;
  for (const auto& function : kFunctions) {
    if (absl::ConsumePrefix(&inside, function.prefix)) operation = function.operation;
  }
  const size_t sign = inside.find_first_of("/-");
  const absl::StatusOr<RegisterReference> left = ParseReference(inside.substr(0, sign), scheme);
  if (!left.ok()) return left.status();
  Part part{"", operation, *left, absl::nullopt};
  const bool is_difference = sign != absl::string_view::npos && inside[sign] == '-';
  if (sign != absl::string_view::npos) {
    const absl::StatusOr<RegisterReference> right = ParseReference(inside.substr(sign + 1), scheme);
    if (!right.ok()) return right.status();
    part.right = *right;
    if (operation == Operation::kValue) part.operation = is_difference ? Operation::kDifference : Operation::kRatio;
  }
  const bool is_one = !part.right;
  const bool fits = operation == Operation::kMeaning    ? left->field() != nullptr && is_one
                    : operation == Operation::kLengths  ? left->id() == kSveVectorLengths && is_one
                    : operation == Operation::kDuration ? is_one || is_difference
                                                        : operation == Operation::kValue || is_one;
  if (!fits) {
    return absl::InvalidArgumentError(absl::StrCat(
        "{", shown,
        "}: meaning: is for a field, bits: and frequency: for a register or a field, lengths: for SVE_VLS, "
        "and duration: for one of these or a difference"));
  }
  return part;
}

absl::StatusOr<AdviceText> AdviceText::Parse(absl::string_view text, IdScheme scheme) {
  AdviceText result;
  for (size_t open = text.find_first_of("{}"); open != absl::string_view::npos; open = text.find_first_of("{}")) {
    const size_t close = text.find_first_of("{}", open + 1);
    if (text[open] != '{' || close == absl::string_view::npos || text[close] != '}') {
      return absl::InvalidArgumentError(
          absl::StrCat("a brace is unpaired before \"", absl::CEscape(text.substr(open)), "\""));
    }
    absl::StatusOr<Part> part = ParsePart(text.substr(open + 1, close - open - 1), scheme);
    if (!part.ok()) return part.status();
    if (result.parts_.size() == kMaxPlaceholders) {
      return absl::InvalidArgumentError(absl::StrCat("there are more than ", kMaxPlaceholders, " placeholders"));
    }
    part->before = std::string(text.substr(0, open));
    result.parts_.push_back(*std::move(part));
    text.remove_prefix(close + 1);
  }
  result.end_ = std::string(text);
  return result;
}

long double AdviceText::Rank(const Part& part, const RestoreSides& sides) {
  const absl::optional<uint64_t> left = part.left.Value(sides);
  const absl::optional<uint64_t> right = part.right ? part.right->Value(sides) : 0;
  if (!left || !right) return -1e30;  // "absent" comes first
  if (part.operation == Operation::kRatio && *right != 0) {
    return static_cast<long double>(*left) / static_cast<long double>(*right);
  }
  return static_cast<long double>(*left) - static_cast<long double>(*right);
}

std::string AdviceText::Shown(const Part& part, const RestoreSides& sides) {
  const absl::optional<uint64_t> left = part.left.Value(sides);
  const absl::optional<uint64_t> right = part.right ? part.right->Value(sides) : 0;
  if (!left || !right) return "absent";
  const absl::string_view minus = *left < *right ? "-" : "";
  const uint64_t difference = *left < *right ? *right - *left : *left - *right;
  switch (part.operation) {
    case Operation::kValue:
      return part.left.field() != nullptr ? absl::StrCat(*left) : absl::StrFormat("0x%x", *left);
    case Operation::kMeaning: {
      const FieldDefinition& field = *part.left.field();
      const absl::string_view meaning = FieldMeaning(field, LowWord(*part.left.Bytes(sides)));
      if (!meaning.empty()) return std::string(meaning);
      return field.width > 8 ? absl::StrFormat("0x%x", *left) : absl::StrCat(*left);
    }
    case Operation::kBits:
      return absl::StrCat(*part.left.Bits(sides));
    case Operation::kLengths:
      return VectorLengthsText(*part.left.Bytes(sides));
    case Operation::kFrequency:
      return FrequencyText(*left);
    case Operation::kRatio:
      return *right == 0 ? "infinitely" : ShortNumber(static_cast<double>(*left) / static_cast<double>(*right));
    case Operation::kDifference:
      return absl::StrCat(minus, difference);
    case Operation::kDuration:
      return absl::StrCat(minus, TicksText(difference, sides));
  }
  return "";
}

std::string AdviceText::Fill(absl::Span<const RestoreSides* const> vcpus) const {
  std::string text;
  for (const Part& part : parts_) {
    std::map<long double, std::string> shown;
    for (const RestoreSides* sides : vcpus) shown.emplace(Rank(part, *sides), Shown(part, *sides));
    absl::StrAppend(&text, part.before, shown.begin()->second);
    if (shown.size() > 1 && shown.rbegin()->second != shown.begin()->second) {
      absl::StrAppend(&text, shown.size() == 2 ? " or " : " to ", shown.rbegin()->second);
    }
  }
  return absl::StrCat(text, end_);
}

}  // namespace armstate
