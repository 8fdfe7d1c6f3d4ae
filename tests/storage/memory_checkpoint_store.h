// A CheckpointStore that is a few maps: what the contract means, without an engine. For tests.
#ifndef ARMSTATE_TESTS_STORAGE_MEMORY_CHECKPOINT_STORE_H_
#define ARMSTATE_TESTS_STORAGE_MEMORY_CHECKPOINT_STORE_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "storage/checkpoint_store.h"
#include "storage/storage_errors.h"

namespace armstate {

// Thread-safe. Answers CommitAsync before it returns, and tells listeners after that.
class MemoryCheckpointStore final : public CheckpointStore {
 public:
  explicit MemoryCheckpointStore(uint64_t kept_events = 1000000) : kept_events_(kept_events) {}

  void CommitAsync(CommitRequest request, CommitCallback done) override {
    done(DoCommit(request));
    Notify();
  }

  absl::StatusOr<StoredRecord> Get(absl::string_view vm, int64_t version) override {
    std::lock_guard<std::mutex> lock(mutex_);
    Vm* const found = Find(vm);
    if (found == nullptr) return VmNotFound(vm);
    const auto it = found->versions.find(version);
    if (it == found->versions.end()) return CheckpointNotFound(vm, version);
    return it->second.stored;
  }

  absl::StatusOr<StoredRecord> GetLatest(absl::string_view vm) override {
    std::lock_guard<std::mutex> lock(mutex_);
    Vm* const found = Find(vm);
    if (found == nullptr) return VmNotFound(vm);
    if (found->versions.empty()) return NoCheckpointKept(vm);
    return found->versions.rbegin()->second.stored;
  }

  absl::StatusOr<std::string> GetBase(absl::string_view vm, int64_t version) override {
    std::lock_guard<std::mutex> lock(mutex_);
    Vm* const found = Find(vm);
    if (found == nullptr || found->bases.count(version) == 0) return CheckpointNotFound(vm, version);
    return found->bases[version];
  }

  absl::StatusOr<VmInfo> GetVm(absl::string_view vm) override {
    std::lock_guard<std::mutex> lock(mutex_);
    Vm* const found = Find(vm);
    if (found == nullptr) return VmNotFound(vm);
    return Info(*found);
  }

  absl::StatusOr<RecordPage> List(absl::string_view vm, int64_t after, size_t limit) override {
    std::lock_guard<std::mutex> lock(mutex_);
    Vm* const found = Find(vm);
    if (found == nullptr) return VmNotFound(vm);
    RecordPage page;
    size_t bytes = 0;
    for (auto it = found->versions.upper_bound(after); it != found->versions.end(); ++it) {
      bytes += it->second.stored.record.size();
      page.more = !page.records.empty() && (page.records.size() >= limit || bytes > kMaxPageBytes);
      if (page.more) break;
      page.records.push_back({it->first, it->second.stored});
    }
    return page;
  }

  absl::StatusOr<VmPage> ListVms(absl::string_view cursor, size_t limit) override {
    std::lock_guard<std::mutex> lock(mutex_);
    VmPage page;
    for (auto it = vms_.lower_bound(std::string(cursor)); it != vms_.end(); ++it) {
      if (page.vms.size() >= std::max<size_t>(limit, 1)) {
        page.next_cursor = it->first;
        break;
      }
      page.vms.push_back({it->first, Info(it->second)});
    }
    return page;
  }

  absl::Status Delete(absl::string_view vm, int64_t version, absl::Time now) override {
    const Notifier notifier(*this);
    std::lock_guard<std::mutex> lock(mutex_);
    Vm* const found = Find(vm);
    if (found == nullptr) return VmNotFound(vm);
    const auto it = found->versions.find(version);
    if (it == found->versions.end()) return CheckpointNotFound(vm, version);
    if (it->second.stored.is_protected) return CheckpointProtected(vm, version);
    found->versions.erase(it);
    AddEvent(CheckpointEventKind::kDeleted, found->info, version, now);
    AfterRemoval(*found, now);
    return absl::OkStatus();
  }

