// Tests that the index shows what the store holds: after every kind of change, and however far it was behind.
#include "server/search/index_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/error.h"
#include "server/search/filter.h"
#include "storage/storage_errors.h"
#include "tests/storage/forwarding_store.h"
#include "tests/storage/memory_checkpoint_store.h"

namespace armstate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr RegisterId kSctlr = RegisterId::System(3, 0, 1, 0, 0);
const StopCheck kGoOn = [] { return absl::OkStatus(); };

class IndexFollowerTest : public testing::Test {
 protected:
  explicit IndexFollowerTest(uint64_t kept_events = 1000) : store_(kept_events), repository_(store_) {
    profiles_ = ProfileRegistry::BuiltIn().value();
  }

  void Follow() {
    follower_ = std::make_unique<IndexFollower>(store_, repository_, *profiles_, index_);
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    absl::Status status;
    while (!(status = follower_->CatchUp(kGoOn)).ok() && absl::Now() < deadline) {
      EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kIndexBuilding);
    }
    EXPECT_TRUE(status.ok()) << status;
  }

  void Push(const std::string& vm, uint64_t sctlr, int vcpus = 1) {
    v1::Checkpoint basic;
    basic.mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
    NewCheckpoint checkpoint;
    checkpoint.metadata = basic.SerializeAsString();
    for (int i = 0; i < vcpus; ++i) {
      RegisterListBuilder builder;
      builder.Add(kSctlr, sctlr);
      checkpoint.vcpus.push_back({i, *std::move(builder).Build(), ""});
    }
    ASSERT_TRUE(repository_.Create(vm, std::move(checkpoint), absl::nullopt).ok());
  }

  // "vm@version:vCPUs", of those with SCTLR_EL1.M = 1 and all that was acknowledged.
  std::vector<std::string> Found() {
    const absl::Status status = follower_->CatchUp(kGoOn);
    EXPECT_TRUE(status.ok()) << status;
    std::vector<std::string> found;
    for (const MatchingCheckpoint& match : Answer().matches) {
      found.push_back(absl::StrCat(match.vm, "@", match.version, ":", match.vcpus.size()));
    }
    return found;
  }

  IndexAnswer Answer() { return index_.Find(*Filter::Parse("SCTLR_EL1.M = 1"), MatchedVcpus::kAny); }

  MemoryCheckpointStore store_;
  CheckpointRepository repository_;
  std::unique_ptr<ProfileRegistry> profiles_;
  SearchIndex index_;
  std::unique_ptr<IndexFollower> follower_;
};

TEST_F(IndexFollowerTest, ReadsWhatWasThereBefore) {
  Push("a", 1);
  Push("a", 0);
  Push("b", 0);
  Push("b", 1, 3);
  Follow();
  EXPECT_THAT(Found(), ElementsAre("b@2:3"));
}

TEST_F(IndexFollowerTest, FollowsPushesAndDeletions) {
  Follow();
  Push("a", 1, 2);
  EXPECT_THAT(Found(), ElementsAre("a@1:2"));
  Push("a", 0);
  EXPECT_THAT(Found(), IsEmpty());
  // The latest retained version is the first one again.
  ASSERT_TRUE(repository_.Delete("a", 2).ok());
  EXPECT_THAT(Found(), ElementsAre("a@1:2"));
  Push("b", 1);
  EXPECT_THAT(Found(), ElementsAre("a@1:2", "b@1:1"));
  ASSERT_TRUE(repository_.DeleteVm("a", ProtectedVersions::kRefuse).ok());
  EXPECT_THAT(Found(), ElementsAre("b@1:1"));
}

TEST_F(IndexFollowerTest, TellsOfACheckpointThatCannotBeRead) {
  Follow();
  Push("a", 1);
  CommitRequest garbage;
  garbage.vm = "a";
  garbage.record = "no record";
  garbage.commit_time = absl::Now();
  ASSERT_TRUE(store_.Commit(garbage).ok());
  EXPECT_THAT(Found(), IsEmpty());
  EXPECT_THAT(Answer().damaged, ElementsAre(HasSubstr("vms/a/checkpoints/2")));
  ASSERT_TRUE(repository_.Delete("a", 2).ok());
  EXPECT_THAT(Found(), ElementsAre("a@1:1"));
  EXPECT_THAT(Answer().damaged, IsEmpty());
}

