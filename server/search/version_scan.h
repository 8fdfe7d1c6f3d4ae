// ScanVersions searches all versions by reading them one after the other.
#ifndef ARMSTATE_SERVER_SEARCH_VERSION_SCAN_H_
#define ARMSTATE_SERVER_SEARCH_VERSION_SCAN_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "armstate/v1/register_search.pb.h"
#include "server/profiles/registry.h"
#include "server/rpc/page_position.h"
#include "server/rpc/stop_check.h"
#include "server/search/filter.h"
#include "server/search/search_index.h"
#include "server/security/access_control.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// Adds the matches of VMs that the caller may read to `response`, with the next page's token. Errors: those of the
// store and of `stop`.
absl::Status ScanVersions(CheckpointRepository& checkpoints, const ProfileRegistry& profiles, const Filter& filter,
                          MatchedVcpus which, int page_size, absl::string_view question, ScanPosition position,
                          const StopCheck& stop, const Access& access, v1::SearchRegistersResponse& response);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_VERSION_SCAN_H_
