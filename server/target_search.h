// Of many hosts, those that accept a checkpoint.
#ifndef ARMSTATE_SERVER_TARGET_SEARCH_H_
#define ARMSTATE_SERVER_TARGET_SEARCH_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "armstate/v1/restore_service.pb.h"
#include "server/judged_target.h"
#include "server/judgement.h"

namespace armstate {

struct SearchedHost {
  std::string name;  // "hosts/{host}"
  // At least one; the best one counts.
  std::vector<JudgedTarget> targets;
};

// A verdict for each host, best first: by verdict, then by how many registers refuse and change, then by name. A
// profile that many hosts share is judged once.
std::vector<v1::RestoreTargetVerdict> JudgeHosts(const JudgedCheckpoint& checkpoint,
                                                 absl::Span<const SearchedHost> hosts,
                                                 const JudgedTolerances& tolerances);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_TARGET_SEARCH_H_