TEST_F(IndexFollowerTest, AWaitEndsWhenNobodyWaitsAnyMore) {
  Follow();
  bool asked = false;
  Push("a", 1);
  const absl::Status status = follower_->CatchUp([&asked] {
    asked = true;
    return absl::CancelledError("gone");
  });
  // Applies unless the index was ready before it was queried.
  EXPECT_EQ(status.code(), asked ? absl::StatusCode::kCancelled : absl::StatusCode::kOk);
}

// Damage in the store hides nothing else.
class DamagedStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  absl::StatusOr<VmPage> ListVms(absl::string_view cursor, size_t limit) override {
    absl::StatusOr<VmPage> page = store_.ListVms(cursor, limit);
    for (ListedVm& listed : page->vms) {
      if (listed.vm == "damaged") listed.info = RecordDamaged("vms/damaged", "test");
    }
    return page;
  }
  absl::StatusOr<StoredRecord> GetLatest(absl::string_view vm) override {
    if (vm == "damaged") return RecordDamaged("vms/damaged", "test");
    return store_.GetLatest(vm);
  }
  absl::StatusOr<EventPage> ReadEvents(uint64_t after, size_t limit) override {
    if (after == damaged_event_ - 1) return RecordDamaged(EventName(damaged_event_), "test");
    return store_.ReadEvents(after,
                             damaged_event_ > after ? std::min<size_t>(limit, damaged_event_ - 1 - after) : limit);
  }
  void DamageEvent(uint64_t sequence) { damaged_event_ = sequence; }

 private:
  std::atomic<uint64_t> damaged_event_ = 1u << 30;
};

class DamagedStoreTest : public IndexFollowerTest {
 protected:
  DamagedStore damaged_{store_};
  CheckpointRepository damaged_repository_{damaged_};

  void FollowDamaged() {
    Follow();
    follower_ = nullptr;
    follower_ = std::make_unique<IndexFollower>(damaged_, damaged_repository_, *profiles_, index_);
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (!follower_->CatchUp(kGoOn).ok() && absl::Now() < deadline) {
    }
  }
  void TearDown() override { follower_ = nullptr; }
};

TEST_F(DamagedStoreTest, AVmIsToldOf) {
  Push("a", 1);
  Push("damaged", 1);
  Push("z", 1);
  FollowDamaged();
  EXPECT_THAT(Found(), ElementsAre("a@1:1", "z@1:1"));
  EXPECT_THAT(Answer().damaged, ElementsAre(HasSubstr("vms/damaged")));
  Push("z", 0);
  EXPECT_THAT(Found(), ElementsAre("a@1:1"));
}

TEST_F(DamagedStoreTest, AnEventIsPassed) {
  Push("a", 1);
  damaged_.DamageEvent(3);
  FollowDamaged();
  Push("b", 1);
  Push("c", 1);  // the damaged one
  Push("d", 1);
  EXPECT_THAT(Found(), ElementsAre("a@1:1", "b@1:1", "c@1:1", "d@1:1"));
  Push("d", 0);
  EXPECT_THAT(Found(), ElementsAre("a@1:1", "b@1:1", "c@1:1"));
}

class FewEventsTest : public IndexFollowerTest {
 protected:
  FewEventsTest() : IndexFollowerTest(/*kept_events=*/3) {}
};

// While it waits a moment for more, most of these events go.
TEST_F(FewEventsTest, ReadsAllAgainWhenEventsAreGone) {
  Push("gone", 1);
  Follow();
  ASSERT_TRUE(repository_.DeleteVm("gone", ProtectedVersions::kRefuse).ok());
  std::vector<std::string> expected;
  for (int i = 100; i < 200; ++i) {
    Push(absl::StrCat("vm", i), 1);
    expected.push_back(absl::StrCat("vm", i, "@1:1"));
  }
  EXPECT_THAT(Found(), testing::ElementsAreArray(expected));
}

}  // namespace
}  // namespace armstate
