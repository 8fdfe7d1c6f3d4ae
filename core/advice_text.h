// `AdviceText` is a sentence with placeholders for what the two sides of a restore hold; armstate.v1.AdviceRule
// describes them.
//
// Example:
//   absl::StatusOr<AdviceText> text = AdviceText::Parse("EnIA is {SCTLR_EL1.EnIA}", IdScheme::kKvm);
//   text->Fill({&vcpu0}) == "EnIA is 1"
//   text->Fill({&vcpu0, &vcpu1}) == "EnIA is 0 or 1", if it is 1 on one of them only
#ifndef ARMSTATE_CORE_ADVICE_TEXT_H_
#define ARMSTATE_CORE_ADVICE_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "core/resolved_condition.h"

namespace armstate {

// Immutable, thread-safe.
class AdviceText {
 public:
  // INVALID_ARGUMENT: a brace without its other, a register or field that the scheme lacks, or a function that does not
  // suit it. The message names it.
  static absl::StatusOr<AdviceText> Parse(absl::string_view text, IdScheme scheme);

  // At least one vCPU. A register that a side lacks is shown as "absent".
  std::string Fill(absl::Span<const RestoreSides* const> vcpus) const;

 private:
  enum class Operation { kValue, kMeaning, kBits, kLengths, kFrequency, kRatio, kDifference, kDuration };
  // A placeholder and the text before it.
  struct Part {
    std::string before;
    Operation operation;
    RegisterReference left;
    absl::optional<RegisterReference> right;
  };

  static absl::StatusOr<Part> ParsePart(absl::string_view inside, IdScheme scheme);
  static std::string Shown(const Part& part, const RestoreSides& sides);
  // The number by which values of several vCPUs are ordered.
  // Exact for registers: a long double has at least 64 bits.
  static long double Rank(const Part& part, const RestoreSides& sides);

  std::vector<Part> parts_;
  std::string end_;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_ADVICE_TEXT_H_
