// The limit that gRPC itself sets: a server that answers the messages that armstated answers, and stores nothing. Built
// as armstated is: callback API, the same allocators and limits.
//
// CreateCheckpoint answers the checkpoint without its vCPUs, numbered. GetCheckpoint answers the first checkpoint of
// the VM, whichever is asked for: those of the first requests are kept in memory.
//
// With --sync=FILE CreateCheckpoint is answered after 300 bytes for each call that waits were appended to the file and
// synced, by a thread of its own: what is left of the rate if nothing is stored but everything waits for the disk.
#include <fcntl.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "google/protobuf/util/time_util.h"
#include "server/rpc/arena_messages.h"
#include "server/server.h"

namespace armstate {
namespace {

// Finishes calls after a sync of a file, all that wait at once. Two threads, as armstated has: while one syncs, the
// other finishes the calls of the sync before.
class SyncedAnswers {
 public:
  explicit SyncedAnswers(const char* file) : file_(open(file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600)) {
    std::thread([this] { Sync(); }).detach();
    std::thread([this] { Tell(); }).detach();
  }

  bool ok() const { return file_ >= 0; }
  void FinishAfterSync(grpc::ServerUnaryReactor* call) { waiting_.Push({call}); }

 private:
  static constexpr size_t kBytesOfACall = 300;
  using Calls = std::vector<grpc::ServerUnaryReactor*>;

  class Queue {
   public:
    void Push(const Calls& calls) {
      bool is_first = false;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        is_first = calls_.empty();
        calls_.insert(calls_.end(), calls.begin(), calls.end());
      }
      if (is_first) changed_.notify_one();
    }
    Calls TakeAll() {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return !calls_.empty(); });
      return std::exchange(calls_, {});
    }

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    Calls calls_;
  };

  void Sync() {
    while (true) {
      const Calls calls = waiting_.TakeAll();
      const std::string bytes(calls.size() * kBytesOfACall, 'x');
      if (write(file_, bytes.data(), bytes.size()) < 0 || fdatasync(file_) != 0) std::perror("sync");
      synced_.Push(calls);
    }
  }
  void Tell() {
    while (true) {
      for (grpc::ServerUnaryReactor* const call : synced_.TakeAll()) call->Finish(grpc::Status::OK);
    }
  }

  const int file_;
  Queue waiting_;
  Queue synced_;
};

// Answers each item at once.
class EmptyStream final : public grpc::ServerBidiReactor<v1::StreamCheckpointsRequest, v1::StreamCheckpointsResponse> {
 public:
  // `on_request` is called for each item.
  explicit EmptyStream(std::function<void(const v1::CreateCheckpointRequest&)> on_request)
      : on_request_(std::move(on_request)) {
    StartRead(&request_);
  }
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    response_.Clear();
    for (const v1::CreateCheckpointRequest& request : request_.requests()) {
      on_request_(request);
      auto& acknowledgement = *response_.add_acknowledgements();
      acknowledgement.set_item(count_++);
      v1::Checkpoint& checkpoint = *acknowledgement.mutable_checkpoint();
      checkpoint.set_name(request.parent() + "/checkpoints/1");
      checkpoint.set_version(count_);
      *checkpoint.mutable_create_time() = google::protobuf::util::TimeUtil::GetCurrentTime();
      checkpoint.set_vcpu_count(1);
      checkpoint.set_register_count(request.checkpoint().vcpus(0).registers().ids_size());
    }
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override {
    if (ok) return StartRead(&request_);
    Finish(grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  const std::function<void(const v1::CreateCheckpointRequest&)> on_request_;
  v1::StreamCheckpointsRequest request_;
  v1::StreamCheckpointsResponse response_;
  int64_t count_ = 0;
};

class EmptyService final : public v1::CheckpointService::CallbackService {
 public:
  // `synced`: null if calls are answered at once.
  explicit EmptyService(SyncedAnswers* synced) : synced_(synced) {
    SetMessageAllocatorFor_CreateCheckpoint(&create_messages_);
    SetMessageAllocatorFor_GetCheckpoint(&get_messages_);
  }

  grpc::ServerUnaryReactor* CreateCheckpoint(grpc::CallbackServerContext* context,
                                             const v1::CreateCheckpointRequest* /*request*/,
                                             v1::Checkpoint* response) override {
    v1::CreateCheckpointRequest& request = create_messages_.MutableRequest(*context);
    const int64_t number = ++count_;
    if (number <= kKeptRequests) Keep(request);
    Answer(request, number, *response);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    if (synced_ != nullptr) {
      synced_->FinishAfterSync(reactor);
    } else {
      reactor->Finish(grpc::Status::OK);
    }
    return reactor;
  }

  grpc::ServerUnaryReactor* GetCheckpoint(grpc::CallbackServerContext* context, const v1::GetCheckpointRequest* request,
                                          v1::Checkpoint* response) override {
    std::shared_ptr<const v1::Checkpoint> kept;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto found =
          kept_.find(absl::string_view(request->name()).substr(0, request->name().find("/checkpoints/")));
      if (found != kept_.end()) kept = found->second;
    }
    if (kept != nullptr) *response = *kept;
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(kept != nullptr ? grpc::Status::OK : grpc::Status(grpc::StatusCode::NOT_FOUND, "it is not kept"));
    return reactor;
  }

  grpc::ServerBidiReactor<v1::StreamCheckpointsRequest, v1::StreamCheckpointsResponse>* StreamCheckpoints(
      grpc::CallbackServerContext* /*context*/) override {
    // It deletes itself in OnDone.
    return new EmptyStream([this](const v1::CreateCheckpointRequest& request) {
      if (++count_ <= kKeptRequests) Keep(request);
    });
  }

 private:
  // More than the VMs that a benchmark pushes to in turn.
  static constexpr int64_t kKeptRequests = 4096;

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
    kept_.try_emplace(request.parent(), std::move(kept));
  }

  SyncedAnswers* const synced_;
  ArenaMessages<v1::CreateCheckpointRequest, v1::Checkpoint> create_messages_;
  ArenaMessages<v1::GetCheckpointRequest, v1::Checkpoint> get_messages_;
  std::atomic<int64_t> count_{0};
  std::mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<const v1::Checkpoint>> kept_;  // by VM
};

int Run(SyncedAnswers* synced) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);  // as armstated
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  EmptyService service(synced);
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

int main(int argc, char** argv) {
  constexpr absl::string_view kSync = "--sync=";
  if (argc < 2) return armstate::Run(nullptr);
  if (!absl::StartsWith(argv[1], kSync)) return 1;
  auto* const synced = new armstate::SyncedAnswers(argv[1] + kSync.size());  // its threads end with the process
  return synced->ok() ? armstate::Run(synced) : 1;
}
