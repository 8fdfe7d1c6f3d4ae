// Checkpoints and VMs that are deleted while the repository reads them.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>

#include "core/error.h"
#include "tests/storage/forwarding_store.h"
#include "tests/storage/memory_checkpoint_store.h"
#include "tests/storage/repository/checkpoint_repository_fixture.h"

namespace armstate {
namespace {

// Deletes a version, with its base, whenever it was found.
class DeletesWhatIsFound final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  void CommitAsync(CommitRequest request, CommitCallback done) override {
    const std::string vm = request.vm;
    store_.CommitAsync(std::move(request), [this, vm, done](absl::StatusOr<CommitResult> result) {
      const Committed* const committed = result.ok() ? std::get_if<Committed>(&*result) : nullptr;
      if (committed != nullptr && committed->was_retry()) Remove(vm, committed->version);
      done(std::move(result));
    });
  }
  absl::StatusOr<StoredRecord> Get(absl::string_view vm, int64_t version) override {
    absl::StatusOr<StoredRecord> stored = store_.Get(vm, version);
    if (stored.ok()) Remove(vm, version);
    return stored;
  }
  absl::StatusOr<StoredRecord> GetLatest(absl::string_view vm) override {
    absl::StatusOr<StoredRecord> stored = store_.GetLatest(vm);
    if (stored.ok() && stored->version > 1) Remove(vm, stored->version);
    return stored;
  }

 private:
  void Remove(absl::string_view vm, int64_t version) {
    EXPECT_EQ(store_.Delete(vm, version, absl::UnixEpoch()), absl::OkStatus()) << version;
  }
};

class DeletedMeanwhileTest : public CheckpointRepositoryTest {
 protected:
  // A checkpoint with a base of its own, by a repository that is gone when the test reads.
  void Store(const std::string& request_id) {
    CheckpointRepository repository(store_);
    ASSERT_TRUE(repository.Create("web", Checkpoint(request_id, "digest", request_id), absl::nullopt).ok());
  }
  // One with another base, so that the first one's is not at hand.
  void StoreAnother() {
    CommitRequest request;
    request.vm = "web";
    request.record = request.new_base = "another";
    ASSERT_TRUE(store_.Commit(request).ok());
  }

  MemoryCheckpointStore store_;
  DeletesWhatIsFound deleting_{store_};
  CheckpointRepository repository_{deleting_};
};

// Deletes the VM when a version was found for the second time.
class DeletesVmFoundTwice final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  void CommitAsync(CommitRequest request, CommitCallback done) override {
    const std::string vm = request.vm;
    store_.CommitAsync(std::move(request), [this, vm, done](absl::StatusOr<CommitResult> result) {
      const Committed* const committed = result.ok() ? std::get_if<Committed>(&*result) : nullptr;
      if (committed != nullptr && committed->was_retry()) Found(vm);
      done(std::move(result));
    });
  }
  absl::StatusOr<StoredRecord> Get(absl::string_view vm, int64_t version) override {
    absl::StatusOr<StoredRecord> stored = store_.Get(vm, version);
    if (stored.ok()) Found(vm);
    return stored;
  }

  void Arm() { found_ = 0; }

 private:
  void Found(absl::string_view vm) {
    if (++found_ != 2) return;
    EXPECT_EQ(store_.DeleteVm(vm, ProtectedVersions::kDelete, absl::UnixEpoch()), absl::OkStatus());
  }

  int found_ = 2;
};

// The base in memory is of an earlier VM of the name. When that is known, the VM is deleted, too.
class MadeAgainAndDeletedTest : public DeletedMeanwhileTest {
 protected:
  MadeAgainAndDeletedTest() {
    Store("first");
    EXPECT_TRUE(reader_.Get("web", 1).ok());
    EXPECT_EQ(store_.DeleteVm("web", ProtectedVersions::kDelete, absl::UnixEpoch()), absl::OkStatus());
    Store("id");
    twice_.Arm();
  }

  DeletesVmFoundTwice twice_{store_};
  CheckpointRepository reader_{twice_};
};

TEST_F(MadeAgainAndDeletedTest, AVersionIsNotFound) {
  const absl::Status status = reader_.Get("web", 1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
}

TEST_F(MadeAgainAndDeletedTest, ARetryIsStoredAnew) {
  const absl::StatusOr<CreatedCheckpoint> created =
      reader_.Create("web", Checkpoint("id", "digest", "id"), absl::nullopt);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_FALSE(created->was_retry);
}

// As if it had come after the deletion: the request is not known any more.
TEST_F(DeletedMeanwhileTest, ARetryIsStoredAnew) {
  Store("id");
  StoreAnother();
  const absl::StatusOr<CreatedCheckpoint> created =
      repository_.Create("web", Checkpoint("id", "digest", "id"), absl::nullopt);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_FALSE(created->was_retry);
  EXPECT_EQ(created->summary.version, 3);
  EXPECT_EQ(store_.GetVm("web")->checkpoint_count, 2);
}

TEST_F(DeletedMeanwhileTest, ARetryThatExpectsAVersionIsInConflict) {
  Store("id");
  StoreAnother();
  EXPECT_EQ(Metadata(repository_.Create("web", Checkpoint("id", "digest", "id"), 0).status(),
                     absl::StatusCode::kFailedPrecondition, ErrorReason::kVersionConflict),
            "expected_version=0 latest_version=2");
}

TEST_F(DeletedMeanwhileTest, AVersionIsNotFound) {
  Store("id");
  const absl::Status status = repository_.Get("web", 1).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
}

TEST_F(DeletedMeanwhileTest, TheLatestIsTheOneThatStays) {
  CommitRequest request;
  request.vm = "web";
  for (const char* base : {"1", "2", "3", "4"}) {
    request.record = request.new_base = base;
    ASSERT_TRUE(store_.Commit(request).ok());
  }
  // The first stays, and is damaged.
  EXPECT_EQ(Metadata(repository_.Get("web", absl::nullopt).status(), absl::StatusCode::kDataLoss,
                     ErrorReason::kRecordDamaged),
            "record=vms/web/checkpoints/1");
}

}  // namespace
}  // namespace armstate
