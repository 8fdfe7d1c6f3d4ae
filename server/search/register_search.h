// RegisterSearch implements SearchRegisters.
#ifndef ARMSTATE_SERVER_SEARCH_REGISTER_SEARCH_H_
#define ARMSTATE_SERVER_SEARCH_REGISTER_SEARCH_H_

#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "armstate/v1/register_search.pb.h"
#include "server/profiles/registry.h"
#include "server/rpc/stop_check.h"
#include "server/search/search_index.h"
#include "server/search/search_results.h"
#include "server/security/access_control.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// Thread-safe. All arguments must outlive the object.
class RegisterSearch {
 public:
  // CatchUp waits until the index reflects everything that was acknowledged before. `result_bytes` limits the answers
  // that are cached for further pages.
  using CatchUp = std::function<absl::Status(const StopCheck&)>;

  RegisterSearch(CheckpointRepository& checkpoints, const ProfileRegistry& profiles, const SearchIndex& index,
                 CatchUp catch_up, size_t result_bytes, SearchResults::Clock clock = absl::Now)
      : checkpoints_(checkpoints),
        profiles_(profiles),
        index_(index),
        catch_up_(std::move(catch_up)),
        results_(result_bytes, std::move(clock)) {}

  // Leaves out the VMs that the caller may not read. Errors: see SearchRegisters, and those of `stop`.
  absl::StatusOr<v1::SearchRegistersResponse> Search(const v1::SearchRegistersRequest& request, const StopCheck& stop,
                                                     const Access& access);

 private:
  absl::StatusOr<v1::SearchRegistersResponse> FirstPage(const v1::SearchRegistersRequest& request, Filter filter,
                                                        int page_size, const StopCheck& stop, const Access& access);
  // Reads the checkpoints that the index could not decide, and keeps those that match.
  absl::Status ReadMatches(SearchResult& result, MatchedVcpus which, v1::SearchRegistersResponse& response,
                           const StopCheck& stop);

  CheckpointRepository& checkpoints_;
  const ProfileRegistry& profiles_;
  const SearchIndex& index_;
  const CatchUp catch_up_;
  SearchResults results_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_REGISTER_SEARCH_H_
