#include "storage/repository/checkpoint_repository.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/memory_only_reads.h"
#include "tests/storage/countdown.h"
#include "tests/storage/delete_up_to.h"
#include "tests/storage/forwarding_store.h"
#include "tests/storage/memory_checkpoint_store.h"
#include "tests/storage/repository/checkpoint_repository_fixture.h"

namespace armstate {
namespace {

TEST_F(CheckpointRepositoryTest, WhatIsStoredIsRead) {
  now_ = absl::FromUnixNanos(1500000000000000001) + absl::Nanoseconds(1) / 4;
  const CreatedCheckpoint created =
      repository_->Create("web", Checkpoint("id", "digest", "meta"), absl::nullopt).value();
  EXPECT_FALSE(created.was_retry);
  EXPECT_EQ(created.summary.version, 1);
  EXPECT_EQ(created.summary.create_time, absl::FromUnixNanos(1500000000000000001));
  EXPECT_EQ(created.summary.metadata, "meta");
  EXPECT_EQ(created.summary.vcpu_count, 3);

  for (int i = 0; i < 2; ++i) {
    const StoredCheckpoint stored = repository_->Get("web", 1).value();
    EXPECT_EQ(stored.summary.version, 1);
    EXPECT_EQ(stored.summary.create_time, created.summary.create_time);
    EXPECT_EQ(stored.summary.metadata, "meta");
    EXPECT_EQ(stored.summary.vcpu_count, 3);
    const NewCheckpoint written = Checkpoint("id", "digest", "meta");
    ASSERT_EQ(stored.vcpus.size(), 3u);
    for (size_t v = 0; v < 3; ++v) {
      EXPECT_EQ(stored.vcpus[v].vcpu_index, written.vcpus[v].vcpu_index);
      EXPECT_EQ(stored.vcpus[v].registers, written.vcpus[v].registers);
      EXPECT_EQ(stored.vcpus[v].opaque, written.vcpus[v].opaque);
    }
    Reopen();
  }
}

// What a read that may not wait does not find is found by the next one, which may.
TEST_F(CheckpointRepositoryTest, ALayoutThatIsNotInMemory) {
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", "first"), absl::nullopt).ok());
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", "second"), absl::nullopt).ok());
  Reopen();
  // The version and its base come into RocksDB's cache, the layouts do not.
  ASSERT_TRUE(under_test_.store().Get("web", 2).ok());
  ASSERT_TRUE(under_test_.store().GetBase("web", 1).ok());
  {
    const MemoryOnlyReads no_disk;
    ASSERT_EQ(repository_->Get("web", 2, VcpuSelection::kNone)->summary.metadata, "second");
    ASSERT_EQ(repository_->Get("web", 2).status().code(), absl::StatusCode::kUnavailable);
  }
  const absl::StatusOr<StoredCheckpoint> stored = repository_->Get("web", 2);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->vcpus.size(), 3u);
  const MemoryOnlyReads no_disk;
  EXPECT_TRUE(repository_->Get("web", 2).ok()) << "now all is in memory";
}

TEST_F(CheckpointRepositoryTest, EqualLayoutsAreOneObject) {
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", ""), absl::nullopt).ok());
  ASSERT_TRUE(repository_->Create("db", Checkpoint("", "", ""), absl::nullopt).ok());
  Reopen();
  const StoredCheckpoint web = repository_->Get("web", 1).value();
  const StoredCheckpoint db = repository_->Get("db", 1).value();
  EXPECT_EQ(web.vcpus[0].registers.shared_layout(), web.vcpus[1].registers.shared_layout());
  EXPECT_EQ(web.vcpus[0].registers.shared_layout(), db.vcpus[0].registers.shared_layout());
  EXPECT_NE(web.vcpus[0].registers.shared_layout(), web.vcpus[2].registers.shared_layout());
}

TEST_F(CheckpointRepositoryTest, LatestAndNone) {
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", "first"), absl::nullopt).ok());
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", "second"), absl::nullopt).ok());
  EXPECT_EQ(repository_->Get("web", absl::nullopt)->summary.metadata, "second");
  ASSERT_TRUE(repository_->Delete("web", 2).ok());
  const StoredCheckpoint latest = repository_->Get("web", absl::nullopt, VcpuSelection::kNone).value();
  EXPECT_EQ(latest.summary.version, 1);
  EXPECT_EQ(latest.summary.vcpu_count, 3);
  EXPECT_TRUE(latest.vcpus.empty());
}

TEST_F(CheckpointRepositoryTest, ChosenVcpus) {
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", "meta"), absl::nullopt).ok());
  const StoredCheckpoint stored = repository_->GetVcpus("web", absl::nullopt, {7, 0, 7}).value();
  ASSERT_EQ(stored.vcpus.size(), 2u);
  EXPECT_EQ(stored.vcpus[0].vcpu_index, 0);
  EXPECT_EQ(stored.vcpus[1].vcpu_index, 7);
  EXPECT_EQ(stored.vcpus[1].registers.values(), "77777777");
  EXPECT_EQ(stored.summary.vcpu_count, 3);
  for (const int absent : {-1, 2, 8}) {
    EXPECT_EQ(Metadata(repository_->GetVcpus("web", 1, {0, absent}).status(), absl::StatusCode::kNotFound,
                       ErrorReason::kVcpuNotFound),
              absl::StrCat("name=vms/web/checkpoints/1 vcpu_index=", absent));
  }
}

TEST_F(CheckpointRepositoryTest, RetryAnswersAsTheFirstCallDid) {
  const CreatedCheckpoint first = repository_->Create("web", Checkpoint("id", "digest", "meta"), 0).value();
  now_ += absl::Seconds(5);
  const CreatedCheckpoint retry = repository_->Create("web", Checkpoint("id", "digest", "meta"), 0).value();
  EXPECT_TRUE(retry.was_retry);
  EXPECT_EQ(retry.summary.version, 1);
  EXPECT_EQ(retry.summary.create_time, first.summary.create_time);
  EXPECT_EQ(retry.summary.metadata, "meta");
  EXPECT_EQ(repository_->GetVm("web")->checkpoint_count, 1);
}

TEST_F(CheckpointRepositoryTest, RequestIdForAnotherCheckpoint) {
  ASSERT_TRUE(repository_->Create("web", Checkpoint("id", "digest", "meta"), absl::nullopt).ok());
  EXPECT_EQ(Metadata(repository_->Create("web", Checkpoint("id", "other", "meta"), absl::nullopt).status(),
                     absl::StatusCode::kAlreadyExists, ErrorReason::kRequestIdReused),
            "name=vms/web/checkpoints/1 request_id=id");
  EXPECT_EQ(repository_->GetVm("web")->last_version, 1);
}

TEST_F(CheckpointRepositoryTest, AnotherLatestVersion) {
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", ""), absl::nullopt).ok());
  EXPECT_EQ(Metadata(repository_->Create("web", Checkpoint("", "", ""), 0).status(),
                     absl::StatusCode::kFailedPrecondition, ErrorReason::kVersionConflict),
            "expected_version=0 latest_version=1");
  EXPECT_EQ(Metadata(repository_->Create("new", Checkpoint("", "", ""), 3).status(),
                     absl::StatusCode::kFailedPrecondition, ErrorReason::kVersionConflict),
            "expected_version=3 latest_version=0");
}

TEST_F(CheckpointRepositoryTest, WhatIsNotThere) {
  EXPECT_EQ(Metadata(repository_->Get("web", 1).status(), absl::StatusCode::kNotFound, ErrorReason::kVmNotFound),
            "name=vms/web");
  EXPECT_EQ(Metadata(repository_->List("web", 0, 1).status(), absl::StatusCode::kNotFound, ErrorReason::kVmNotFound),
            "name=vms/web");
  EXPECT_EQ(Metadata(repository_->DeleteVm("web", ProtectedVersions::kRefuse), absl::StatusCode::kNotFound,
                     ErrorReason::kVmNotFound),
            "name=vms/web");
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", ""), absl::nullopt).ok());
  EXPECT_EQ(
      Metadata(repository_->Get("web", 2).status(), absl::StatusCode::kNotFound, ErrorReason::kCheckpointNotFound),
      "name=vms/web/checkpoints/2");
  EXPECT_EQ(Metadata(repository_->Delete("web", 2), absl::StatusCode::kNotFound, ErrorReason::kCheckpointNotFound),
            "name=vms/web/checkpoints/2");
}

TEST_F(CheckpointRepositoryTest, ALimitIsExceeded) {
  EXPECT_EQ(Metadata(repository_->Create("web", Checkpoint(std::string(65, 'r'), "", ""), absl::nullopt).status(),
                     absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid),
            "field=request_id");
  EXPECT_EQ(repository_->GetVm("web").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(CheckpointRepositoryTest, ListShowsDamagedOnesBesideTheOthers) {
  for (const char* metadata : {"first", "second"}) {
    ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", metadata), absl::nullopt).ok());
  }
  CommitRequest request;
  request.vm = "web";
  request.record = "no record";
  request.commit_time = now_;
  ASSERT_TRUE(under_test_.store().Commit(request).ok());
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", "fourth"), absl::nullopt).ok());

  const CheckpointPage page = repository_->List("web", 1, 2).value();
  EXPECT_TRUE(page.more);
  ASSERT_EQ(page.checkpoints.size(), 2u);
  EXPECT_EQ(page.checkpoints[0].version, 2);
  EXPECT_EQ(page.checkpoints[0].summary->metadata, "second");
  EXPECT_EQ(page.checkpoints[1].version, 3);
  EXPECT_EQ(Metadata(page.checkpoints[1].summary.status(), absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged),
            "record=vms/web/checkpoints/3");
  EXPECT_EQ(Metadata(repository_->Get("web", 3).status(), absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged),
            "record=vms/web/checkpoints/3");
  EXPECT_EQ(repository_->Get("web", 4)->summary.metadata, "fourth");
}

// A record and a layout that are whole in themselves, but do not belong together.
TEST_F(CheckpointRepositoryTest, ValuesThatDoNotFitTheLayout) {
  NewCheckpoint checkpoint;
  checkpoint.vcpus.push_back({0, *RegisterList::Create({kFpsr}, "ffff"), ""});
  const EncodedCheckpoint encoded = EncodeCheckpoint(checkpoint).value();
  const auto copy = FullCopy::Create(
      encoded.record, "base",
      [&](absl::string_view) -> absl::StatusOr<LayoutCache::Layout> { return encoded.layouts.begin()->second; });
  CommitRequest request;
  request.layouts = {{encoded.layouts.begin()->first, "of another hash"}};
  request.vm = "web";
  request.record = EncodeDifference(**copy, checkpoint).value();
  request.new_base = FullCopy::Pack(encoded.record);
  request.commit_time = now_;
  ASSERT_TRUE(under_test_.store().Commit(request).ok());
  EXPECT_EQ(repository_->Get("web", 1).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(repository_->Get("web", 1, VcpuSelection::kNone).ok());

  // Storing a checkpoint with that layout mends it.
  ASSERT_TRUE(repository_->Create("web", std::move(checkpoint), absl::nullopt).ok());
  EXPECT_EQ(repository_->Get("web", 1)->vcpus[0].registers.values(), "ffff");
}

TEST_F(CheckpointRepositoryTest, VmsAndTheirEnd) {
  ASSERT_TRUE(repository_->Create("a", Checkpoint("", "", ""), absl::nullopt).ok());
  ASSERT_TRUE(repository_->Create("b", Checkpoint("", "", ""), absl::nullopt).ok());
  EXPECT_EQ(repository_->GetVm("a")->create_time, now_);
  const VmPage page = repository_->ListVms("", 1).value();
  ASSERT_EQ(page.vms.size(), 1u);
  EXPECT_EQ(repository_->ListVms(page.next_cursor, 1)->vms[0].vm, "b");
  ASSERT_TRUE(repository_->DeleteVm("a", ProtectedVersions::kRefuse).ok());
  EXPECT_EQ(repository_->GetVm("a").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(repository_->Create("a", Checkpoint("", "", ""), 0)->summary.version, 1);
}

// What a version reads as must not depend on which others are still there.
TEST_F(CheckpointRepositoryTest, VersionsOutliveTheirBase) {
  for (int i = 1; i <= 70; ++i) {
    ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", absl::StrCat("number ", i)), absl::nullopt).ok());
  }
  // A base for each 32 versions; version 33 brought the second one.
  EXPECT_EQ(repository_->statistics().full_copies, 3);
  EXPECT_EQ(under_test_.store().Get("web", 32)->base_version, 1);
  EXPECT_EQ(under_test_.store().Get("web", 33)->base_version, 33);
  for (const int64_t deleted : {1, 33, 70, 65}) ASSERT_TRUE(repository_->Delete("web", deleted).ok());
  ASSERT_EQ(DeleteUpTo(under_test_.store(), "web", 20, now_).value(), 19);
  Reopen();
  for (const int64_t left : {21, 32, 34, 64, 66, 69}) {
    const StoredCheckpoint stored = repository_->Get("web", left).value();
    EXPECT_EQ(stored.summary.metadata, absl::StrCat("number ", left));
    EXPECT_EQ(stored.vcpus[2].opaque, "opaque 7");
    EXPECT_EQ(stored.vcpus[1].registers.values(), "FFFFSSSSSSSS");
  }
  EXPECT_EQ(repository_->List("web", 0, 100)->checkpoints.size(), 47u);
}

TEST_F(CheckpointRepositoryTest, OtherVcpusBringAnotherBase) {
  NewCheckpoint fewer = Checkpoint("", "", "fewer");
  fewer.vcpus.pop_back();
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", "three"), absl::nullopt).ok());
  ASSERT_TRUE(repository_->Create("web", std::move(fewer), absl::nullopt).ok());
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", "three again"), absl::nullopt).ok());
  EXPECT_EQ(repository_->statistics().full_copies, 3);
  EXPECT_EQ(repository_->Get("web", 1)->vcpus.size(), 3u);
  EXPECT_EQ(repository_->Get("web", 2)->vcpus.size(), 2u);
  EXPECT_EQ(repository_->Get("web", 3)->summary.metadata, "three again");
}

// The repository still has the full copy of the VM that was.
TEST_F(CheckpointRepositoryTest, VmMadeAgainHasNothingOfTheOldOne) {
  ASSERT_TRUE(repository_->Create("web", Checkpoint("id", "d", "old"), absl::nullopt).ok());
  ASSERT_TRUE(repository_->DeleteVm("web", ProtectedVersions::kRefuse).ok());
  ASSERT_TRUE(repository_->Create("web", Checkpoint("id", "d", "new"), absl::nullopt).ok());
  EXPECT_EQ(repository_->Get("web", 1)->summary.metadata, "new");
  Reopen();
  EXPECT_EQ(repository_->Get("web", 1)->summary.metadata, "new");
}

// Another program has the VM made again behind this repository's back: with the same version numbers.
TEST_F(CheckpointRepositoryTest, StaleFullCopyIsNotUsed) {
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", "old"), absl::nullopt).ok());
  CheckpointRepository other(under_test_.store(), [this] { return now_; });
  ASSERT_TRUE(other.DeleteVm("web", ProtectedVersions::kRefuse).ok());
  ASSERT_TRUE(other.Create("web", Checkpoint("", "", "new, longer"), absl::nullopt).ok());
  EXPECT_EQ(repository_->Get("web", 1)->summary.metadata, "new, longer");
  ASSERT_TRUE(other.DeleteVm("web", ProtectedVersions::kRefuse).ok());
  ASSERT_TRUE(other.Create("web", Checkpoint("", "", "third"), absl::nullopt).ok());
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", "fourth"), absl::nullopt).ok());
  EXPECT_EQ(repository_->List("web", 0, 10)->checkpoints[0].summary->metadata, "third");
  EXPECT_EQ(repository_->Get("web", 2)->summary.metadata, "fourth");
  EXPECT_EQ(other.Get("web", 2)->summary.metadata, "fourth");
}

TEST_F(CheckpointRepositoryTest, ManyAtOnce) {
  Countdown answered(200);
  std::atomic<int> failed = 0;
  for (int i = 0; i < 200; ++i) {
    repository_->CreateAsync(absl::StrCat("vm", i % 3), Checkpoint(absl::StrCat(i), "", absl::StrCat("n", i)),
                             absl::nullopt, [&](const absl::StatusOr<CreatedCheckpoint>& created) {
                               failed += !created.ok();
                               answered.DecrementCount();
                             });
  }
  answered.Wait();
  EXPECT_EQ(failed, 0);
  for (int vm = 0; vm < 3; ++vm) {
    std::set<std::string> metadata;
    const CheckpointPage page = repository_->List(absl::StrCat("vm", vm), 0, 100).value();
    for (const ListedCheckpoint& listed : page.checkpoints) {
      metadata.insert(listed.summary->metadata);
    }
    std::set<std::string> expected;
    for (int i = vm; i < 200; i += 3) expected.insert(absl::StrCat("n", i));
    EXPECT_EQ(metadata, expected) << vm;
  }
}

TEST_F(CheckpointRepositoryTest, DamagedFullCopyIsTheDamageOfItsVersions) {
  CommitRequest request;
  request.vm = "web";
  request.new_base = "no full copy";
  request.record = "no record";
  ASSERT_TRUE(under_test_.store().Commit(request).ok());
  EXPECT_EQ(Metadata(repository_->Get("web", 1).status(), absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged),
            "record=vms/web/checkpoints/1");
  EXPECT_EQ(Metadata(repository_->List("web", 0, 10)->checkpoints[0].summary.status(), absl::StatusCode::kDataLoss,
                     ErrorReason::kRecordDamaged),
            "record=vms/web/checkpoints/1");
  // The next one brings a full copy of its own.
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "", "second"), absl::nullopt).ok());
  EXPECT_EQ(repository_->Get("web", 2)->summary.metadata, "second");
}

// More registers than the cache holds: old layouts are read again.
TEST_F(CheckpointRepositoryTest, MoreLayoutsThanTheCacheHolds) {
  std::vector<uint64_t> ids(400000);
  for (int i = 0; i < 4; ++i) {
    for (size_t k = 0; k < ids.size(); ++k) ids[k] = 0x6000000000130000 + k + i;  // of 1 byte each
    NewCheckpoint checkpoint;
    checkpoint.vcpus.push_back({0, *RegisterList::Create(ids, std::string(ids.size(), 'v')), ""});
    ASSERT_TRUE(repository_->Create("web", std::move(checkpoint), absl::nullopt).ok());
  }
  for (int version = 1; version <= 4; ++version) {
    const StoredCheckpoint stored = repository_->Get("web", version).value();
    EXPECT_EQ(stored.vcpus[0].registers.id(0).raw(), 0x6000000000130000 + version - 1);
  }
}

}  // namespace
}  // namespace armstate
