#include "server/checkpoints/pushes.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "core/error.h"
#include "google/protobuf/arena.h"
#include "proto/status_conversion.h"
#include "server/checkpoints/create.h"
#include "server/rpc/invalid_field.h"
#include "server/rpc/request_decoding.h"
#include "server/security/rpc_rights.h"

namespace armstate {

// PushStream is one stream. Its state changes under its mutex, and gRPC operations are also started under it: gRPC
// never calls a reactor from within an operation, and so nothing is started after Finish, when the reactor may be
// deleted at any time.
//
// Requests of one VM are stored one after the other: the store preserves their order only while each one finds the base
// that it was encoded against. A request that is encoded before its predecessor is stored may have to be encoded a
// second time.
class PushStream final : public CheckpointPushes::Reactor {
 public:
  PushStream(CheckpointPushes& pushes, CheckpointRepository& repository, const std::string& connection,
             std::function<void()> end_untaken, Access access, CallWorkers& workers, bool draining)
      : pushes_(pushes),
        repository_(repository),
        connection_(connection),
        end_untaken_(std::move(end_untaken)),
        access_(std::move(access)),
        workers_(workers),
        draining_(draining) {
    const absl::MutexLock lock(&mutex_);
    auto share = workers.memory.TakeLasting(connection_, sizeof(PushStream));
    refusal_ = share.status();
    share_ = std::move(share).value_or(nullptr);
    Continue();
  }

  void Drain() {
    const absl::MutexLock lock(&mutex_);
    draining_ = true;
    Continue();
  }

  void OnReadDone(bool ok) override {
    const size_t bytes = bytes_.Length();
    {
      const absl::MutexLock lock(&mutex_);
      reading_ = false;
      read_all_ = !ok;
      // The notification may arrive after a drain has ended the stream.
      if (!ok || broken_ || finished_) return Continue();
      refusal_ = Hold(bytes);
      if (!refusal_.ok()) {
        bytes_.Clear();
        return Continue();
      }
      taking_ = true;
    }
    if (bytes <= kLargeMessage) return Take(bytes);
    workers_.connections.CompleteInStream(connection_, bytes);
    workers_.decoding.Run(connection_, [this, bytes] { Take(bytes); });
  }

  void OnWriteDone(bool ok) override {
    const absl::MutexLock lock(&mutex_);
    writing_ = false;
    unanswered_ -= response_.acknowledgements_size();
    unanswered_bytes_ -= written_bytes_;
    share_->EndTaking(written_bytes_);
    if (unanswered_ == 0) v1::StreamCheckpointsResponse().Swap(&response_);  // frees the memory of an idle stream
    if (!ok) Break();
    Continue();
  }

  void OnCancel() override {
    const absl::MutexLock lock(&mutex_);
    Break();
    Continue();
  }

  void OnDone() override {
    { const absl::MutexLock lock(&mutex_); }  // waits until the caller of Finish releases the lock
    pushes_.Remove(this);
    delete this;
  }

 private:
  struct Item {
    int64_t number = 0;
    size_t bytes = 0;
    // The lane is keyed by the parent as the client wrote it: requests with the same parent wait for each other.
    std::string parent;
    absl::StatusOr<ParsedCreate> create;
  };

  struct Answer {
    int64_t number = 0;
    size_t bytes = 0;
    absl::StatusOr<CreateResult> outcome;
  };

  // Processes the message in bytes_, whose size is held.
  void Take(size_t bytes) {
    std::vector<Item> items;
    const absl::Status refusal = Decode(bytes, items);
    std::vector<Item> startable;
    {
      const absl::MutexLock lock(&mutex_);
      taking_ = false;
      if (broken_) return Continue();
      refusal_ = refusal;
      for (Item& item : items) {
        unanswered_ += 1;
        unanswered_bytes_ += item.bytes;
        const auto [lane, is_new] = lanes_.try_emplace(item.parent);
        if (is_new) {
          startable.push_back(std::move(item));
          ++running_;
        } else {
          lane->second.push_back(std::move(item));
        }
      }
      if (items.empty()) share_->Return(bytes);
      // The next message is read while this one is processed.
      Continue();
    }
    for (Item& item : startable) Start(std::move(item));
  }

