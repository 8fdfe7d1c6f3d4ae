// A store that often does not know what became of a commit.
#ifndef ARMSTATE_TESTS_STORAGE_UNKNOWN_INJECTOR_H_
#define ARMSTATE_TESTS_STORAGE_UNKNOWN_INJECTOR_H_

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "storage/checkpoint_store.h"
#include "tests/storage/store_under_test.h"

namespace armstate {

// The first attempts of each request end with CommitUnknown: every other request is lost once before it is done; then
// each is done, and the answer is lost. Further attempts are answered. Commits without a request ID are passed on:
// nobody could find out what became of them.
//
// Thread-safe.
class UnknownInjector final : public CheckpointStore {
 public:
  // The store must outlive it.
  explicit UnknownInjector(CheckpointStore& store) : store_(store) {}

  void CommitAsync(CommitRequest request, CommitCallback done) override {
    const Fate fate = request.request_id.empty() ? Fate::kAnswered : NextFate(request.vm + "/" + request.request_id);
    const CommitUnknown unknown{absl::UnavailableError("injected")};
    if (fate == Fate::kLost) return done(CommitResult(unknown));
    store_.CommitAsync(std::move(request),
                       [fate, unknown, done = std::move(done)](absl::StatusOr<CommitResult> result) {
                         done(fate == Fate::kAnswerLost ? absl::StatusOr<CommitResult>(unknown) : std::move(result));
                       });
  }

  absl::StatusOr<StoredRecord> Get(absl::string_view vm, int64_t version) override { return store_.Get(vm, version); }
  absl::StatusOr<StoredRecord> GetLatest(absl::string_view vm) override { return store_.GetLatest(vm); }
  absl::StatusOr<std::string> GetBase(absl::string_view vm, int64_t version) override {
    return store_.GetBase(vm, version);
  }
  absl::StatusOr<VmInfo> Last(absl::string_view vm) override { return store_.Last(vm); }
  absl::StatusOr<RecordPage> List(absl::string_view vm, int64_t after, size_t limit) override {
    return store_.List(vm, after, limit);
  }
  absl::StatusOr<VmPage> ListVms(absl::string_view cursor, size_t limit) override {
    return store_.ListVms(cursor, limit);
  }
  absl::Status Delete(absl::string_view vm, int64_t version, absl::Time now) override {
    return store_.Delete(vm, version, now);
  }
  absl::StatusOr<int64_t> Trim(absl::string_view vm, int64_t up_to, absl::Time now) override {
    return store_.Trim(vm, up_to, now);
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

 private:
  enum class Fate { kLost, kAnswerLost, kAnswered };

  Fate NextFate(const std::string& request) {
    std::lock_guard<std::mutex> lock(mutex_);
    // Every other request that is new begins with the second fate.
    const auto [it, is_new] = next_.try_emplace(request, static_cast<int>(next_.size() % 2));
    return static_cast<Fate>(std::min(it->second++, static_cast<int>(Fate::kAnswered)));
  }

  CheckpointStore& store_;
  // Guards all after it.
  std::mutex mutex_;
  std::map<std::string, int> next_;
};

// Over another store under test.
class InjectedUnderTest : public StoreUnderTest {
 public:
  explicit InjectedUnderTest(std::unique_ptr<StoreUnderTest> inner) : inner_(std::move(inner)) { Wrap(); }

  CheckpointStore& store() override { return *injector_; }
  void Reopen() override {
    inner_->Reopen();
    Wrap();
  }
  uint64_t kept_events() const override { return inner_->kept_events(); }

 private:
  void Wrap() { injector_ = std::make_unique<UnknownInjector>(inner_->store()); }

  std::unique_ptr<StoreUnderTest> inner_;
  std::unique_ptr<UnknownInjector> injector_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_UNKNOWN_INJECTOR_H_
