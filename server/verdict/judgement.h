// Judge decides whether a target accepts a checkpoint by restoring it onto fresh engine vCPUs of the target: the
// verdict follows the same rules as a restore.
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
#include "server/checkpoints/stored_checkpoint_conversion.h"
#include "server/verdict/resolved_target.h"

namespace armstate {

// A checkpoint whose restore is to be judged.
struct VerdictInput {
  LoadedCheckpoint loaded;
  // The scheme by which its lists name registers. Unset: the scheme of whatever target it is judged against.
  absl::optional<IdScheme> scheme;

  const v1::Checkpoint& basic() const { return loaded.basic; }
  int vcpu_count() const { return static_cast<int>(loaded.vcpus.size()); }
  IdScheme SchemeBefore(IdScheme target) const { return scheme.value_or(target); }
};

// TolerancesByScheme holds tolerances that are compiled for restores between all accelerators. Immutable, thread-safe,
// cheap to copy.
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

// A restore that gives the guest another CPU than the one it was saved on; see core/conversion.h.
struct ConversionUse {
  // The profile that the checkpoint's lists were made with; null if unknown.
  std::shared_ptr<const CpuProfile> source;
  // Names of the refusals that the user accepts.
  std::vector<std::string> accepted;
  // False: the rules of a conversion do not apply, since the user did not ask for another CPU.
  bool has_rules = true;
};

struct VmVerdict {
  // The program that performs the restore.
  v1::Restorer by = v1::RESTORER_ARMSTATE;
  // The worst verdict over all vCPUs and over the facts about the target that are not registers.
  Verdict verdict = Verdict::kAccepted;
  // One report for each vCPU, in order.
  std::vector<RestoreReport> reports;
  // The checkpoint's lists under the target's register IDs; empty if both use the same IDs.
  std::vector<Translation> translations;
  // Other remarks on the restore.
  std::vector<std::string> notes = {};
  // For a conversion: the registers of each vCPU of the target after the restore, as a value area of its profile's
  // layout.
  std::vector<std::string> target_values = {};

  // The list that is restored to a vCPU.
  const RegisterList& list(const VerdictInput& checkpoint, size_t vcpu) const {
    return translations.empty() ? checkpoint.loaded.vcpus[vcpu].registers : translations[vcpu].registers;
  }
};

// An unspecified `by` means armstate. The tolerances apply to armstate only; QEMU has none. `stop` is polled before the
// work on each vCPU; here and in the functions below its error is the only possible one.
absl::StatusOr<VmVerdict> Judge(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                const TolerancesByScheme& tolerances, v1::Restorer by = v1::RESTORER_ARMSTATE,
                                const StopCheck& stop = NeverStop);

// Judges a conversion: a restore by armstate to a target of the checkpoint's own accelerator.
absl::StatusOr<VmVerdict> JudgeConversion(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                          const TolerancesByScheme& tolerances, const ConversionUse& conversion,
                                          const StopCheck& stop);

// Returns true if `a` is the better target: by verdict, then by the number of registers that would not hold the wanted
// value.
bool IsBetter(const VmVerdict& a, const VmVerdict& b);

// FindingCounts counts, over all vCPUs, the registers that refuse the restore and those that will hold another value or
// are undetermined.
struct FindingCounts {
  int refused = 0;
  int changed = 0;
};
FindingCounts CountFindings(const VmVerdict& judgement);

// VmVerdictToProto returns the report without vCPUs, VcpuVerdictToProto the report of one vCPU, which it puts into
// words (server/verdict/text.h) before it translates it: a page is a few of many vCPUs.
v1::RestoreReport VmVerdictToProto(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                   const VmVerdict& judgement);
v1::VcpuRestoreReport VcpuVerdictToProto(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                         const VmVerdict& judgement, int vcpu, ReportedRegisters which);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_JUDGEMENT_H_
