// Watcher is one call of WatchCheckpoints.
#ifndef ARMSTATE_SERVER_WATCH_WATCHER_H_
#define ARMSTATE_SERVER_WATCH_WATCHER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "armstate/v1/checkpoint_watch.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/memory_budget.h"
#include "server/security/access_control.h"
#include "server/watch/event_window.h"

namespace armstate {

// Holds few events: whatever the client has not accepted yet stays in the store's log. Thread-safe. Neither reads nor
// blocks, since it runs on gRPC's threads.
class Watcher final : public grpc::ServerWriteReactor<v1::CheckpointEvent> {
 public:
  // `vm` is empty for all VMs that the caller may read. Delivers the events after `position`. `on_change` is called
  // when the watcher may be ready for more events; `on_done` when the call has ended, after which neither gRPC nor the
  // watcher uses the other. `share` is the memory of the call.
  Watcher(grpc::CallbackServerContext& context, std::shared_ptr<MemoryBudget::Share> share, uint64_t log_id,
          std::string vm, Access access, uint64_t position, std::function<void()> on_change,
          std::function<void(Watcher*)> on_done)
      : context_(context),
        share_(std::move(share)),
        log_id_(log_id),
        vm_(std::move(vm)),
        access_(std::move(access)),
        on_change_(std::move(on_change)),
        on_done_(std::move(on_done)),
        position_(position),
        last_delivered_(position) {}

  // Returns the event after which the watcher wants more. Unset until the client has accepted the previous ones.
  absl::optional<uint64_t> Wants() const;
  // Takes the answer of EventWindow::Read; an error ends the call. Returns true if the watcher may want more right
  // away.
  bool Give(const absl::StatusOr<WatchedEvents>& events);

  // Ends the call if the client has not accepted a message since before `deadline`. Drops the connection if the client
  // does not react to the end of the call either.
  void EndIfStalled(absl::Time deadline);
  // Ends the call with this status.
  void End(const absl::Status& status);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  using Message = std::shared_ptr<const v1::CheckpointEvent>;

  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishOnce(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddProgress() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddEvents(const WatchedEvents& events) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::CallbackServerContext& context_;
  const std::shared_ptr<MemoryBudget::Share> share_;
  const uint64_t log_id_;
  const std::string vm_;
  const Access access_;
  const std::function<void()> on_change_;
  const std::function<void(Watcher*)> on_done_;

  mutable absl::Mutex mutex_;
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;  // the first answer of the log has arrived
  uint64_t position_ ABSL_GUARDED_BY(mutex_);   // the last event that was given to the watcher
  // The last event whose number the client will know from its messages.
  uint64_t last_delivered_ ABSL_GUARDED_BY(mutex_);
  std::deque<Message> messages_ ABSL_GUARDED_BY(mutex_);  // the first message is being written
  absl::Time write_begin_ ABSL_GUARDED_BY(mutex_);
  absl::optional<absl::Time> finished_ ABSL_GUARDED_BY(mutex_);
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_WATCH_WATCHER_H_
