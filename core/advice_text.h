// `AdviceText` is a sentence with placeholders for what the two sides of a restore hold; armstate.v1.AdviceRule
// describes them.
//
// Example:
//   absl::StatusOr<AdviceText> text = AdviceText::Parse("EnIA is {SCTLR_EL1.EnIA}", IdScheme::kKvm);
//   text->Fill(sides) == "EnIA is 1"
#ifndef ARMSTATE_CORE_ADVICE_TEXT_H_
#define ARMSTATE_CORE_ADVICE_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/resolved_condition.h"

namespace armstate {

// Immutable, thread-safe.
class AdviceText {
 public:
  // INVALID_ARGUMENT: a brace without its other, or a register or field that the scheme lacks. The message names it.
  static absl::StatusOr<AdviceText> Parse(absl::string_view text, IdScheme scheme);

  // A register that a side lacks is shown as "absent".
  std::string Fill(const RestoreSides& sides) const;

 private:
  enum class Operation { kValue, kRatio, kDifference };
  // A placeholder and the text before it.
  struct Part {
    std::string before;
    Operation operation;
    RegisterReference left;
    absl::optional<RegisterReference> right;
  };

  static std::string Shown(const Part& part, const RestoreSides& sides);

  std::vector<Part> parts_;
  std::string end_;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_ADVICE_TEXT_H_
