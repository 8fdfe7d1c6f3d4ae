#include "server/watch/checkpoint_watches.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "proto/resource_names.h"
#include "proto/status_conversion.h"
#include "server/invalid_field.h"
#include "server/watch/resume_token.h"

namespace armstate {
namespace {

constexpr char kAllVms[] = "vms/-";

struct Watched {
  std::string vm;  // empty: all
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
  watched.after = request.from_oldest() ? range.oldest - 1 : range.newest;
  if (request.resume_token().empty()) return watched;
  const absl::StatusOr<uint64_t> after = DecodeResumeToken(range.log_id, request.resume_token());
  if (!after.ok()) return after.status();
  watched.after = *after;
  // So that a token that does not fit is answered at once.
  if (absl::Status status = store.ReadEvents(*after, 1).status(); !status.ok()) return status;
  return watched;
}

// A call that ends at once.
class Ended final : public grpc::ServerWriteReactor<v1::CheckpointEvent> {
 public:
  explicit Ended(const absl::Status& status) { Finish(ToGrpcStatus(status)); }
  void OnDone() override { delete this; }
};

absl::Status GoingAway() {
  return absl::UnavailableError("the server is going away; watch again with the last resume_token");
}

}  // namespace

CheckpointWatches::CheckpointWatches(CheckpointStore& store, absl::Duration patience)
    : store_(store), patience_(patience) {
  subscription_ = store_.SubscribeToEvents([this](uint64_t) { OnEvents(); });
  thread_ = std::thread([this] { Run(); });
}

CheckpointWatches::~CheckpointWatches() {
  subscription_.reset();
  {
    const std::lock_guard<std::mutex> lock(wake_mutex_);
    stopped_ = true;
    woken_.notify_all();
  }
  thread_.join();
}

grpc::ServerWriteReactor<v1::CheckpointEvent>* CheckpointWatches::Watch(grpc::CallbackServerContext& context,
                                                                        const v1::WatchCheckpointsRequest& request) {
  absl::StatusOr<Watched> watched = CheckRequest(request, store_);
  if (!watched.ok()) return new Ended(watched.status());
  const std::lock_guard<std::mutex> lock(watchers_mutex_);
  if (ended_) return new Ended(GoingAway());
  is_watched_ = true;
  auto* const watcher = new Watcher(
      context, store_, std::move(watched->vm), watched->after, [this] { Wake(); },
      [this](Watcher* done) {
        {
          const std::lock_guard<std::mutex> inner_lock(watchers_mutex_);
          watchers_.erase(done);
          is_watched_ = !watchers_.empty();
        }
        delete done;
      });
  watchers_.insert(watcher);
  Wake();  // there may be events that came before it was known that somebody watches
  return watcher;
}

void CheckpointWatches::EndAll() {
  const std::lock_guard<std::mutex> lock(watchers_mutex_);
  ended_ = true;
  for (Watcher* const watcher : watchers_) watcher->End(GoingAway());
}

void CheckpointWatches::OnEvents() {
  if (is_watched_) Wake();
}

void CheckpointWatches::Wake() {
  const std::lock_guard<std::mutex> lock(wake_mutex_);
  has_news_ = true;
  woken_.notify_all();
}

void CheckpointWatches::Run() {
  const auto interval = absl::ToChronoMilliseconds(std::min(patience_, absl::Seconds(1)));
  while (true) {
    {
      std::unique_lock<std::mutex> lock(wake_mutex_);
      woken_.wait_for(lock, interval, [this] { return has_news_ || stopped_; });
      if (stopped_) return;
      has_news_ = false;
    }
    if (Visit()) Wake();
  }
}

bool CheckpointWatches::Visit() {
  const std::lock_guard<std::mutex> lock(watchers_mutex_);
  const absl::Time deadline = absl::Now() - patience_;
  bool more = false;
  for (Watcher* const watcher : watchers_) {
    watcher->EndIfStalled(deadline);
    more |= watcher->Advance();
  }
  return more;
}

}  // namespace armstate