  absl::Status DeleteVm(absl::string_view vm, ProtectedVersions protected_versions, absl::Time now) override {
    const Notifier notifier(*this);
    std::lock_guard<std::mutex> lock(mutex_);
    Vm* const found = Find(vm);
    if (found == nullptr) return VmNotFound(vm);
    if (protected_versions == ProtectedVersions::kRefuse && Info(*found).protected_count > 0) {
      const auto first = std::find_if(found->versions.begin(), found->versions.end(),
                                      [](const auto& version) { return version.second.stored.is_protected; });
      return VmProtected(vm, first->first, Info(*found).protected_count);
    }
    AddEvent(CheckpointEventKind::kVmDeleted, found->info, found->info.last_version, now);
    vms_.erase(std::string(vm));
    return absl::OkStatus();
  }

  absl::StatusOr<VmInfo> SetRetention(absl::string_view vm, const Retention& retention, absl::Time now) override {
    std::lock_guard<std::mutex> lock(mutex_);
    Vm* const found = Find(vm);
    if (found == nullptr) return VmNotFound(vm);
    found->info.retention = retention;
    found->info.update_time = now;
    return Info(*found);
  }

  absl::Status SetProtected(absl::string_view vm, int64_t version, bool is_protected) override {
    std::lock_guard<std::mutex> lock(mutex_);
    Vm* const found = Find(vm);
    if (found == nullptr) return VmNotFound(vm);
    const auto it = found->versions.find(version);
    if (it == found->versions.end()) return CheckpointNotFound(vm, version);
    it->second.stored.is_protected = is_protected;
    return absl::OkStatus();
  }

  absl::StatusOr<RetentionSweep> ApplyRetention(absl::string_view vm, absl::Time now) override {
    const Notifier notifier(*this);
    std::lock_guard<std::mutex> lock(mutex_);
    Vm* const found = Find(vm);
    if (found == nullptr) return VmNotFound(vm);
    return RetentionSweep{Sweep(*found, now), true};
  }

  absl::StatusOr<EventPage> ReadEvents(uint64_t after, size_t limit) override {
    std::lock_guard<std::mutex> lock(mutex_);
    if (absl::Status status = CheckEventPosition(after, range_); !status.ok()) return status;
    EventPage page;
    page.newest = range_.newest;
    for (auto it = events_.upper_bound(after); it != events_.end(); ++it) {
      if (page.events.size() >= std::max<size_t>(limit, 1)) break;
      page.events.push_back(it->second);
    }
    return page;
  }

  EventRange events() override {
    std::lock_guard<std::mutex> lock(mutex_);
    return range_;
  }

  std::unique_ptr<EventSubscription> SubscribeToEvents(EventListener listener) override {
    return listeners_.Add(std::move(listener));
  }

  absl::StatusOr<std::string> GetLayout(absl::string_view hash) override {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto it = layouts_.find(std::string(hash));
    if (it == layouts_.end()) return RecordDamaged(LayoutName(hash), "it is missing");
    return it->second;
  }

 private:
  // Private functions but DoCommit and Tell are called with mutex_ held.
  struct Version {
    std::string request_id;
    StoredRecord stored;
  };
  struct Vm {
    VmInfo info;
    std::map<int64_t, Version> versions;
    std::map<int64_t, std::string> bases;
  };

  // Tells the listeners at the end of a call, when the mutex is free.
  class Notifier {
   public:
    explicit Notifier(MemoryCheckpointStore& store) : store_(store) {}
    ~Notifier() { store_.Notify(); }

   private:
    MemoryCheckpointStore& store_;
  };
  void Notify() { listeners_.Notify(events().newest); }

  void AddEvent(CheckpointEventKind kind, const VmInfo& info, int64_t version, absl::Time now) {
    const uint64_t sequence = ++range_.newest;
    events_[sequence] = {sequence, kind, info.vm, info.incarnation, version, now};
    while (events_.size() > kept_events_) events_.erase(events_.begin());
    range_.oldest = events_.begin()->first;
  }

  // What is counted is counted anew each time.
  static VmInfo Info(const Vm& vm) {
    VmInfo info = vm.info;
    for (const auto& [number, version] : vm.versions) {
      info.raw_bytes += version.stored.raw_bytes;
      info.protected_count += version.stored.is_protected;
    }
    return info;
  }

