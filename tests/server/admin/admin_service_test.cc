// Tests AdminService: statistics and backups.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "storage/backup.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using StatusCode = grpc::StatusCode;

int64_t CountOf(const v1::Histogram& histogram) {
  int64_t count = 0;
  for (const v1::Histogram::Bucket& bucket : histogram.buckets()) count += bucket.count();
  return count;
}

class StatisticsTest : public ServerTest {
 protected:
  v1::Statistics Statistics() {
    v1::Statistics statistics;
    EXPECT_EQ(Call(admin(), &AdminStub::GetStatistics, v1::GetStatisticsRequest(), &statistics), RpcResult());
    return statistics;
  }
};

TEST_F(StatisticsTest, OfAnEmptyServer) {
  const v1::Statistics statistics = Statistics();
  EXPECT_EQ(statistics.vm_count(), 0);
  EXPECT_EQ(statistics.checkpoint_count(), 0);
  EXPECT_EQ(statistics.raw_bytes(), 0);
  EXPECT_EQ(statistics.stored_ratio(), 0);
  EXPECT_EQ(statistics.created_checkpoints(), 0);
  EXPECT_EQ(statistics.commit_operations(), 0);
  EXPECT_THAT(statistics.commit_batch_sizes().buckets(), IsEmpty());
  EXPECT_NEAR(statistics.start_time().seconds(), absl::ToUnixSeconds(absl::Now()), 60);
}

TEST_F(StatisticsTest, CountsWhatIsStoredAndWhatWasDone) {
  Create(SmallRequest("vms/a", 1, 2));  // 2 vCPUs with 2 registers
  Create(SmallRequest("vms/a", 2, 2));
  Create(SmallRequest("vms/a", 3, 2));
  Create(SmallRequest("vms/b", 1));
  v1::UpdateCheckpointRequest protect;
  protect.mutable_checkpoint()->set_name("vms/a/checkpoints/1");
  protect.mutable_checkpoint()->set_is_protected(true);
  protect.mutable_update_mask()->add_paths("is_protected");
  ASSERT_EQ(Call(checkpoints(), &CheckpointStub::UpdateCheckpoint, protect), RpcResult());
  v1::DeleteCheckpointRequest deletion;
  deletion.set_name("vms/a/checkpoints/2");
  ASSERT_EQ(Call(checkpoints(), &CheckpointStub::DeleteCheckpoint, deletion), RpcResult());

  v1::Statistics statistics = Statistics();
  EXPECT_EQ(statistics.vm_count(), 2);
  EXPECT_EQ(statistics.checkpoint_count(), 3);
  EXPECT_EQ(statistics.protected_checkpoint_count(), 1);
  EXPECT_EQ(statistics.raw_bytes(), 2 * 64 + 32);
  EXPECT_GT(statistics.stored_bytes(), 0);
  EXPECT_DOUBLE_EQ(statistics.stored_ratio(), static_cast<double>(statistics.stored_bytes()) / 160);
  EXPECT_EQ(statistics.created_checkpoints(), 4);
  EXPECT_EQ(statistics.full_copies(), 2);
  EXPECT_EQ(statistics.commit_operations(), 6);
  // The calls were sequential, so each had its own write.
  EXPECT_EQ(statistics.commit_writes(), 6);
  EXPECT_EQ(statistics.failed_commit_writes(), 0);
  EXPECT_GT(statistics.commit_bytes(), 0);
  ASSERT_EQ(statistics.commit_batch_sizes().buckets_size(), 1);
  EXPECT_EQ(statistics.commit_batch_sizes().buckets(0).up_to(), 1);
  EXPECT_EQ(statistics.commit_batch_sizes().buckets(0).count(), 6);
  EXPECT_EQ(CountOf(statistics.commit_microseconds()), 6);
  EXPECT_GE(statistics.rocksdb().at("rocksdb.wal.synced"), 6);
  EXPECT_GT(statistics.rocksdb().at("rocksdb.wal.file.sync.micros.p99"), 0);

  // Stored data remain; the counters belong to the other server.
  Restart();
  statistics = Statistics();
  EXPECT_EQ(statistics.vm_count(), 2);
  EXPECT_EQ(statistics.checkpoint_count(), 3);
  EXPECT_EQ(statistics.raw_bytes(), 160);
  EXPECT_EQ(statistics.created_checkpoints(), 0);
  EXPECT_EQ(statistics.commit_operations(), 0);
}

TEST_F(StatisticsTest, WithoutAFolderThereAreNoBackups) {
  const RpcResult not_set{StatusCode::FAILED_PRECONDITION, "BACKUP_DIR_NOT_SET", {}};
  const RpcResult created = Call(admin(), &AdminStub::CreateBackup, v1::CreateBackupRequest());
  EXPECT_EQ(created, not_set);
  EXPECT_THAT(created.message, HasSubstr("--backup_dir"));
  EXPECT_EQ(Call(admin(), &AdminStub::ListBackups, v1::ListBackupsRequest()), not_set);
}

class BackupsTest : public ServerTest {
 protected:
  BackupsTest() : BackupsTest(TempDir().path()) {}
  ~BackupsTest() override {
    Stop();
    std::filesystem::remove_all(folder_);
  }

  v1::Backup CreateBackup() {
    v1::Backup backup;
    EXPECT_EQ(Call(admin(), &AdminStub::CreateBackup, v1::CreateBackupRequest(), &backup), RpcResult());
    return backup;
  }
  RpcResult List(const v1::ListBackupsRequest& request, v1::ListBackupsResponse* response) {
    return Call(admin(), &AdminStub::ListBackups, request, response);
  }

  const std::string folder_;

