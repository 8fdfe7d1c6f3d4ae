// JudgeHosts judges a checkpoint against many hosts, JudgeBest against the targets that one host offers.
#ifndef ARMSTATE_SERVER_VERDICT_TARGET_SEARCH_H_
#define ARMSTATE_SERVER_VERDICT_TARGET_SEARCH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "armstate/v1/restore_service.pb.h"
#include "server/verdict/judgement.h"
#include "server/verdict/resolved_target.h"
#include "server/verdict/server_advice.h"

namespace armstate {

struct SearchedHost {
  std::string name;  // "hosts/{host}"
  // The targets that the host offers, at least one unless the host is damaged. The best one counts.
  std::vector<ResolvedTarget> targets;
  // Why the host cannot be judged: the damage to its record. Empty if there is none.
  std::string damage = {};
};

struct BestVerdict {
  // The index of the best target.
  size_t target = 0;
  VmVerdict judgement;
  // If the targets are on several kinds of cores: the best verdict of each, best first.
  std::vector<v1::CoreKindVerdict> core_kinds;
};

// Judges several targets, at least one. `advice` has the causes that the reasons name. The only possible error is that
// of `stop`.
absl::StatusOr<BestVerdict> JudgeBest(const VerdictInput& checkpoint, absl::Span<const ResolvedTarget> targets,
                                      const TolerancesByScheme& tolerances, const ServerAdvice& advice, v1::Restorer by,
                                      const StopCheck& stop);

// Returns a verdict for each host, best first: by verdict, then by the number of registers that refuse and that change,
// then by name. A profile that many hosts share is judged once; a damaged host is UNDETERMINED. The error is that of
// `stop`, extended by the number of hosts that were judged.
absl::StatusOr<std::vector<v1::RestoreTargetVerdict>> JudgeHosts(const VerdictInput& checkpoint,
                                                                 absl::Span<const SearchedHost> hosts,
                                                                 const TolerancesByScheme& tolerances,
                                                                 const ServerAdvice& advice,
                                                                 const StopCheck& stop = NeverStop);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_TARGET_SEARCH_H_