  absl::StatusOr<CommitResult> DoCommit(const CommitRequest& request) {
    std::lock_guard<std::mutex> lock(mutex_);
    Vm* found = Find(request.vm);
    if (request.incarnation && (found == nullptr || found->info.incarnation != *request.incarnation)) {
      return VmNotFound(request.vm);
    }
    if (found != nullptr && !request.request_id.empty()) {
      for (const auto& [version, kept] : found->versions) {
        if (kept.request_id != request.request_id) continue;
        return CommitResult(Committed{version, found->info.incarnation, kept.stored});
      }
    }
    const int64_t last = found == nullptr ? 0 : found->info.last_version;
    if (request.expected_last_version && *request.expected_last_version != last) {
      return CommitResult(CommitConflict{last});
    }
    if (request.base && (found == nullptr || found->info.incarnation != request.base->incarnation ||
                         found->info.base_version != request.base->version || request.base->version == 0 ||
                         last + 1 - request.base->version >= kMaxVersionsPerBase)) {
      return CommitResult(CommitBaseChanged());
    }
    if (found == nullptr) {
      found = &vms_[request.vm];
      found->info.vm = request.vm;
      found->info.incarnation = ++incarnations_;
      found->info.create_time = request.commit_time;
    }
    for (const auto& [hash, bytes] : request.layouts) layouts_[hash] = bytes;
    VmInfo& info = found->info;
    info.last_version = last + 1;
    if (!request.new_base.empty()) {
      found->bases[info.last_version] = request.new_base;
      info.base_version = info.last_version;
    } else if (!request.base) {
      info.base_version = 0;
    }
    found->versions[info.last_version] = {request.request_id,
                                          {info.last_version, info.base_version, request.commit_time, request.raw_bytes,
                                           request.labelled, false, request.record}};
    info.latest_kept_version = info.last_version;
    info.checkpoint_count += 1;
    info.update_time = request.commit_time;
    AddEvent(CheckpointEventKind::kCommitted, info, info.last_version, request.commit_time);
    Sweep(*found, request.commit_time);
    return CommitResult(Committed{info.last_version, info.incarnation, absl::nullopt});
  }

  // All at once. It decides anew about every version each time, so there is no swept_version.
  int64_t Sweep(Vm& vm, absl::Time now) {
    const Retention& retention = vm.info.retention;
    int64_t removed = 0;
    for (auto it = vm.versions.begin(); it != vm.versions.end();) {
      const StoredRecord& stored = it->second.stored;
      const bool kept = !retention.enabled() || stored.is_protected || it->first == vm.info.latest_kept_version ||
                        (retention.keep_last > 0 && it->first > vm.info.last_version - retention.keep_last) ||
                        (retention.keep_for > absl::ZeroDuration() && now - stored.time < retention.keep_for) ||
                        (retention.keep_labelled && stored.labelled);
      removed += !kept;
      if (!kept) AddEvent(CheckpointEventKind::kDeleted, vm.info, it->first, now);
      it = kept ? std::next(it) : vm.versions.erase(it);
    }
    if (removed > 0) AfterRemoval(vm, now);
    return removed;
  }

  static void AfterRemoval(Vm& vm, absl::Time now) {
    for (auto base = vm.bases.begin(); base != vm.bases.end();) {
      const bool needed = std::any_of(vm.versions.begin(), vm.versions.end(), [&](const auto& version) {
        return version.second.stored.base_version == base->first;
      });
      if (!needed && vm.info.base_version == base->first) vm.info.base_version = 0;
      base = needed ? std::next(base) : vm.bases.erase(base);
    }
    vm.info.checkpoint_count = static_cast<int64_t>(vm.versions.size());
    vm.info.latest_kept_version = vm.versions.empty() ? 0 : vm.versions.rbegin()->first;
    vm.info.update_time = now;
  }

  Vm* Find(absl::string_view vm) {
    const auto it = vms_.find(std::string(vm));
    return it == vms_.end() ? nullptr : &it->second;
  }

  // Guards all after it.
  std::mutex mutex_;
  std::map<std::string, Vm> vms_;
  std::map<std::string, std::string> layouts_;
  uint64_t incarnations_ = 0;
  const uint64_t kept_events_;
  std::map<uint64_t, CheckpointEvent> events_;
  EventRange range_{1, 0, 1};
  EventListeners listeners_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_MEMORY_CHECKPOINT_STORE_H_
