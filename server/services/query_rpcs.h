// QueryRpcs implements the RPCs of CheckpointService that query what is stored: compare, history, search,
// watch.
#ifndef ARMSTATE_SERVER_SERVICES_QUERY_RPCS_H_
#define ARMSTATE_SERVER_SERVICES_QUERY_RPCS_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "armstate/v1/checkpoint_service.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/machines/registry.h"
#include "server/profiles/registry.h"
#include "server/query/comparison.h"
#include "server/query/register_history.h"
#include "server/rpc/memory_budget.h"
#include "server/rpc/stop_check.h"
#include "server/search/index_follower.h"
#include "server/search/register_search.h"
#include "server/search/search_index.h"
#include "server/security/access_control.h"
#include "server/watch/checkpoint_watches.h"
#include "storage/checkpoint_store.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// The calls may take long, and are cancelled when the client no longer waits.
//
// `watch_patience`: see ServerOptions. `search_bytes` limits the answers that are cached for further pages.
//
// Thread-safe. All other arguments must outlive the object.
class QueryRpcs {
 public:
  QueryRpcs(CheckpointStore& store, CheckpointRepository& checkpoints, MachineRegistry& machines,
            const ProfileRegistry& profiles, MemoryBudget& memory, absl::Duration watch_patience, size_t search_bytes)
      : checkpoints_(checkpoints),
        profiles_(profiles),
        comparison_(checkpoints, machines, profiles),
        follower_(store, checkpoints, profiles, index_),
        search_(
            checkpoints, profiles, index_, [this](const StopCheck& stop) { return follower_.CatchUp(stop); },
            search_bytes),
        watches_(store, memory, watch_patience) {}

  absl::StatusOr<v1::CompareCheckpointsResponse> Compare(const v1::CompareCheckpointsRequest& request,
                                                         const StopCheck& stop) {
    return comparison_.Compare(request, stop);
  }
  absl::StatusOr<v1::ListRegisterHistoryResponse> ListHistory(const v1::ListRegisterHistoryRequest& request,
                                                              const StopCheck& stop) {
    return ListRegisterHistory(checkpoints_, profiles_, request, stop);
  }
  // False while the server has just started, and a search would be refused.
  bool CanSearch() const { return follower_.HasReadAllVms(); }
  absl::StatusOr<v1::SearchRegistersResponse> Search(const v1::SearchRegistersRequest& request, const StopCheck& stop,
                                                     const Access& access) {
    return search_.Search(request, stop, access);
  }
  grpc::ServerWriteReactor<v1::CheckpointEvent>* Watch(grpc::CallbackServerContext* context,
                                                       const v1::WatchCheckpointsRequest* request, Access access) {
    return watches_.Watch(*context, *request, std::move(access));
  }

  // Ends the watches, which do not end by themselves.
  void EndWatches() { watches_.EndAll(); }

 private:
  CheckpointRepository& checkpoints_;
  const ProfileRegistry& profiles_;
  const Comparison comparison_;
  SearchIndex index_;
  IndexFollower follower_;
  RegisterSearch search_;
  CheckpointWatches watches_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SERVICES_QUERY_RPCS_H_
