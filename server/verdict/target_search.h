// Of many hosts, those that accept a checkpoint.
#ifndef ARMSTATE_SERVER_VERDICT_TARGET_SEARCH_H_
#define ARMSTATE_SERVER_VERDICT_TARGET_SEARCH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "armstate/v1/restore_service.pb.h"
#include "server/verdict/judged_target.h"
#include "server/verdict/judgement.h"

namespace armstate {

struct SearchedHost {
  std::string name;  // "hosts/{host}"
  // At least one, unless it is damaged; the best one counts.
  std::vector<ResolvedTarget> targets;
  // Why the host cannot be judged: what is wrong with its record.
  std::string damage = {};
};

// A verdict for each host, best first: by verdict, then by how many registers refuse and change, then by name. A
// profile that many hosts share is judged once; a damaged host is UNDETERMINED. The error is that of `stop`, and says
// how many hosts were judged.
absl::StatusOr<std::vector<v1::RestoreTargetVerdict>> JudgeHosts(const VerdictInput& checkpoint,
                                                                 absl::Span<const SearchedHost> hosts,
                                                                 const TolerancesByScheme& tolerances,
                                                                 const StopCheck& stop = NeverStop);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_TARGET_SEARCH_H_
