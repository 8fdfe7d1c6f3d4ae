#include "server/search/index_follower.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/error.h"
#include "server/checkpoints/scheme.h"
#include "server/checkpoints/stored_checkpoint_conversion.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

constexpr size_t kVmsPerPage = 1000;
constexpr size_t kEventsPerPage = 4096;
// The maximum delay of events while no search waits: a VM that changes continuously is read once per interval. Also the
// pause after the store failed to answer.
constexpr absl::Duration kPatience = absl::Seconds(1);
constexpr absl::Duration kRetry = absl::Seconds(1);
// Poll interval at which a waiting caller's `stop` is checked.
constexpr absl::Duration kStopCheckInterval = absl::Milliseconds(20);

}  // namespace

IndexFollower::IndexFollower(CheckpointStore& store, CheckpointRepository& checkpoints, const ProfileRegistry& profiles,
                             SearchIndex& index)
    : store_(store), checkpoints_(checkpoints), profiles_(profiles), index_(index) {
  subscription_ = store_.SubscribeToEvents([this](uint64_t newest) {
    absl::MutexLock lock(&mutex_);
    // Otherwise the thread is busy or waits for more events.
    const bool is_first = newest_ <= position_;
    newest_ = std::max(newest_, newest);
    if (is_first) changed_.SignalAll();
  });
  thread_ = std::thread([this] { Run(); });
}

IndexFollower::~IndexFollower() {
  subscription_.reset();
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

absl::Status IndexFollower::CatchUp(const StopCheck& stop) {
  const uint64_t wanted = store_.events().newest;
  absl::MutexLock lock(&mutex_);
  if (!ready_) {
    return MakeError(absl::StatusCode::kUnavailable, ErrorReason::kIndexBuilding,
                     absl::StrCat("the server has just started and is indexing its checkpoints: ", index_.vm_count(),
                                  " VMs so far; try again in a few seconds"),
                     {{"done_vms", absl::StrCat(index_.vm_count())}});
  }
  newest_ = std::max(newest_, wanted);  // the listener may not have been notified yet
  absl::Status status;
  ++waiting_;
  while (position_ < wanted && status.ok()) {
    changed_.SignalAll();
    changed_.WaitWithTimeout(&mutex_, kStopCheckInterval);
    status = stop();
  }
  --waiting_;
  return status;
}

void IndexFollower::Run() {
  while (!stopped() && !ReadAllVms()) WaitForStore();
  while (!stopped()) {
    WaitForEvents();
    if (!stopped() && !ReadEvents()) WaitForStore();
  }
}

bool IndexFollower::ReadAllVms() {
  // Changes that happen while the VMs are read are read again afterwards.
  const uint64_t position = store_.events().newest;
  std::set<std::string> gone;
  for (std::string& vm : index_.VmNames()) gone.insert(std::move(vm));
  std::string cursor;
  do {
    const absl::StatusOr<VmPage> page = store_.ListVms(cursor, kVmsPerPage);
    if (!page.ok()) return false;
    for (const ListedVm& listed : page->vms) {
      if (stopped() || !ReadVm(listed.vm)) return false;
      gone.erase(listed.vm);
    }
    cursor = page->next_cursor;
  } while (!cursor.empty());
  for (const std::string& vm : gone) index_.Remove(vm);
  SetPosition(position);
  return true;
}

bool IndexFollower::ReadEvents() {
  uint64_t position = 0;
  {
    absl::MutexLock lock(&mutex_);
    position = position_;
  }
  const uint64_t newest = store_.events().newest;
  // Collect all events first: a VM is then read once, however often it changed.
  std::set<std::string> changed;
  while (position < newest && !stopped()) {
    const absl::StatusOr<EventPage> page = store_.ReadEvents(position, kEventsPerPage);
    // More events arrived than the store retains.
    if (absl::IsOutOfRange(page.status())) return ReadAllVms();
    if (absl::IsDataLoss(page.status())) {
      spdlog::warn("search: {}; all VMs are read instead", std::string(page.status().message()));
      return ReadAllVms();
    }
    if (!page.ok()) return false;
    if (page->events.empty()) break;
    for (const CheckpointEvent& event : page->events) changed.insert(event.vm);
    position = page->events.back().sequence;
  }
  for (const std::string& vm : changed) {
    if (stopped() || !ReadVm(vm)) return false;
  }
  SetPosition(position);
  return true;
}

bool IndexFollower::ReadVm(const std::string& vm) {
  const absl::StatusOr<StoredCheckpoint> stored = checkpoints_.Get(vm, absl::nullopt);
  const absl::StatusOr<v1::Checkpoint> basic = BasicView(vm, stored);
  if (!basic.ok()) {
    if (!absl::IsDataLoss(basic.status()) && !absl::IsNotFound(basic.status())) return false;
    index_.Remove(vm);
    if (absl::IsDataLoss(basic.status())) index_.PutDamaged(vm, std::string(basic.status().message()));
    return true;
  }
  const absl::optional<IdScheme> scheme = SchemeOf(basic->source(), profiles_);
  if (!scheme) {
    index_.Remove(vm);
    index_.PutDamaged(vm, SchemeUnknown(*basic));
    return true;
  }
  std::vector<SearchIndex::Vcpu> vcpus;
  for (const VcpuRecord& vcpu : stored->vcpus) vcpus.push_back({vcpu.vcpu_index, &vcpu.registers});
  index_.Put(IndexedMetadataOf(vm, *basic, *scheme), vcpus);
  return true;
}

bool IndexFollower::stopped() const {
  absl::MutexLock lock(&mutex_);
  return stopped_;
}

void IndexFollower::SetPosition(uint64_t position) {
  absl::MutexLock lock(&mutex_);
  position_ = position;
  ready_ = true;
  changed_.SignalAll();
}

void IndexFollower::WaitForEvents() {
  absl::MutexLock lock(&mutex_);
  while (!stopped_ && newest_ <= position_) changed_.Wait(&mutex_);
  const absl::Time deadline = absl::Now() + kPatience;
  while (!stopped_ && waiting_ == 0 && !changed_.WaitWithDeadline(&mutex_, deadline)) {
  }
}

void IndexFollower::WaitForStore() {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&stopped_), kRetry);
}

}  // namespace armstate
