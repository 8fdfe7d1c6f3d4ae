#include "server/watch/checkpoint_watches.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "core/error.h"
#include "proto/resource_names.h"
#include "proto/status_conversion.h"
#include "server/rpc/connection.h"
#include "server/rpc/invalid_field.h"
#include "server/watch/event_messages.h"
#include "server/watch/resume_token.h"

namespace armstate {
namespace {

constexpr char kAllVms[] = "vms/-";

struct Watched {
  std::string vm;  // empty for all VMs
  uint64_t log_id = 0;
  uint64_t after = 0;
};

absl::StatusOr<Watched> CheckRequest(const v1::WatchCheckpointsRequest& request, CheckpointStore& store) {
  Watched watched;
  if (request.parent() != kAllVms) {
    absl::StatusOr<std::string> vm = ParseVmName(request.parent());
    if (!vm.ok()) return vm.status();
    watched.vm = *std::move(vm);
  }
  if (!request.resume_token().empty() && request.from_oldest()) {
    return InvalidField("from_oldest", "and resume_token are both set");
  }
  const EventRange range = store.events();
  watched.log_id = range.log_id;
  watched.after = request.from_oldest() ? range.oldest - 1 : range.newest;
  if (request.resume_token().empty()) return watched;
  const absl::StatusOr<uint64_t> after = DecodeResumeToken(range.log_id, request.resume_token());
  if (!after.ok()) return after.status();
  watched.after = *after;
  return watched;
}

// A call that ends immediately.
class Ended final : public grpc::ServerWriteReactor<v1::CheckpointEvent> {
 public:
  explicit Ended(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

absl::Status GoingAway() {
  return MakeError(absl::StatusCode::kUnavailable, ErrorReason::kServerDraining,
                   "the server is shutting down; watch again with the last resume_token");
}

}  // namespace

CheckpointWatches::CheckpointWatches(CheckpointStore& store, MemoryBudget& memory, absl::Duration patience)
    : store_(store), memory_(memory), patience_(patience), window_(store) {
  subscription_ = store_.SubscribeToEvents([this](uint64_t) { OnEvents(); });
  thread_ = std::thread([this] { Run(); });
}

CheckpointWatches::~CheckpointWatches() {
  subscription_.reset();
  {
    absl::MutexLock lock(&wake_mutex_);
    stopped_ = true;
  }
  thread_.join();
}

grpc::ServerWriteReactor<v1::CheckpointEvent>* CheckpointWatches::Watch(grpc::CallbackServerContext& context,
                                                                        const v1::WatchCheckpointsRequest& request,
                                                                        Access access) {
  absl::StatusOr<Watched> watched = CheckRequest(request, store_);
  if (!watched.ok()) return new Ended(watched.status());
  absl::StatusOr<std::shared_ptr<MemoryBudget::Share>> share =
      memory_.TakeLasting(ConnectionOf(context), sizeof(Watcher));
  if (!share.ok()) return new Ended(share.status());
  const auto watcher = std::make_shared<Watcher>(
      context, *std::move(share), watched->log_id, std::move(watched->vm), std::move(access), watched->after,
      [this] { Wake(); }, [this](Watcher* done) { Remove(done); });
  {
    absl::MutexLock lock(&watchers_mutex_);
    if (ended_) return new Ended(GoingAway());
    is_watched_ = true;
    watchers_.emplace(watcher.get(), watcher);
  }
  Wake();
  return watcher.get();
}

void CheckpointWatches::Remove(Watcher* watcher) {
  absl::MutexLock lock(&watchers_mutex_);
  watchers_.erase(watcher);
  is_watched_ = !watchers_.empty();
}

void CheckpointWatches::EndAll() {
  {
    absl::MutexLock lock(&watchers_mutex_);
    ended_ = true;
  }
  for (const std::shared_ptr<Watcher>& watcher : Watchers()) watcher->End(GoingAway());
}

void CheckpointWatches::OnEvents() {
  if (is_watched_) Wake();
}

void CheckpointWatches::Wake() {
  absl::MutexLock lock(&wake_mutex_);
  has_news_ = true;
}

void CheckpointWatches::Run() {
  const absl::Duration interval = std::min(patience_, absl::Seconds(1));
  while (true) {
    {
      absl::MutexLock lock(&wake_mutex_);
      wake_mutex_.AwaitWithTimeout(absl::Condition(this, &CheckpointWatches::HasNews), interval);
      if (stopped_) return;
      has_news_ = false;
    }
    if (Visit()) Wake();
  }
}

std::vector<std::shared_ptr<Watcher>> CheckpointWatches::Watchers() {
  std::vector<std::shared_ptr<Watcher>> watchers;
  absl::MutexLock lock(&watchers_mutex_);
  for (const auto& [watcher, kept] : watchers_) watchers.push_back(kept);
  return watchers;
}

bool CheckpointWatches::Visit() {
  const absl::Time deadline = absl::Now() - patience_;
  bool more = false;
  for (const std::shared_ptr<Watcher>& watcher : Watchers()) {
    watcher->EndIfStalled(deadline);
    if (const absl::optional<uint64_t> after = watcher->Wants()) more |= watcher->Give(window_.Read(*after));
  }
  return more;
}

}  // namespace armstate
