// Will a target accept a checkpoint? A restore onto fresh engine vCPUs of it tells: there is no second rule book.
#ifndef ARMSTATE_SERVER_JUDGEMENT_H_
#define ARMSTATE_SERVER_JUDGEMENT_H_

#include <map>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "armstate/v1/restore_service.pb.h"
#include "core/restore.h"
#include "core/tolerance_set.h"
#include "core/translate.h"
#include "proto/restore_report_conversion.h"
#include "server/checkpoint_access.h"
#include "server/judged_target.h"

namespace armstate {

// A checkpoint that is to be judged.
struct JudgedCheckpoint {
  LoadedCheckpoint loaded;
  // How its lists name registers. Nothing: as any target does.
  absl::optional<IdScheme> scheme;

  const v1::Checkpoint& basic() const { return loaded.basic; }
  int vcpu_count() const { return static_cast<int>(loaded.vcpus.size()); }
  IdScheme SchemeBefore(IdScheme target) const { return scheme.value_or(target); }
};

// The tolerances of one request, made ready for each pair of accelerators when it is needed. Not thread-safe.
class JudgedTolerances {
 public:
  // INVALID_ARGUMENT, reason TOLERANCE_MALFORMED.
  static absl::StatusOr<JudgedTolerances> Create(std::vector<Tolerance> tolerances);

  const ToleranceSet& Between(IdScheme source, IdScheme target);

 private:
  explicit JudgedTolerances(std::vector<Tolerance> tolerances) : tolerances_(std::move(tolerances)) {}

  std::vector<Tolerance> tolerances_;
  std::map<std::pair<IdScheme, IdScheme>, ToleranceSet> sets_;
};

struct Judgement {
  // The worst of all vCPUs and of what is known of the target besides.
  Verdict verdict = Verdict::kAccepted;
  // One for each vCPU, in order.
  std::vector<RestoreReport> reports;
  // The checkpoint's lists as the target names registers; empty if it names them as the checkpoint does.
  std::vector<Translation> translations;

  // What is restored to a vCPU.
  const RegisterList& list(const JudgedCheckpoint& checkpoint, size_t vcpu) const {
    return translations.empty() ? checkpoint.loaded.vcpus[vcpu].registers : translations[vcpu].registers;
  }
};

Judgement Judge(const JudgedCheckpoint& checkpoint, const JudgedTarget& target, JudgedTolerances& tolerances);

// The judgement of the best of several targets (at least one), and which one that is.
std::pair<size_t, Judgement> JudgeBest(const JudgedCheckpoint& checkpoint, absl::Span<const JudgedTarget> targets,
                                       JudgedTolerances& tolerances);

// True if `a` is the better one to restore to: by verdict, then by how many registers would not be as wanted.
bool IsBetter(const Judgement& a, const Judgement& b);

// How many registers refuse the restore, and how many will hold another value or were not known, over all vCPUs.
struct FindingCounts {
  int refused = 0;
  int changed = 0;
};
FindingCounts CountFindings(const Judgement& judgement);

v1::RestoreReport JudgementToProto(const JudgedCheckpoint& checkpoint, const JudgedTarget& target,
                                   const Judgement& judgement, ReportedRegisters which);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_JUDGEMENT_H_