  // The arena is freed as soon as everything is moved out of it: most streams are idle most of the time.
  absl::Status Decode(size_t bytes, std::vector<Item>& items) {
    google::protobuf::ArenaOptions blocks;
    blocks.start_block_size = kFirstBlockBytes;
    google::protobuf::Arena arena(blocks);
    auto& message = *google::protobuf::Arena::CreateMessage<v1::StreamCheckpointsRequest>(&arena);
    if (absl::Status status = DecodeRequest(bytes_, message); !status.ok()) return status;
    if (bytes <= kLargeMessage && !message.requests().empty()) {
      workers_.connections.CompleteInStream(connection_, bytes);
    }
    if (message.requests_size() > CheckpointPushes::kMaxRequests) {
      return InvalidField("requests", absl::StrCat("has more than ", CheckpointPushes::kMaxRequests,
                                                   " requests: send them in more messages"));
    }
    items.reserve(message.requests_size());
    for (v1::CreateCheckpointRequest& request : *message.mutable_requests()) {
      const size_t own = std::min(request.ByteSizeLong(), bytes);
      absl::Status permitted = RpcRights::Find(*request.GetDescriptor())->Check(access_, request);
      if (permitted.ok()) permitted = access_.Take(own);
      items.push_back({next_item_++, own, request.parent(),
                       permitted.ok() ? ParseCreate(repository_, request) : absl::StatusOr<ParsedCreate>(permitted)});
      bytes -= own;
    }
    if (!items.empty()) items.back().bytes += bytes;  // together they return what is held
    return absl::OkStatus();
  }

  // The stream has nothing else in flight, so no completion would free memory for it later.
  absl::Status Hold(size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const absl::Status room = unanswered_ == 0 ? share_->Check() : absl::OkStatus();
    return room.ok() ? share_->Add(bytes) : room;
  }

  // The lock is not held, since the answer may arrive at once. The stream lives as long as items are running.
  void Start(Item item) {
    if (!item.create.ok()) return End(item.number, item.bytes, item.parent, item.create.status());
    SubmitCreate(repository_, *std::move(item.create),
                 [this, number = item.number, bytes = item.bytes, parent = std::move(item.parent)](
                     absl::StatusOr<CreateResult> outcome) { End(number, bytes, parent, std::move(outcome)); });
  }

  void End(int64_t number, size_t bytes, const std::string& parent, absl::StatusOr<CreateResult> outcome) {
    std::shared_ptr<Item> startable;
    {
      const absl::MutexLock lock(&mutex_);
      if (!broken_) answers_.push_back({number, bytes, std::move(outcome)});
      const auto lane = lanes_.find(parent);
      if (lane->second.empty() || broken_) {
        lanes_.erase(lane);
        --running_;
      } else {
        startable = std::make_shared<Item>(std::move(lane->second.front()));
        lane->second.pop_front();
      }
      Continue();
    }
    if (startable == nullptr) return;
    // Not done here: the store's completion thread must serve others.
    repository_.RunLater([this, startable] { Start(std::move(*startable)); });
  }

  // The client is gone, so there is nothing to answer.
  void Break() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    broken_ = true;
    answers_.clear();
  }

