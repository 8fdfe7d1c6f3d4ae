// armstate.v1.CheckpointService.
#ifndef ARMSTATE_SERVER_CHECKPOINT_SERVICE_H_
#define ARMSTATE_SERVER_CHECKPOINT_SERVICE_H_

#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "google/protobuf/empty.pb.h"
#include "server/answer_budget.h"
#include "server/arena_messages.h"
#include "server/checkpoint_pushes.h"
#include "server/checkpoint_queries.h"
#include "server/decoded_service.h"
#include "server/restore_history.h"
#include "server/vm_retention.h"
#include "storage/checkpoint_repository.h"

namespace armstate {

// Thread-safe. All arguments must outlive it.
class CheckpointServiceImpl final : public DecodedService<v1::CheckpointService> {
 public:
  // Answers and streams that wait for their clients take `answer_bytes` and `stream_bytes` at most, more or less.
  CheckpointServiceImpl(CheckpointRepository& checkpoints, RestoreHistory& history, CheckpointQueries& queries,
                        size_t answer_bytes, size_t stream_bytes)
      : checkpoints_(checkpoints),
        history_(history),
        queries_(queries),
        retention_(checkpoints, history),
        pushes_(checkpoints, stream_bytes),
        answers_(answer_bytes) {
    using This = CheckpointServiceImpl;
    OnUnary(&This::CreateCheckpoint, &create_messages_);
    OnBidirectionalStream<v1::StreamCheckpointsRequest>(&This::OpenPushes);
    OnUnary(&This::GetCheckpoint, &get_messages_);
    OnUnary(&This::ListCheckpoints);
    OnUnary(&This::UpdateCheckpoint);
    OnUnary(&This::DeleteCheckpoint);
    OnUnary(&This::GetVm);
    OnUnary(&This::ListVms);
    OnUnary(&This::UpdateVm);
    OnUnary(&This::DeleteVm);
    OnUnary(&This::CompareCheckpoints);
    OnUnary(&This::ListRegisterHistory);
    OnUnary(&This::SearchRegisters);
    OnServerStream(&This::WatchCheckpoints);
  }

  grpc::ServerUnaryReactor* CreateCheckpoint(grpc::CallbackServerContext* context,
                                             const v1::CreateCheckpointRequest* request,
                                             v1::Checkpoint* response) override;
  grpc::ServerUnaryReactor* GetCheckpoint(grpc::CallbackServerContext* context, const v1::GetCheckpointRequest* request,
                                          v1::Checkpoint* response) override;
  grpc::ServerUnaryReactor* ListCheckpoints(grpc::CallbackServerContext* context,
                                            const v1::ListCheckpointsRequest* request,
                                            v1::ListCheckpointsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateCheckpoint(grpc::CallbackServerContext* context,
                                             const v1::UpdateCheckpointRequest* request,
                                             v1::Checkpoint* response) override;
  grpc::ServerUnaryReactor* DeleteCheckpoint(grpc::CallbackServerContext* context,
                                             const v1::DeleteCheckpointRequest* request,
                                             google::protobuf::Empty* response) override;
  grpc::ServerUnaryReactor* GetVm(grpc::CallbackServerContext* context, const v1::GetVmRequest* request,
                                  v1::Vm* response) override;
  grpc::ServerUnaryReactor* ListVms(grpc::CallbackServerContext* context, const v1::ListVmsRequest* request,
                                    v1::ListVmsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateVm(grpc::CallbackServerContext* context, const v1::UpdateVmRequest* request,
                                     v1::Vm* response) override;
  grpc::ServerUnaryReactor* DeleteVm(grpc::CallbackServerContext* context, const v1::DeleteVmRequest* request,
                                     google::protobuf::Empty* response) override;
  grpc::ServerUnaryReactor* CompareCheckpoints(grpc::CallbackServerContext* context,
                                               const v1::CompareCheckpointsRequest* request,
                                               v1::CompareCheckpointsResponse* response) override {
    return queries_.Compare(context, request, response);
  }
  grpc::ServerUnaryReactor* ListRegisterHistory(grpc::CallbackServerContext* context,
                                                const v1::ListRegisterHistoryRequest* request,
                                                v1::ListRegisterHistoryResponse* response) override {
    return queries_.ListHistory(context, request, response);
  }
  grpc::ServerUnaryReactor* SearchRegisters(grpc::CallbackServerContext* context,
                                            const v1::SearchRegistersRequest* request,
                                            v1::SearchRegistersResponse* response) override {
    return queries_.Search(context, request, response);
  }
  grpc::ServerWriteReactor<v1::CheckpointEvent>* WatchCheckpoints(grpc::CallbackServerContext* context,
                                                                  const v1::WatchCheckpointsRequest* request) override {
    return queries_.Watch(context, request);
  }

  // A call of StreamCheckpoints.
  CheckpointPushes::Reactor* OpenPushes(grpc::CallbackServerContext* /*context*/) { return pushes_.Open(); }
  // Ends the streams, see CheckpointPushes.
  void Drain() { pushes_.Drain(); }

 private:
  absl::Status Get(const v1::GetCheckpointRequest& request, v1::Checkpoint& response);
  absl::StatusOr<v1::ListCheckpointsResponse> List(const v1::ListCheckpointsRequest& request);
  absl::Status Delete(const v1::DeleteCheckpointRequest& request);
  absl::StatusOr<v1::Vm> GetOneVm(const v1::GetVmRequest& request);
  absl::StatusOr<v1::ListVmsResponse> ListAllVms(const v1::ListVmsRequest& request);
  absl::Status DeleteOneVm(const v1::DeleteVmRequest& request);

  CheckpointRepository& checkpoints_;
  RestoreHistory& history_;
  CheckpointQueries& queries_;
  VmRetention retention_;
  CheckpointPushes pushes_;
  AnswerBudget answers_;
  ArenaMessages<v1::CreateCheckpointRequest, v1::Checkpoint> create_messages_;
  ArenaMessages<v1::GetCheckpointRequest, v1::Checkpoint> get_messages_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CHECKPOINT_SERVICE_H_
