// A CheckpointStore that passes every call on: for tests that change what some of them do.
#ifndef ARMSTATE_TESTS_STORAGE_FORWARDING_STORE_H_
#define ARMSTATE_TESTS_STORAGE_FORWARDING_STORE_H_

#include <memory>
#include <string>
#include <utility>

#include "storage/checkpoint_store.h"

namespace armstate {

// Thread-safe.
class ForwardingStore : public CheckpointStore {
 public:
  // The store must outlive it.
  explicit ForwardingStore(CheckpointStore& store) : store_(store) {}

  void CommitAsync(CommitRequest request, CommitCallback done) override {
    store_.CommitAsync(std::move(request), std::move(done));
  }
  absl::StatusOr<StoredRecord> Get(absl::string_view vm, int64_t version) override { return store_.Get(vm, version); }
  absl::StatusOr<StoredRecord> GetLatest(absl::string_view vm) override { return store_.GetLatest(vm); }
  absl::StatusOr<std::string> GetBase(absl::string_view vm, int64_t version) override {
    return store_.GetBase(vm, version);
  }
  absl::StatusOr<VmInfo> GetVm(absl::string_view vm) override { return store_.GetVm(vm); }
  absl::StatusOr<RecordPage> List(absl::string_view vm, int64_t after, size_t limit) override {
    return store_.List(vm, after, limit);
  }
  absl::StatusOr<VmPage> ListVms(absl::string_view cursor, size_t limit) override {
    return store_.ListVms(cursor, limit);
  }
  absl::Status Delete(absl::string_view vm, int64_t version, absl::Time now) override {
    return store_.Delete(vm, version, now);
  }
  absl::Status DeleteVm(absl::string_view vm, ProtectedVersions protected_versions, absl::Time now) override {
    return store_.DeleteVm(vm, protected_versions, now);
  }
  absl::StatusOr<VmInfo> SetRetention(absl::string_view vm, const Retention& retention, absl::Time now) override {
    return store_.SetRetention(vm, retention, now);
  }
  absl::Status SetProtected(absl::string_view vm, int64_t version, bool is_protected) override {
    return store_.SetProtected(vm, version, is_protected);
  }
  absl::StatusOr<RetentionSweep> ApplyRetention(absl::string_view vm, absl::Time now) override {
    return store_.ApplyRetention(vm, now);
  }
  absl::StatusOr<EventPage> ReadEvents(uint64_t after, size_t limit) override {
    return store_.ReadEvents(after, limit);
  }
  EventRange events() override { return store_.events(); }
  std::unique_ptr<EventSubscription> SubscribeToEvents(EventListener listener) override {
    return store_.SubscribeToEvents(std::move(listener));
  }
  absl::StatusOr<std::string> GetLayout(absl::string_view hash) override { return store_.GetLayout(hash); }

 protected:
  CheckpointStore& store_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_FORWARDING_STORE_H_