  // Starts every operation that can be started. Finish comes last, and only when no item of this stream is in the
  // store.
  void Continue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (finished_) return;
    if (!writing_ && !answers_.empty()) Write();
    if (!reading_ && !taking_ && !read_all_ && refusal_.ok() && !broken_ && !draining_ &&
        unanswered_ < CheckpointPushes::kMaxUnanswered && unanswered_bytes_ < CheckpointPushes::kMaxUnansweredBytes &&
        (unanswered_ == 0 || share_->Check().ok())) {
      reading_ = true;
      StartRead(&bytes_);
    }
    if (running_ > 0 || writing_ || taking_) return;
    if (broken_) return End(CallCancelled("the client disconnected"));
    if (unanswered_ > 0) return;
    if (!refusal_.ok()) return End(refusal_);
    if (read_all_) return End(absl::OkStatus());
    if (draining_)
      return End(
          MakeError(absl::StatusCode::kUnavailable, ErrorReason::kServerDraining, "the server is shutting down"));
  }

  void End(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    finished_ = true;
    Finish(ToGrpcStatus(status));
  }

  // Answers everything that has completed since the last response; one sync completes dozens.
  void Write() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    response_.Clear();
    written_bytes_ = 0;
    for (const Answer& answer : answers_) {
      Fill(answer, *response_.add_acknowledgements());
      written_bytes_ += answer.bytes;
    }
    answers_.clear();
    writing_ = true;
    share_->BeginTaking(end_untaken_);
    StartWrite(&response_);
  }

  void Fill(const Answer& answer, v1::StreamCheckpointsResponse::Acknowledgement& acknowledgement)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    stored_.Clear();
    acknowledgement.set_item(answer.number);
    absl::Status status = answer.outcome.status();
    if (status.ok()) {
      stored_.set_vcpu_count(answer.outcome->summary.vcpu_count);
      stored_.set_register_count(answer.outcome->register_count);
      status = FillCreateResponse(*answer.outcome, stored_);
    }
    if (!status.ok()) {
      *acknowledgement.mutable_error() = ToGoogleRpcStatus(status);
      return;
    }
    v1::Checkpoint& checkpoint = *acknowledgement.mutable_checkpoint();
    checkpoint.set_name(std::move(*stored_.mutable_name()));
    checkpoint.set_version(stored_.version());
    if (stored_.has_create_time()) *checkpoint.mutable_create_time() = stored_.create_time();
    checkpoint.set_vcpu_count(stored_.vcpu_count());
    checkpoint.set_register_count(stored_.register_count());
  }

  // A larger message would delay the calls of all clients while a gRPC thread decodes it.
  static constexpr size_t kLargeMessage = size_t{256} << 10;
  // The size of a message with one vCPU of a thousand registers.
  static constexpr size_t kFirstBlockBytes = size_t{32} << 10;

  CheckpointPushes& pushes_;
  CheckpointRepository& repository_;
  const std::string connection_;
  const std::function<void()> end_untaken_;
  const Access access_;
  CallWorkers& workers_;
  // The memory of this stream and of its unanswered requests; null if none is left. Never changes.
  std::shared_ptr<MemoryBudget::Share> share_;

  absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_);
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  // A message was read and is not in lanes_ yet.
  bool taking_ ABSL_GUARDED_BY(mutex_) = false;
  bool read_all_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  int unanswered_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t unanswered_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t written_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // The number of lanes; each has one item in the store, or about to enter it.
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  // By parent: the requests that wait for the running one.
  absl::flat_hash_map<std::string, std::list<Item>> lanes_ ABSL_GUARDED_BY(mutex_);
  // The error of a message as a whole, which ends the stream.
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);
  std::vector<Answer> answers_ ABSL_GUARDED_BY(mutex_);
  v1::StreamCheckpointsResponse response_ ABSL_GUARDED_BY(mutex_);
  v1::Checkpoint stored_ ABSL_GUARDED_BY(mutex_);

  // The buffer of the current read or of Take.
  grpc::ByteBuffer bytes_;
  int64_t next_item_ = 0;
};

CheckpointPushes::Reactor* CheckpointPushes::Open(const std::string& connection, std::function<void()> end_untaken,
                                                  Access access) {
  const absl::MutexLock lock(&mutex_);
  // The stream deletes itself in OnDone.
  return *streams_
              .insert(new PushStream(*this, repository_, connection, std::move(end_untaken), std::move(access),
                                     workers_, draining_))
              .first;
}

void CheckpointPushes::Drain() {
  const absl::MutexLock lock(&mutex_);
  draining_ = true;
  for (PushStream* const stream : streams_) stream->Drain();
}

void CheckpointPushes::Remove(PushStream* stream) {
  const absl::MutexLock lock(&mutex_);
  streams_.erase(stream);
}

}  // namespace armstate
