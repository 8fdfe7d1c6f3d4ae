// One call of WatchCheckpoints.
#ifndef ARMSTATE_SERVER_WATCH_WATCHER_H_
#define ARMSTATE_SERVER_WATCH_WATCHER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "armstate/v1/checkpoint_watch.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "storage/checkpoint_store.h"

namespace armstate {

// Holds few events: what the client has not taken yet stays in the store's log. Thread-safe.
class Watcher final : public grpc::ServerWriteReactor<v1::CheckpointEvent> {
 public:
  // `vm` is empty for all VMs. Events after `position` are told. `on_change` is called when there may be something to
  // do for it; `on_done` once, as the last thing.
  Watcher(grpc::CallbackServerContext& context, CheckpointStore& store, std::string vm, uint64_t position,
          std::function<void()> on_change, std::function<void(Watcher*)> on_done);

  // Reads on in the log if the client has taken what was read before. True if there may be more at once.
  bool Advance();
  // Ends the call if the client has not taken a message since before `deadline`, and if that does not reach it, drops
  // it.
  void EndIfStalled(absl::Time deadline);
  // Ends the call.
  void End(const absl::Status& status);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override { on_done_(this); }

 private:
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishOnce(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddEvents(const EventPage& page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::CallbackServerContext& context_;
  CheckpointStore& store_;
  const uint64_t log_id_;
  const std::string vm_;
  const std::function<void()> on_change_;
  const std::function<void(Watcher*)> on_done_;

  std::mutex mutex_;
  uint64_t position_ ABSL_GUARDED_BY(mutex_);  // read up to here
  uint64_t told_ ABSL_GUARDED_BY(mutex_);      // of what is read, the client will know so far from its messages
  std::deque<v1::CheckpointEvent> messages_ ABSL_GUARDED_BY(mutex_);  // the first one is being written
  absl::Time write_begin_ ABSL_GUARDED_BY(mutex_);
  absl::optional<absl::Time> finished_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_WATCH_WATCHER_H_
