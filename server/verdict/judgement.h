// Will a target accept a checkpoint? A restore onto fresh engine vCPUs of it tells: there is no second rule book.
#ifndef ARMSTATE_SERVER_VERDICT_JUDGEMENT_H_
#define ARMSTATE_SERVER_VERDICT_JUDGEMENT_H_

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "armstate/v1/restore_service.pb.h"
#include "core/restore.h"
#include "core/stop_check.h"
#include "core/tolerance_set.h"
#include "core/translate.h"
#include "proto/restore_report_conversion.h"
#include "server/checkpoints/access.h"
#include "server/verdict/judged_target.h"

namespace armstate {

// A checkpoint that is to be judged.
struct VerdictInput {
  LoadedCheckpoint loaded;
  // How its lists name registers. Nothing: as any target does.
  absl::optional<IdScheme> scheme;

  const v1::Checkpoint& basic() const { return loaded.basic; }
  int vcpu_count() const { return static_cast<int>(loaded.vcpus.size()); }
  IdScheme SchemeBefore(IdScheme target) const { return scheme.value_or(target); }
};

// Tolerances, ready for restores between all accelerators. Immutable, thread-safe, cheap to copy.
class TolerancesByScheme {
 public:
  // INVALID_ARGUMENT, reason TOLERANCE_MALFORMED.
  static absl::StatusOr<TolerancesByScheme> Create(absl::Span<const Tolerance> tolerances);

  const std::shared_ptr<const ToleranceSet>& Between(IdScheme source, IdScheme target) const {
    return sets_.at({source, target});
  }

 private:
  TolerancesByScheme() = default;

  std::map<std::pair<IdScheme, IdScheme>, std::shared_ptr<const ToleranceSet>> sets_;
};

// A restore that gives the guest another CPU than it was saved on; see core/conversion.h.
struct ConversionUse {
  // What the checkpoint's lists are of; null if it is not known.
  std::shared_ptr<const CpuProfile> source;
  // Names of refusals that the user accepts.
  std::vector<std::string> accepted;
  // False: the rules of a conversion do not count, since the user did not ask for another CPU.
  bool has_rules = true;
};

struct VmVerdict {
  // Of whose restore.
  v1::Restorer by = v1::RESTORER_ARMSTATE;
  // The worst of all vCPUs and of what is known of the target besides.
  Verdict verdict = Verdict::kAccepted;
  // One for each vCPU, in order.
  std::vector<RestoreReport> reports;
  // What the reports' tolerances refer to.
  std::shared_ptr<const ToleranceSet> tolerances;
  // The checkpoint's lists as the target names registers; empty if it names them as the checkpoint does.
  std::vector<Translation> translations;
  // What else is to be said of the restore.
  std::vector<std::string> notes = {};
  // Of a conversion: what each vCPU of the target holds after the restore, a value area of its profile's layout.
  std::vector<std::string> target_values = {};

  // What is restored to a vCPU.
  const RegisterList& list(const VerdictInput& checkpoint, size_t vcpu) const {
    return translations.empty() ? checkpoint.loaded.vcpus[vcpu].registers : translations[vcpu].registers;
  }
};

// `by`: unspecified means armstate. The tolerances are armstate's; QEMU has none. `stop` is asked before each vCPU's
// part of the work; its error is all that can go wrong, here and in what follows.
absl::StatusOr<VmVerdict> Judge(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                const TolerancesByScheme& tolerances, v1::Restorer by = v1::RESTORER_ARMSTATE,
                                const StopCheck& stop = NeverStop);

// The same of a conversion: a restore by armstate to a target of the checkpoint's own accelerator.
absl::StatusOr<VmVerdict> JudgeConversion(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                          const TolerancesByScheme& tolerances, const ConversionUse& conversion,
                                          const StopCheck& stop);

// The judgement of the best of several targets (at least one), and which one that is.
absl::StatusOr<std::pair<size_t, VmVerdict>> JudgeBest(const VerdictInput& checkpoint,
                                                       absl::Span<const ResolvedTarget> targets,
                                                       const TolerancesByScheme& tolerances, v1::Restorer by,
                                                       const StopCheck& stop);

// True if `a` is the better one to restore to: by verdict, then by how many registers would not be as wanted.
bool IsBetter(const VmVerdict& a, const VmVerdict& b);

// True for a finding that refuses the restore. Between accelerators what only the target has does, too, unless a rule
// covers it (core/tolerance_set.h).
bool RefusesRestore(const VmVerdict& judgement, const RegisterFinding& finding);

// How many registers refuse the restore, and how many will hold another value or were not known, over all vCPUs.
struct FindingCounts {
  int refused = 0;
  int changed = 0;
};
FindingCounts CountFindings(const VmVerdict& judgement);

// The report without vCPUs, and that of one vCPU.
v1::RestoreReport VmVerdictToProto(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                   const VmVerdict& judgement);
v1::VcpuRestoreReport VcpuVerdictToProto(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                         const VmVerdict& judgement, int vcpu, ReportedRegisters which);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_JUDGEMENT_H_
