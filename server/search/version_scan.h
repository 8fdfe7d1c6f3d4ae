// Searching all versions: reads them one after the other.
#ifndef ARMSTATE_SERVER_SEARCH_VERSION_SCAN_H_
#define ARMSTATE_SERVER_SEARCH_VERSION_SCAN_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "armstate/v1/register_search.pb.h"
#include "server/profile_registry.h"
#include "server/search/filter.h"
#include "server/search/search_index.h"
#include "server/stop_check.h"
#include "storage/checkpoint_repository.h"

namespace armstate {

// Where a scan goes on.
struct ScanPosition {
  // Later checkpoints are not looked at, so that all pages are of the same moment.
  int64_t until = 0;  // nanoseconds since 1970
  // Of CheckpointRepository::ListVms; the VM that it led to, and the last version of that which was read.
  std::string cursor;
  std::string vm;
  int64_t version = 0;

  static absl::StatusOr<ScanPosition> FromToken(absl::string_view question, absl::string_view token);
  std::string ToToken(absl::string_view question) const;
};

// Adds what it finds to `response`, with the next page's token. Errors: the store's, and what `stop` answers.
absl::Status ScanVersions(CheckpointRepository& checkpoints, const ProfileRegistry& profiles, const Filter& filter,
                          MatchedVcpus which, int page_size, absl::string_view question, ScanPosition position,
                          const StopCheck& stop, v1::SearchRegistersResponse& response);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_VERSION_SCAN_H_
