// CheckpointServiceImpl implements armstate.v1.CheckpointService.
#ifndef ARMSTATE_SERVER_SERVICES_CHECKPOINT_SERVICE_H_
#define ARMSTATE_SERVER_SERVICES_CHECKPOINT_SERVICE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "google/protobuf/empty.pb.h"
#include "server/checkpoints/pushes.h"
#include "server/profiles/registry.h"
#include "server/restores/history.h"
#include "server/retention/vm_retention.h"
#include "server/rpc/arena_messages.h"
#include "server/rpc/call_workers.h"
#include "server/rpc/connection.h"
#include "server/rpc/decoded_service.h"
#include "server/rpc/stop_check.h"
#include "server/rpc/untaken_answer.h"
#include "server/security/access_control.h"
#include "server/services/query_rpcs.h"
#include "server/verdict/server_advice.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// Thread-safe. All arguments must outlive the object.
class CheckpointServiceImpl final : public DecodedService<v1::CheckpointService> {
 public:
  CheckpointServiceImpl(CallWorkers& workers, CheckpointRepository& checkpoints, const ProfileRegistry& profiles,
                        const ServerAdvice& advice, RestoreHistory& history, QueryRpcs& queries)
      : DecodedService(workers),
        checkpoints_(checkpoints),
        profiles_(profiles),
        advice_(advice),
        history_(history),
        queries_(queries),
        retention_(checkpoints, history),
        pushes_(checkpoints, workers) {
    using This = CheckpointServiceImpl;
    OnAsyncUnary(&This::CreateCheckpoint, create_messages_);
    OnBidirectionalStream<v1::StreamCheckpointsRequest>(&This::OpenPushes);
    OnRead(
        [&workers](const v1::GetCheckpointRequest& request) -> WorkerPool& {
          return request.include_advice() ? workers.judging : workers.reads;
        },
        &This::Get, get_messages_);
    OnUnary(workers.reads, &This::List);
    OnUnary(workers.writes, &This::Update);
    OnUnary(workers.writes, &This::Delete);
    OnUnary(workers.reads, &This::GetOneVm);
    OnUnary(workers.reads, &This::ListAllVms);
    OnUnary(workers.writes, &This::UpdateOneVm);
    OnUnary(workers.writes, &This::DeleteOneVm);
    OnUnary(workers.judging, &This::Compare);
    OnUnary(workers.judging, &This::ListHistory);
    OnUnary(workers.searches, &This::Search);
    OnServerStream(&This::WatchCheckpoints);
  }

  grpc::ServerUnaryReactor* CreateCheckpoint(grpc::CallbackServerContext* context,
                                             const v1::CreateCheckpointRequest* request,
                                             v1::Checkpoint* response) override;
  grpc::ServerWriteReactor<v1::CheckpointEvent>* WatchCheckpoints(grpc::CallbackServerContext* context,
                                                                  const v1::WatchCheckpointsRequest* request) override {
    return queries_.Watch(context, request, AccessOf(*context));
  }

  // Opens a call of StreamCheckpoints.
  CheckpointPushes::Reactor* OpenPushes(grpc::CallbackServerContext* context) {
    return pushes_.Open(ConnectionOf(*context), EndOfUntaken(*context), AccessOf(*context));
  }
  // Ends the streams; see CheckpointPushes.
  void Drain() { pushes_.Drain(); }

 private:
  class CreateCall;

  absl::Status Get(const v1::GetCheckpointRequest& request, v1::Checkpoint& response, MemoryBudget::Share& share,
                   const StopCheck& stop);
  // Returns what the server's rules say about the vCPUs that were read; nothing if their registers have no names.
  absl::StatusOr<std::vector<v1::Advice>> AdviceOn(absl::string_view vm, const StoredCheckpoint& stored,
                                                   const StopCheck& stop) const;
  absl::StatusOr<v1::ListCheckpointsResponse> List(const v1::ListCheckpointsRequest& request);
  absl::StatusOr<v1::Checkpoint> Update(const v1::UpdateCheckpointRequest& request) {
    return retention_.UpdateCheckpoint(request);
  }
  absl::StatusOr<google::protobuf::Empty> Delete(const v1::DeleteCheckpointRequest& request);
  absl::StatusOr<v1::Vm> GetOneVm(const v1::GetVmRequest& request);
  absl::StatusOr<v1::ListVmsResponse> ListAllVms(const v1::ListVmsRequest& request, const StopCheck& stop,
                                                 const Access& access);
  absl::StatusOr<v1::Vm> UpdateOneVm(const v1::UpdateVmRequest& request, const StopCheck& stop) {
    return retention_.UpdateVm(request, [&stop] { return !stop().ok(); });
  }
  absl::StatusOr<google::protobuf::Empty> DeleteOneVm(const v1::DeleteVmRequest& request);
  absl::StatusOr<v1::CompareCheckpointsResponse> Compare(const v1::CompareCheckpointsRequest& request,
                                                         const StopCheck& stop) {
    return queries_.Compare(request, stop);
  }
  absl::StatusOr<v1::ListRegisterHistoryResponse> ListHistory(const v1::ListRegisterHistoryRequest& request,
                                                              const StopCheck& stop) {
    return queries_.ListHistory(request, stop);
  }
  absl::StatusOr<v1::SearchRegistersResponse> Search(const v1::SearchRegistersRequest& request, const StopCheck& stop,
                                                     const Access& access) {
    return queries_.Search(request, stop, access);
  }

  CheckpointRepository& checkpoints_;
  const ProfileRegistry& profiles_;
  const ServerAdvice& advice_;
  RestoreHistory& history_;
  QueryRpcs& queries_;
  VmRetention retention_;
  CheckpointPushes pushes_;
  ArenaMessages<v1::CreateCheckpointRequest, v1::Checkpoint> create_messages_;
  ArenaMessages<v1::GetCheckpointRequest, v1::Checkpoint> get_messages_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SERVICES_CHECKPOINT_SERVICE_H_