 private:
  explicit BackupsTest(const std::string& folder) : ServerTest(Options(folder)), folder_(folder) {}
  static ServerOptions Options(const std::string& folder) {
    ServerOptions options;
    options.backup_dir = folder;
    return options;
  }
};

TEST_F(BackupsTest, AreMadeAndListed) {
  v1::ListBackupsResponse response;
  ASSERT_EQ(List({}, &response), RpcResult());
  EXPECT_THAT(response.backups(), IsEmpty());
  for (int i = 1; i <= 3; ++i) {
    Create(SmallRequest("vms/a", static_cast<uint64_t>(i)));
    const v1::Backup backup = CreateBackup();
    EXPECT_EQ(backup.name(), "backups/" + std::to_string(i));
    EXPECT_GT(backup.size_bytes(), 0);
    EXPECT_NEAR(backup.create_time().seconds(), absl::ToUnixSeconds(absl::Now()), 60);
  }
  ASSERT_EQ(List({}, &response), RpcResult());
  ASSERT_EQ(response.backups_size(), 3);
  EXPECT_EQ(response.backups(0).name(), "backups/1");
  EXPECT_EQ(response.next_page_token(), "");

  v1::ListBackupsRequest request;
  request.set_page_size(2);
  ASSERT_EQ(List(request, &response), RpcResult());
  ASSERT_EQ(response.backups_size(), 2);
  request.set_page_token(response.next_page_token());
  ASSERT_EQ(List(request, &response), RpcResult());
  ASSERT_EQ(response.backups_size(), 1);
  EXPECT_EQ(response.backups(0).name(), "backups/3");
  EXPECT_EQ(response.next_page_token(), "");
  request.set_page_token("x");
  EXPECT_EQ(List(request, &response).reason, "PAGE_TOKEN_INVALID");
  request.set_page_size(-1);
  EXPECT_EQ(List(request, &response).reason, "FIELD_INVALID");
}

TEST_F(BackupsTest, AFolderThatCannotBeWritten) {
  std::filesystem::remove_all(folder_);
  std::ofstream(folder_) << "a file";
  for (const RpcResult& result : {Call(admin(), &AdminStub::CreateBackup, v1::CreateBackupRequest()),
                                  Call(admin(), &AdminStub::ListBackups, v1::ListBackupsRequest())}) {
    EXPECT_EQ(result.code, StatusCode::UNAVAILABLE);
    EXPECT_EQ(result.reason, "STORAGE_UNAVAILABLE");
  }
}

// A named pipe where RocksDB expects the description of a backup blocks CreateBackup until the test writes to it.
class SlowBackupsTest : public BackupsTest {
 protected:
  SlowBackupsTest() {
    std::filesystem::create_directories(folder_ + "/meta");
    EXPECT_EQ(mkfifo(pipe_.c_str(), 0600), 0);
    call_ = std::thread([this] {
      v1::Backup backup;
      const grpc::Status status = admin().CreateBackup(&context_, v1::CreateBackupRequest(), &backup);
      name_ = backup.name();
      code_ = status.error_code();
    });
    // Succeeds when the other end is open.
    const absl::Time deadline = absl::Now() + absl::Minutes(1);
    while (writer_ < 0 && absl::Now() < deadline) writer_ = open(pipe_.c_str(), O_WRONLY | O_NONBLOCK);
    EXPECT_GE(writer_, 0);
  }

  // An empty file is the description of no backup: RocksDB passes over it.
  void LetGo() {
    // No later reader may be blocked by it.
    std::filesystem::rename(pipe_, folder_ + "/pipe");
    close(writer_);
    call_.join();
  }

  const std::string pipe_ = folder_ + "/meta/1";
  grpc::ClientContext context_;
  int writer_ = -1;
  std::thread call_;
  // Its answer.
  std::string name_;
  StatusCode code_ = StatusCode::UNKNOWN;
};

TEST_F(SlowBackupsTest, OthersAreAnsweredMeanwhile) {
  const RpcResult second = Call(admin(), &AdminStub::CreateBackup, v1::CreateBackupRequest());
  EXPECT_EQ(second, (RpcResult{StatusCode::UNAVAILABLE, "BACKUP_RUNNING"}));
  Create(SmallRequest("vms/a", 1));
  EXPECT_EQ(Call(admin(), &AdminStub::GetStatistics, v1::GetStatisticsRequest()), RpcResult());
  LetGo();
  EXPECT_EQ(code_, StatusCode::OK);
  EXPECT_EQ(CreateBackup().name(), "backups/" + std::to_string(std::stoi(name_.substr(8)) + 1));
}

TEST_F(SlowBackupsTest, ACancelledCallLeavesNoBackup) {
  context_.TryCancel();
  // The server knows it when a later call on the same connection is answered.
  EXPECT_EQ(Call(admin(), &AdminStub::GetStatistics, v1::GetStatisticsRequest()), RpcResult());
  LetGo();
  EXPECT_EQ(code_, StatusCode::CANCELLED);
  // The client gets its answer at once; the server ends the backup before it starts another one.
  RpcResult next;
  const absl::Time deadline = absl::Now() + absl::Minutes(1);
  do {
    next = Call(admin(), &AdminStub::CreateBackup, v1::CreateBackupRequest());
  } while (next.code == StatusCode::UNAVAILABLE && absl::Now() < deadline);
  EXPECT_EQ(next, RpcResult());
  EXPECT_EQ(ListBackups(folder_)->size(), 1u);
}

TEST(BackupDir, MustNotBeTheDataDir) {
  TempDir folder;
  ServerOptions options;
  options.data_dir = folder.path() + "/data";
  options.backup_dir = folder.path() + "/./data/";
  const absl::Status status = Server::Start(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("backup_dir must not be data_dir"));
}

}  // namespace
}  // namespace armstate
