// stats and backup. `backup restore` with a real armstated: tests/end_to_end/backup_test.cc.
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/commands/run_command.h"
#include "tests/client/fake_server.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

void AddBucket(v1::Histogram* histogram, int64_t up_to, int64_t count) {
  histogram->add_buckets()->set_up_to(up_to);
  histogram->mutable_buckets()->rbegin()->set_count(count);
}

v1::Statistics SomeStatistics() {
  v1::Statistics statistics;
  statistics.set_vm_count(2);
  statistics.set_checkpoint_count(30);
  statistics.set_protected_checkpoint_count(1);
  statistics.set_raw_bytes(163840);
  statistics.set_stored_bytes(4096);
  statistics.set_stored_ratio(0.025);
  statistics.mutable_start_time()->set_seconds(1700000000);
  statistics.set_created_checkpoints(28);
  statistics.set_full_copies(2);
  statistics.set_commit_operations(30);
  statistics.set_commit_writes(20);
  statistics.set_failed_commit_writes(1);
  statistics.set_commit_bytes(5000);
  statistics.mutable_commit_time()->set_nanos(4000000);
  AddBucket(statistics.mutable_commit_batch_sizes(), 1, 15);
  AddBucket(statistics.mutable_commit_batch_sizes(), 3, 5);
  AddBucket(statistics.mutable_commit_microseconds(), 255, 19);
  AddBucket(statistics.mutable_commit_microseconds(), 9223372036854775807, 1);
  (*statistics.mutable_rocksdb())["rocksdb.wal.synced"] = 20;
  (*statistics.mutable_rocksdb())["rocksdb.block.cache.hit"] = 7;
  return statistics;
}

