// Tests that the server applies retention to VMs that get no new checkpoints.
#include <gmock/gmock.h>

#include <string>

#include "absl/time/clock.h"
#include "storage/rocksdb/storage.h"
#include "tests/server/retention/retention_fixture.h"

namespace armstate {
namespace {

class RetentionSweeperTest : public RetentionTest {
 protected:
  RetentionSweeperTest() : RetentionTest(absl::Milliseconds(10)) {}

  // Polls until a VM has this many checkpoints, for at most a minute.
  bool WaitForCount(const std::string& vm, int64_t count) {
    for (const absl::Time deadline = absl::Now() + absl::Minutes(1); absl::Now() < deadline;) {
      if (GetVm(vm).checkpoint_count() == count) return true;
    }
    return false;
  }
};

TEST_F(RetentionSweeperTest, CheckpointsGoWhenTheyGetOld) {
  CreateMany("vms/a", 3);
  CreateMany("vms/b", 3);
  CreateMany("vms/c", 3);
  ASSERT_EQ(Protect("vms/b/checkpoints/1"), RpcResult());
  Apply(KeepFor("vms/a", absl::Hours(2)));
  Apply(KeepFor("vms/b", absl::Hours(1)));
  Apply(KeepFor("vms/c", absl::Hours(1)));
  EXPECT_EQ(VersionsOf("vms/a"), "1 2 3");
  PassTime(absl::Hours(1));
  // VMs are visited in the order of their names: when vms/c is done, the others are.
  ASSERT_TRUE(WaitForCount("vms/c", 1));
  EXPECT_EQ(VersionsOf("vms/a"), "1 2 3");
  EXPECT_EQ(VersionsOf("vms/b"), "1p 3");
  EXPECT_EQ(VersionsOf("vms/c"), "3");
  PassTime(absl::Hours(1));
  ASSERT_TRUE(WaitForCount("vms/a", 1));
  // The sweeper also notices that a protection was lifted.
  ASSERT_EQ(Protect("vms/b/checkpoints/1", false), RpcResult());
  ASSERT_TRUE(WaitForCount("vms/b", 1));
}

TEST_F(RetentionSweeperTest, WhatACommitLeavesGoes) {
  // A commit deletes only a few versions, so that it stays fast.
  CreateMany("vms/a", 50);
  PassTime(absl::Hours(1));
  Apply(KeepFor("vms/a", absl::Hours(1) + absl::Seconds(1)));
  PassTime(absl::Seconds(1));
  CreateMany("vms/a", 1);
  ASSERT_TRUE(WaitForCount("vms/a", 1));
  EXPECT_EQ(VersionsOf("vms/a"), "51");
}

TEST_F(RetentionSweeperTest, TheRestoreHistoryOfDeletedCheckpointsGoes) {
  CreateMany("vms/a", 2);
  Report("vms/a/checkpoints/1");
  Report("vms/a/checkpoints/2");
  CreateMany("vms/b", 2);
  Apply(KeepFor("vms/a", absl::Hours(1)));
  Apply(KeepFor("vms/b", absl::Hours(1)));
  PassTime(absl::Hours(1));
  ASSERT_TRUE(WaitForCount("vms/b", 1));
  // The history is the end of a round; a round that begins later is over when vms/c is through.
  CreateMany("vms/c", 2);
  Apply(KeepFor("vms/c", absl::Hours(1)));
  PassTime(absl::Hours(1));
  ASSERT_TRUE(WaitForCount("vms/c", 1));
  Stop();
  {
    const auto storage = RocksDbStorage::Open(data_dir(), {}).value();
    const NamedRecordPage page = storage->records().List(RecordKind::kRestoreReport, "", "", 100).value();
    ASSERT_EQ(page.records.size(), 2u);  // its counter, and the report
    EXPECT_THAT(page.records[0].name, testing::HasSubstr("/0000000000000000002/"));
  }
  Start();
}

TEST(RetentionSweeper, DoesNotHoldUpAShutdown) {
  TempDir folder;
  ServerOptions options;
  options.listen_address = "127.0.0.1:0";
  options.data_dir = folder.path() + "/data";
  options.retention_sweep_interval = absl::Hours(24);
  const auto server = Server::Start(options).value();
  const absl::Time begin = absl::Now();
  EXPECT_EQ(server->Shutdown(begin), absl::OkStatus());
  EXPECT_LT(absl::Now() - begin, absl::Minutes(1));
}

}  // namespace
}  // namespace armstate
