#include "core/advice_text.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace armstate {
namespace {

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

}  // namespace

absl::StatusOr<AdviceText> AdviceText::Parse(absl::string_view text, IdScheme scheme) {
  AdviceText result;
  for (size_t open = text.find_first_of("{}"); open != absl::string_view::npos; open = text.find_first_of("{}")) {
    const size_t close = text.find_first_of("{}", open + 1);
    if (text[open] != '{' || close == absl::string_view::npos || text[close] != '}') {
      return absl::InvalidArgumentError(
          absl::StrCat("a brace is unpaired before \"", absl::CEscape(text.substr(open)), "\""));
    }
    const absl::string_view inside = text.substr(open + 1, close - open - 1);
    const size_t sign = inside.find_first_of("/-");
    const absl::StatusOr<RegisterReference> left = ParseReference(inside.substr(0, sign), scheme);
    if (!left.ok()) return left.status();
    Part part{std::string(text.substr(0, open)), Operation::kValue, *left, absl::nullopt};
    if (sign != absl::string_view::npos) {
      const absl::StatusOr<RegisterReference> right = ParseReference(inside.substr(sign + 1), scheme);
      if (!right.ok()) return right.status();
      part.operation = inside[sign] == '/' ? Operation::kRatio : Operation::kDifference;
      part.right = *right;
    }
    result.parts_.push_back(std::move(part));
    text.remove_prefix(close + 1);
  }
  result.end_ = std::string(text);
  return result;
}

std::string AdviceText::Shown(const Part& part, const RestoreSides& sides) {
  const absl::optional<uint64_t> left = part.left.Value(sides);
  const absl::optional<uint64_t> right = part.right ? part.right->Value(sides) : left;
  if (!left || !right) return "absent";
  switch (part.operation) {
    case Operation::kValue:
      return part.left.is_field() ? absl::StrCat(*left) : absl::StrFormat("0x%x", *left);
    case Operation::kRatio:
      return *right == 0 ? "infinitely"
                         : absl::StrFormat("%.1f", static_cast<double>(*left) / static_cast<double>(*right));
    case Operation::kDifference:
      return *left < *right ? absl::StrCat("-", *right - *left) : absl::StrCat(*left - *right);
  }
  return "";
}

std::string AdviceText::Fill(const RestoreSides& sides) const {
  std::string text;
  for (const Part& part : parts_) absl::StrAppend(&text, part.before, Shown(part, sides));
  return absl::StrCat(text, end_);
}

}  // namespace armstate
