// ArenaMessages allocates the requests and responses of an RPC on arenas that are reused.
#ifndef ARMSTATE_SERVER_RPC_ARENA_MESSAGES_H_
#define ARMSTATE_SERVER_RPC_ARENA_MESSAGES_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "google/protobuf/arena.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/message_allocator.h"

namespace armstate {

// Example:
//   ArenaMessages<v1::GetCheckpointRequest, v1::Checkpoint> messages;
//   OnRead(pool_of, &Service::Get, messages);  // of DecodedService; they must outlive the server
//
// Saves most of the allocations for a message with many parts. Long strings (register values) remain on the heap, so
// that they can be moved out of a message without a copy. Thread-safe.
template <typename Request, typename Response>
class ArenaMessages final : public grpc::MessageAllocator<Request, Response> {
 public:
  grpc::MessageHolder<Request, Response>* AllocateMessages() override {
    std::unique_ptr<Holder> holder;
    {
      absl::MutexLock lock(&mutex_);
      if (!free_.empty()) {
        holder = std::move(free_.back());
        free_.pop_back();
      }
    }
    if (holder == nullptr) holder = std::make_unique<Holder>(*this);
    holder->Begin();
    return holder.release();  // returned by Release
  }

  // Returns the mutable request of a running call of an RPC that uses this allocator; gRPC only provides it as const.
  static Request& MutableRequest(grpc::CallbackServerContext& context) {
    return *static_cast<Holder*>(context.GetRpcAllocatorState())->request();
  }

 private:
  // The part of each arena that needs no further heap memory: enough for a request of one vCPU with some hundred
  // registers.
  static constexpr size_t kBlockBytes = size_t{8} << 10;
  // The usual number of concurrent calls; further ones allocate and free their memory.
  static constexpr size_t kMaxFree = 128;

  class Holder final : public grpc::MessageHolder<Request, Response> {
   public:
    explicit Holder(ArenaMessages& owner) : owner_(owner), arena_(block_, sizeof(block_)) {}

    void Begin() {
      this->set_request(google::protobuf::Arena::CreateMessage<Request>(&arena_));
      this->set_response(google::protobuf::Arena::CreateMessage<Response>(&arena_));
    }

    // Also frees the response, which a call without a request does not use.
    void FreeRequest() override {
      arena_.Reset();
      Begin();
    }

    void Release() override {
      arena_.Reset();
      owner_.TakeBack(std::unique_ptr<Holder>(this));
    }

   private:
    ArenaMessages& owner_;
    alignas(8) char block_[kBlockBytes];
    google::protobuf::Arena arena_;
  };

  void TakeBack(std::unique_ptr<Holder> holder) {
    absl::MutexLock lock(&mutex_);
    if (free_.size() < kMaxFree) free_.push_back(std::move(holder));
  }

  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Holder>> free_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_ARENA_MESSAGES_H_
