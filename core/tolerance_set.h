// `ToleranceSet` applies tolerances to the report of a restore between two kinds of lists.
#ifndef ARMSTATE_CORE_TOLERANCE_SET_H_
#define ARMSTATE_CORE_TOLERANCE_SET_H_

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/catalog.h"
#include "core/register_list.h"
#include "core/resolved_condition.h"
#include "core/restore.h"
#include "core/tolerance.h"

namespace armstate {

// True for [a-z][a-z0-9.-]{0,62}, the form of the names of rules.
bool IsRuleName(absl::string_view name);

// True for one line of at most kMaxRuleTextBytes, the form of the texts of rules.
inline constexpr size_t kMaxRuleTextBytes = 500;
bool IsRuleText(absl::string_view text);

// Returns the fault in what rules of every kind have; empty if there is none. `names`: the sizes of the lists of
// registers and fields; `others`: those of conditions and outcomes.
std::string FaultOfRule(std::initializer_list<size_t> names, absl::Span<const Tolerance::IdPattern> patterns,
                        std::initializer_list<size_t> others);

// INVALID_ARGUMENT, reason TOLERANCE_MALFORMED, with metadata "tolerance", and "register" or "field" where one is at
// fault: a name that is malformed or there twice, no reason, no register, a register or field that the accelerator
// lacks, a condition that compares with nothing, or more than a rule or set may have. A rule without `source` or
// `target` is checked for both.
absl::Status CheckTolerances(absl::Span<const Tolerance> tolerances);

// The rules that apply to lists of `source` restored onto a target of `target`, names resolved. Immutable, thread-safe.
//
// Example:
//   absl::StatusOr<ToleranceSet> set = ToleranceSet::Create(tolerances, IdScheme::kKvm, profile->scheme());
//   RestoreReport report = RestoreRegisters(list, vcpu, OnRefusal::kKeepGoing);
//   set.Apply(list, profile->reset(), vcpu.ShownValues(), report);
class ToleranceSet {
 public:
  // A set without rules: strict.
  ToleranceSet(IdScheme source, IdScheme target) : source_(source), target_(target) {}

  // Errors: as CheckTolerances.
  static absl::StatusOr<ToleranceSet> Create(absl::Span<const Tolerance> tolerances, IdScheme source, IdScheme target);

  // Names the first rule that covers it in each finding of `report`, with the rule's reason, and recomputes the
  // verdict: findings with a rule are changes, not refusals. Outcomes stay what they are. Between accelerators (source
  // is not target) what only the target has (kNotInCheckpoint) needs a rule too: without one it refuses.
  //
  // `checkpoint` is what was restored, in the target's scheme (core/translate.h); `target_reset` what the target holds
  // after reset, and `target_values`, a value area of the same layout, what it holds after the restore.
  void Apply(const RegisterList& checkpoint, const RegisterList& target_reset, absl::string_view target_values,
             RestoreReport& report) const;

 private:
  struct Rule {
    std::string name;
    std::string reason;
    std::vector<uint64_t> ids;  // ascending
    std::vector<Tolerance::IdPattern> id_patterns;
    std::vector<std::string> fields;
    std::vector<RegisterOutcome> outcomes;
    std::vector<ResolvedCondition> conditions;
  };

  absl::Status Add(const Tolerance& tolerance);
  bool Covers(const Rule& rule, const RegisterFinding& finding, const RestoreSides& sides) const;

  IdScheme source_;
  IdScheme target_;
  std::vector<Rule> rules_;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_TOLERANCE_SET_H_
