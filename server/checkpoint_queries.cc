#include "server/checkpoint_queries.h"

#include "server/answer_by.h"
#include "server/register_history.h"

namespace armstate {
namespace {

constexpr char kBusy[] = "too many queries wait";

}  // namespace

grpc::ServerUnaryReactor* CheckpointQueries::Compare(grpc::CallbackServerContext* context,
                                                     const v1::CompareCheckpointsRequest* request,
                                                     v1::CompareCheckpointsResponse* response) {
  return AnswerBy(reads_, kBusy, context, response,
                  [this, request](const StopCheck& stop) { return comparison_.Compare(*request, stop); });
}

grpc::ServerUnaryReactor* CheckpointQueries::ListHistory(grpc::CallbackServerContext* context,
                                                         const v1::ListRegisterHistoryRequest* request,
                                                         v1::ListRegisterHistoryResponse* response) {
  return AnswerBy(reads_, kBusy, context, response, [this, request](const StopCheck& stop) {
    return ListRegisterHistory(checkpoints_, profiles_, *request, stop);
  });
}

grpc::ServerUnaryReactor* CheckpointQueries::Search(grpc::CallbackServerContext* context,
                                                    const v1::SearchRegistersRequest* request,
                                                    v1::SearchRegistersResponse* response) {
  return AnswerBy(searches_, kBusy, context, response,
                  [this, request](const StopCheck& stop) { return search_.Search(*request, stop); });
}

}  // namespace armstate
