// What gRPC itself can carry: answers the messages that armstated answers, and stores nothing. Built as armstated is:
// callback API, the same allocators and limits.
//
// CreateCheckpoint answers the checkpoint without its vCPUs, numbered; GetCheckpoint answers the last request that had
// the vCPUs of a checkpoint, whichever is asked for.
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <signal.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "google/protobuf/util/time_util.h"
#include "server/arena_messages.h"
#include "server/server.h"

namespace armstate {
namespace {

// Answers each item at once.
class EmptyStream final : public grpc::ServerBidiReactor<v1::CreateCheckpointRequest, v1::StreamCheckpointsResponse> {
 public:
  EmptyStream() { StartRead(&request_); }
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    response_.set_item(count_++);
    v1::Checkpoint& checkpoint = *response_.mutable_checkpoint();
    checkpoint.set_name(request_.parent() + "/checkpoints/1");
    checkpoint.set_version(count_);
    *checkpoint.mutable_create_time() = google::protobuf::util::TimeUtil::GetCurrentTime();
    checkpoint.set_vcpu_count(1);
    checkpoint.set_register_count(request_.checkpoint().vcpus(0).registers().ids_size());
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override {
    if (ok) return StartRead(&request_);
    Finish(grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  v1::CreateCheckpointRequest request_;
  v1::StreamCheckpointsResponse response_;
  int64_t count_ = 0;
};

class EmptyService final : public v1::CheckpointService::CallbackService {
 public:
  EmptyService() {
    SetMessageAllocatorFor_CreateCheckpoint(&create_messages_);
    SetMessageAllocatorFor_GetCheckpoint(&get_messages_);
  }

  grpc::ServerUnaryReactor* CreateCheckpoint(grpc::CallbackServerContext* context,
                                             const v1::CreateCheckpointRequest* /*request*/,
                                             v1::Checkpoint* response) override {
    v1::CreateCheckpointRequest& request = create_messages_.MutableRequest(*context);
    const int64_t number = ++count_;
    if (number == 1) Keep(request);
    Answer(request, number, *response);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerUnaryReactor* GetCheckpoint(grpc::CallbackServerContext* context,
                                          const v1::GetCheckpointRequest* /*request*/,
                                          v1::Checkpoint* response) override {
    std::shared_ptr<const v1::Checkpoint> kept;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      kept = kept_;
    }
    if (kept != nullptr) *response = *kept;
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ServerBidiReactor<v1::CreateCheckpointRequest, v1::StreamCheckpointsResponse>* StreamCheckpoints(
      grpc::CallbackServerContext* /*context*/) override {
    return new EmptyStream;  // deletes itself in OnDone
  }

 private:
  static void Answer(v1::CreateCheckpointRequest& request, int64_t number, v1::Checkpoint& response) {
    const auto& vcpus = request.checkpoint().vcpus();
    response.set_vcpu_count(vcpus.size());
    if (!vcpus.empty()) response.set_register_count(vcpus.size() * vcpus[0].registers().ids_size());
    *response.mutable_source() = std::move(*request.mutable_checkpoint()->mutable_source());
    *response.mutable_capture_time() = request.checkpoint().capture_time();
    *response.mutable_labels() = request.checkpoint().labels();
    response.set_name(request.parent() + "/checkpoints/" + std::to_string(number));
    response.set_version(number);
    *response.mutable_create_time() = google::protobuf::util::TimeUtil::GetCurrentTime();
  }

  void Keep(const v1::CreateCheckpointRequest& request) {
    auto kept = std::make_shared<v1::Checkpoint>(request.checkpoint());
    kept->set_name(request.parent() + "/checkpoints/1");
    kept->set_version(1);
    *kept->mutable_create_time() = google::protobuf::util::TimeUtil::GetCurrentTime();
    kept->set_vcpu_count(kept->vcpus_size());
    kept->set_register_count(kept->vcpus_size() > 0 ? kept->vcpus(0).registers().ids_size() : 0);
    const std::lock_guard<std::mutex> lock(mutex_);
    kept_ = std::move(kept);
  }

  ArenaMessages<v1::CreateCheckpointRequest, v1::Checkpoint> create_messages_;
  ArenaMessages<v1::GetCheckpointRequest, v1::Checkpoint> get_messages_;
  std::atomic<int64_t> count_{0};
  std::mutex mutex_;
  std::shared_ptr<const v1::Checkpoint> kept_;
};

int Run() {
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  EmptyService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.SetMaxSendMessageSize(kMaxResponseBytes);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  std::fprintf(stderr, "listening on port %d\n", port);
  int signal = 0;
  sigwait(&stop_signals, &signal);
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}

}  // namespace
}  // namespace armstate

int main() { return armstate::Run(); }
