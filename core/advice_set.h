// `AdviceSet` applies advice rules to the reports of a VM's vCPUs.
#ifndef ARMSTATE_CORE_ADVICE_SET_H_
#define ARMSTATE_CORE_ADVICE_SET_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "core/advice.h"
#include "core/advice_text.h"
#include "core/register_list.h"
#include "core/resolved_condition.h"
#include "core/restore.h"
#include "core/stop_check.h"

namespace armstate {

// INVALID_ARGUMENT, naming the rule and the register, field or text at fault: a name that is malformed or there twice,
// no sentence, a register or field that the accelerator lacks, a relation between vCPUs elsewhere than in a rule of
// checkpoints, a cause without registers, or more than a rule may have. A rule without `source` or `target` is checked
// for both.
absl::Status CheckAdvice(absl::Span<const AdviceRule> rules);

// One vCPU of a verdict. Refers to its parts.
struct AdvisedVcpu {
  int index;
  RestoreSides sides;
  absl::Span<const RegisterFinding> findings;
};

// One vCPU of a checkpoint. Refers to its list.
struct CapturedVcpu {
  int index;
  const RegisterList& registers;
};

// The rules that apply to lists of `source` restored onto a target of `target`, names resolved. Immutable, thread-safe.
class AdviceSet {
 public:
  // Errors: as CheckAdvice.
  static absl::StatusOr<AdviceSet> Create(absl::Span<const AdviceRule> rules, IdScheme source, IdScheme target);

  // Returns what the rules say, at most one advice of each: causes, consequences, then the checkpoint's, each in the
  // order of the rules.
  std::vector<Advice> Apply(absl::Span<const AdvisedVcpu> vcpus) const;

  // Returns what the rules of checkpoints say, without a target: both sides are the vCPU as it was captured. The error
  // is that of `stop`.
  absl::StatusOr<std::vector<Advice>> ApplyToCheckpoint(absl::Span<const CapturedVcpu> vcpus,
                                                        const StopCheck& stop) const;

 private:
  struct Rule {
    AdviceRule rule;
    std::vector<uint64_t> ids;  // ascending
    std::vector<ResolvedCondition> conditions;
    AdviceText sentence;
    AdviceText action;

    bool is_about_findings() const { return !rule.registers.empty() || !rule.id_patterns.empty(); }
  };

  explicit AdviceSet(IdScheme target) : target_(target) {}

  absl::Status Add(const AdviceRule& rule);
  bool Matches(const Rule& rule, const RegisterFinding& finding, const RestoreSides& sides) const;
  // True if the conditions of a rule that is not about findings hold.
  bool HoldsOf(const Rule& rule, const AdvisedVcpu& vcpu) const;
  // The registers of one vCPU that the rule speaks of; nothing: it does not apply. `explained`, by finding, is of
  // causes.
  absl::optional<std::vector<RegisterId>> Covered(const Rule& rule, absl::Span<const AdvisedVcpu> vcpus,
                                                  const AdvisedVcpu& vcpu, std::vector<bool>& explained) const;
  // Returns the values that the rule compares of one vCPU, by register, for VcpuRelation.
  std::map<uint64_t, std::string> Compared(const Rule& rule, const RegisterList& list) const;
  // Applies the rules of this kind and of those after it; asks `stop` for each.
  absl::StatusOr<std::vector<Advice>> ApplyFrom(AdviceKind first, absl::Span<const AdvisedVcpu> vcpus,
                                                const StopCheck& stop) const;
  void AddRelated(const Rule& rule, absl::Span<const AdvisedVcpu> vcpus, Advice& advice) const;

  IdScheme target_;
  std::vector<Rule> rules_;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_ADVICE_SET_H_
