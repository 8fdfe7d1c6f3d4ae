#include "server/retention/sweeper.h"

#include <string>
#include <utility>

#include "spdlog/spdlog.h"

namespace armstate {
namespace {

constexpr size_t kVmsPerPage = 1000;

}  // namespace

RetentionSweeper::RetentionSweeper(CheckpointRepository& checkpoints, RestoreHistory& history, Options options)
    : checkpoints_(checkpoints), history_(history), options_(std::move(options)), thread_([this] { Loop(); }) {}

void RetentionSweeper::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

bool RetentionSweeper::stopped() const {
  absl::MutexLock lock(&mutex_);
  return stopped_;
}

void RetentionSweeper::Loop() {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopped_), options_.interval)) return;
    }
    const absl::StatusOr<int64_t> removed = Sweep();
    if (absl::IsCancelled(removed.status())) return;
    if (!removed.ok()) spdlog::warn("retention: {}", std::string(removed.status().message()));
    if (removed.ok() && *removed > 0) spdlog::info("retention: removed {} checkpoints", *removed);
  }
}

absl::StatusOr<int64_t> RetentionSweeper::Sweep() {
  int64_t removed = 0;
  std::string cursor;
  do {
    if (stopped()) return absl::CancelledError("stopped");
    const absl::StatusOr<VmPage> page = checkpoints_.ListVms(cursor, kVmsPerPage);
    if (!page.ok()) return page.status();
    for (const ListedVm& listed : page->vms) {
      const absl::StatusOr<int64_t> of_vm =
          listed.info.ok() ? SweepVm(*listed.info) : absl::StatusOr<int64_t>(listed.info.status());
      if (of_vm.ok()) {
        removed += *of_vm;
      } else if (absl::IsDataLoss(of_vm.status())) {  // the other VMs are still swept
        spdlog::warn("retention: {}", std::string(of_vm.status().message()));
      } else {
        return of_vm.status();
      }
    }
    cursor = page->next_cursor;
  } while (!cursor.empty());
  if (absl::Status status = history_.Prune("", [this] { return stopped(); }); !status.ok()) return status;
  return removed;
}

absl::StatusOr<int64_t> RetentionSweeper::SweepVm(const VmInfo& info) {
  if (!MayHaveWork(info)) return 0;
  const absl::StatusOr<int64_t> removed = checkpoints_.ApplyRetention(info.vm, [this] { return stopped(); });
  // The VM was deleted in the meantime.
  if (absl::IsNotFound(removed.status())) return 0;
  return removed;
}

// ApplyRetention decides; this check keeps the commit queue idle while there is nothing to delete.
bool RetentionSweeper::MayHaveWork(const VmInfo& info) {
  const Retention& retention = info.retention;
  const int64_t next = info.swept_version + 1;
  if (!retention.enabled() || next >= info.latest_kept_version) return false;
  if (retention.keep_last > 0 && next > info.last_version - retention.keep_last) return false;
  if (retention.keep_for <= absl::ZeroDuration()) return true;
  const absl::StatusOr<CheckpointPage> oldest = checkpoints_.List(info.vm, info.swept_version, 1);
  if (!oldest.ok() || oldest->checkpoints.empty() || !oldest->checkpoints.front().summary.ok()) return true;
  return options_.clock() - oldest->checkpoints.front().summary->create_time >= retention.keep_for;
}

}  // namespace armstate