TEST(Stats, AreTables) {
  FakeServer server;
  server.handlers.get_statistics = [](const v1::GetStatisticsRequest&) { return SomeStatistics(); };
  const CommandResult result = RunCommand(server.target(), {"stats"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_EQ(result.out,
            "STORED\n"
            "VMs          2\n"
            "checkpoints  30, 1 of them protected\n"
            "raw          160.0 KiB, 16 bytes a register\n"
            "on disk      4.0 KiB, all included\n"
            "of raw       2.5%\n"
            "\n"
            "SINCE 2023-11-14 22:13:20Z\n"
            "checkpoints created         28, 2 as full copies\n"
            "commits and deletions       30\n"
            "writes to disk              20, 1 failed\n"
            "operations in a write       1.5\n"
            "bytes in a write            250.0\n"
            "microseconds for a write    200.0\n"
            "\n"
            "OPERATIONS IN A WRITE  WRITES\n"
            "1                      15\n"
            "2 to 3                 5\n"
            "\n"
            "MICROSECONDS, FSYNC INCLUDED  WRITES\n"
            "128 to 255                    19\n"
            "1073741824 and more           1\n");
  EXPECT_EQ(RunCommand(server.target(), {"stats", "--rocksdb"}).out,
            "COUNTER                  VALUE\n"
            "rocksdb.block.cache.hit  7\n"
            "rocksdb.wal.synced       20\n");
  EXPECT_THAT(RunCommand(server.target(), {"stats", "--output=json"}).out,
              ::testing::AllOf(HasSubstr("\"storedRatio\": 0.025"), HasSubstr("\"rocksdb.wal.synced\": \"20\"")));
}

TEST(Stats, OfAServerThatDidNothing) {
  FakeServer server;
  server.handlers.get_statistics = [](const v1::GetStatisticsRequest&) { return v1::Statistics(); };
  const CommandResult result = RunCommand(server.target(), {"stats"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, HasSubstr("operations in a write     -\n"));
}

TEST(Backup, CreateAndList) {
  FakeServer server;
  server.handlers.create_backup = [](const v1::CreateBackupRequest&) {
    v1::Backup backup;
    backup.set_name("backups/3");
    backup.set_size_bytes(5 << 20);
    return backup;
  };
  server.handlers.list_backups = [](const v1::ListBackupsRequest& request) {
    v1::ListBackupsResponse response;
    const bool first = request.page_token().empty();
    response.add_backups()->set_name(first ? "backups/1" : "backups/12");
    response.mutable_backups(0)->set_size_bytes(first ? 900 : 2000);
    response.mutable_backups(0)->mutable_create_time()->set_seconds(1700000000);
    if (first) response.set_next_page_token("more");
    return response;
  };
  EXPECT_EQ(RunCommand(server.target(), {"backup", "create"}).out, "backups/3: made and verified, 5.0 MiB\n");
  EXPECT_THAT(RunCommand(server.target(), {"backup", "create", "--output=json"}).out,
              HasSubstr("\"sizeBytes\": \"5242880\""));
  EXPECT_EQ(RunCommand(server.target(), {"backup", "list"}).out,
            "BACKUP  CREATED               SIZE\n"
            "1       2023-11-14 22:13:20Z  900 B\n"
            "12      2023-11-14 22:13:20Z  2.0 KiB\n");
  EXPECT_THAT(RunCommand(server.target(), {"backup", "list", "--output=json"}).out, HasSubstr("\"backups/12\""));
  server.handlers.list_backups = [](const v1::ListBackupsRequest&) { return v1::ListBackupsResponse(); };
  EXPECT_EQ(RunCommand(server.target(), {"backup", "list"}).out, "no backups; 'armstate backup create' makes one\n");
}

TEST(Backup, ErrorsSayWhatToDo) {
  FakeServer server;
  server.handlers.create_backup = [](const v1::CreateBackupRequest&) {
    return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kBackupDirNotSet, "no folder for backups");
  };
  CommandResult result = RunCommand(server.target(), {"backup", "create"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.err, "armstate: no folder for backups\narmstate: start armstated with --backup_dir=FOLDER\n");

  // Not tried again by itself: it would be a second backup.
  int calls = 0;
  server.handlers.create_backup = [&](const v1::CreateBackupRequest&) {
    ++calls;
    return MakeError(absl::StatusCode::kUnavailable, ErrorReason::kBackupRunning, "another backup is in progress");
  };
  result = RunCommand(server.target(), {"backup", "create"});
  EXPECT_EQ(result.exit_status, 4);
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(result.err, HasSubstr("wait until it is complete"));

  server.handlers.create_backup = [](const v1::CreateBackupRequest&) {
    return MakeError(absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged, "backups/4: damaged",
                     {{"record", "backups/4"}});
  };
  EXPECT_THAT(RunCommand(server.target(), {"backup", "create"}).err, HasSubstr("--backup_dir"));
}

// A shell script in the place of armstated.
class BackupRestore : public testing::Test {
 protected:
  CommandResult Restore(const std::string& script, const std::string& format = "table") {
    const std::string program = folder_.path() + "/armstated";
    std::ofstream(program) << "#!/bin/sh\n" << script;
    chmod(program.c_str(), 0755);
    return RunCommand("127.0.0.1:1", {"backup", "restore", "latest", "--backup_dir=/b", "--data_dir=/d", "--armstated",
                                      program, "--output", format});
  }

  TempDir folder_;
};

TEST_F(BackupRestore, TellsWhatWasRestored) {
  const std::string script =
      "[ \"$*\" = '--restore_backup=latest --backup_dir=/b --data_dir=/d' ] || exit 5\n"
      "echo '{\"name\":\"backups/3\",\"createTime\":\"2023-11-14T22:13:20Z\",\"sizeBytes\":\"2048\"}'\n";
  const CommandResult result = Restore(script);
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_EQ(result.out, "backups/3 of 2023-11-14 22:13:20Z: restored into /d, 2.0 KiB\n");
  EXPECT_THAT(Restore(script, "json").out, HasSubstr("\"name\": \"backups/3\""));
}

TEST_F(BackupRestore, AnErrorIsArmstatedsOwn) {
  const std::string script =
      "echo '{\"code\":9,\"message\":\"/d is not empty\",\"details\":[{\"@type\":\"type.googleapis.com/"
      "google.rpc.ErrorInfo\",\"reason\":\"STORAGE_UNAVAILABLE\",\"domain\":\"armstate\",\"metadata\":{\"cause\":\"x\"}"
      "}"
      "]}'\nexit 1\n";
  const CommandResult result = Restore(script);
  EXPECT_EQ(result.exit_status, 1) << result;
  EXPECT_THAT(result.err, StartsWith("armstate: /d is not empty\narmstate: name a folder that is empty"));
  EXPECT_THAT(Restore(script, "json").err, HasSubstr("\"reason\": \"STORAGE_UNAVAILABLE\""));
  EXPECT_EQ(Restore("echo '{\"code\":14,\"message\":\"no disk\"}'; exit 1").exit_status, 4);
}

TEST_F(BackupRestore, AProgramThatAnswersOtherwise) {
  for (const char* script :
       {"exit 0", "exit 2", "echo hello", "echo '{}'; exit 1", "head -c 1000000 /dev/zero; exit 1"}) {
    const CommandResult result = Restore(script);
    EXPECT_EQ(result.exit_status, 1) << script;
    EXPECT_THAT(result.err, HasSubstr("without an answer")) << script;
  }
  const CommandResult killed = Restore("kill -9 $$");
  EXPECT_EQ(killed.exit_status, 1);
  EXPECT_THAT(killed.err, HasSubstr("was ended: Killed"));
}

TEST(Backup, RestoreWithoutAnArmstated) {
  const CommandResult result = RunCommand(
      "127.0.0.1:1", {"backup", "restore", "1", "--backup_dir=/b", "--data_dir=/d", "--armstated=/no/such/program"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(result.err,
            "armstate: cannot run /no/such/program: No such file or directory\n"
            "armstate: name the armstated to run with --armstated\n");
}

TEST(Backup, RestoreNeedsBothFolders) {
  EXPECT_EQ(RunCommand("127.0.0.1:1", {"backup", "restore", "1", "--backup_dir=/b"}).exit_status, 2);
  EXPECT_EQ(RunCommand("127.0.0.1:1", {"backup", "restore", "1", "--data_dir=/d"}).exit_status, 2);
  EXPECT_EQ(RunCommand("127.0.0.1:1", {"backup", "restore", "--data_dir=/d", "--backup_dir=/b"}).exit_status, 2);
}

}  // namespace
}  // namespace armstate
