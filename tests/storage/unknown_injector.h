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
#include "tests/storage/forwarding_store.h"
#include "tests/storage/store_under_test.h"

namespace armstate {

// The first attempts of each request end with CommitUnknown: every other request is lost once before it is done; then
// each is done, and the answer is lost. Further attempts are answered. Commits without a request ID are passed on:
// nobody could find out what became of them.
//
// Thread-safe.
class UnknownInjector final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  void CommitAsync(CommitRequest request, CommitCallback done) override {
    const Fate fate = request.request_id.empty() ? Fate::kAnswered : NextFate(request.vm + "/" + request.request_id);
    const CommitUnknown unknown{absl::UnavailableError("injected")};
    if (fate == Fate::kLost) return done(CommitResult(unknown));
    store_.CommitAsync(std::move(request),
                       [fate, unknown, done = std::move(done)](absl::StatusOr<CommitResult> result) {
                         done(fate == Fate::kAnswerLost ? absl::StatusOr<CommitResult>(unknown) : std::move(result));
                       });
  }

 private:
  enum class Fate { kLost, kAnswerLost, kAnswered };

  Fate NextFate(const std::string& request) {
    std::lock_guard<std::mutex> lock(mutex_);
    // Every other request that is new begins with the second fate.
    const auto [it, is_new] = next_.try_emplace(request, static_cast<int>(next_.size() % 2));
    return static_cast<Fate>(std::min(it->second++, static_cast<int>(Fate::kAnswered)));
  }

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
