// A backup of a running armstated that clients push to, restored by the command into an empty folder: a new armstated
// has all that was acknowledged before the backup began.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "client/cli/armstate.h"
#include "tests/testing/armstated_process.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kClients = 3;

// The values that client pushes as `version`.
std::string Values(int client, int64_t version) {
  std::mt19937_64 random(static_cast<uint64_t>(version * kClients + client));
  std::string values;
  for (int i = 0; i < 100; ++i) {
    const uint64_t value = random();
    values.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return values;
}

v1::CreateCheckpointRequest Push(int client, int64_t version) {
  v1::CreateCheckpointRequest request;
  request.set_parent(absl::StrCat("vms/vm-", client));
  request.set_expected_latest_version(version - 1);
  request.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  v1::RegisterList* list = request.mutable_checkpoint()->add_vcpus()->mutable_registers();
  for (uint64_t i = 0; i < 100; ++i) list->add_ids(0x6030000000130000 + i);
  list->set_values(Values(client, version));
  return request;
}

// Clients that push to VMs of their own until they are stopped.
class Pushes {
 public:
  explicit Pushes(const ArmstatedProcess& server) {
    for (int client = 0; client < kClients; ++client) {
      threads_.emplace_back([this, client, stub = v1::CheckpointService::NewStub(server.Connect())] {
        for (int64_t version = 1; !stopped_; ++version) {
          grpc::ClientContext context;
          v1::Checkpoint stored;
          const grpc::Status status = stub->CreateCheckpoint(&context, Push(client, version), &stored);
          ASSERT_TRUE(status.ok()) << status.error_message();
          absl::MutexLock lock(&mutex_);
          acknowledged_[client] = version;
        }
      });
    }
  }
  ~Pushes() { Stop(); }

  void Stop() {
    stopped_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  // The last version of each client that was answered.
  std::map<int, int64_t> Acknowledged() {
    absl::MutexLock lock(&mutex_);
    return acknowledged_;
  }
  void WaitUntilEachHas(int64_t version) {
    const auto reached = [this, version] {
      return acknowledged_.size() == kClients &&
             std::all_of(acknowledged_.begin(), acknowledged_.end(),
                         [version](const auto& client) { return client.second >= version; });
    };
    absl::MutexLock lock(&mutex_);
    EXPECT_TRUE(mutex_.AwaitWithTimeout(absl::Condition(&reached), absl::Minutes(1)));
  }

 private:
  std::atomic<bool> stopped_ = false;
  absl::Mutex mutex_;
  std::map<int, int64_t> acknowledged_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

struct CommandResult {
  int exit_status;
  std::string out;
  std::string err;
};

class BackupTest : public testing::Test {
 protected:
  BackupTest() { server_ = StartServer("data"); }

  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  std::unique_ptr<ArmstatedProcess> StartServer(const std::string& data_dir) const {
    auto server = ArmstatedProcess::StartCommand({"server/armstated", "--listen=127.0.0.1:0",
                                                  "--data_dir=" + Path(data_dir), "--backup_dir=" + Path("backups")});
    EXPECT_TRUE(server.ok()) << server.status();
    return server.ok() ? *std::move(server) : nullptr;
  }

  CommandResult Armstate(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--server", server_->address()});
    std::ostringstream out;
    std::ostringstream err;
    const int exit_status = static_cast<int>(RunArmstate(arguments, Terminal{out, err}));
    return {exit_status, out.str(), err.str()};
  }
  CommandResult Restore(const std::string& number, const std::string& data_dir) const {
    return Armstate({"backup", "restore", number, "--backup_dir=" + Path("backups"), "--data_dir=" + Path(data_dir),
                     "--armstated=server/armstated"});
  }

  TempDir folder_;
  std::unique_ptr<ArmstatedProcess> server_;
};

TEST_F(BackupTest, HasAllThatWasAcknowledgedBefore) {
  Pushes pushes(*server_);
  std::map<int, int64_t> before[2];
  for (int i = 0; i < 2; ++i) {
    pushes.WaitUntilEachHas(30 * (i + 1));
    before[i] = pushes.Acknowledged();
    const CommandResult made = Armstate({"backup", "create"});
    ASSERT_EQ(made.exit_status, 0) << made.err;
    EXPECT_THAT(made.out, StartsWith(absl::StrCat("backups/", i + 1, ": made and verified, ")));
  }
  // The clients were not held up for good.
  pushes.WaitUntilEachHas(pushes.Acknowledged()[0] + 10);
  pushes.Stop();
  EXPECT_THAT(Armstate({"backup", "list"}).out, StartsWith("BACKUP  CREATED "));

  for (int i = 0; i < 2; ++i) {
    const std::string data_dir = absl::StrCat("restored", i + 1);
    const CommandResult restored = Restore(i == 0 ? "1" : "latest", data_dir);
    ASSERT_EQ(restored.exit_status, 0) << restored.err;
    EXPECT_THAT(restored.out, StartsWith(absl::StrCat("backups/", i + 1, " of ")));
    const std::unique_ptr<ArmstatedProcess> server = StartServer(data_dir);
    ASSERT_NE(server, nullptr);
    const auto stub = v1::CheckpointService::NewStub(server->Connect());
    for (const auto& [client, last] : before[i]) {
      ASSERT_GE(last, 30 * (i + 1));
      for (int64_t version = 1; version <= last; ++version) {
        grpc::ClientContext context;
        v1::GetCheckpointRequest request;
        request.set_name(absl::StrCat("vms/vm-", client, "/checkpoints/", version));
        v1::Checkpoint checkpoint;
        const grpc::Status status = stub->GetCheckpoint(&context, request, &checkpoint);
        ASSERT_TRUE(status.ok()) << request.name() << ": " << status.error_message();
        ASSERT_EQ(checkpoint.vcpus(0).registers().values(), Values(client, version)) << request.name();
      }
    }
    // It goes on from there.
    grpc::ClientContext context;
    v1::CreateCheckpointRequest next = Push(0, 1);
    next.clear_expected_latest_version();
    v1::Checkpoint stored;
    ASSERT_TRUE(stub->CreateCheckpoint(&context, next, &stored).ok());
    EXPECT_GT(stored.version(), before[i].at(0));
    EXPECT_EQ(server->Stop(SIGTERM), 0);
  }
}

TEST_F(BackupTest, ADamagedBackupIsRefused) {
  ASSERT_EQ(Armstate({"backup", "create"}).exit_status, 0);
  ASSERT_EQ(Armstate({"backup", "create"}).exit_status, 0);
  // The log of the second one, which no other backup has.
  size_t damaged = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Path("backups/private/2"))) {
    if (entry.file_size() == 0) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const char first = static_cast<char>(file.get());
    file.seekp(0);
    file.put(static_cast<char>(first ^ 1));
    ++damaged;
  }
  ASSERT_GT(damaged, 0u);
  const CommandResult refused = Restore("2", "restored");
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("backups/2"));
  EXPECT_THAT(refused.err, HasSubstr("nothing was restored; try an earlier backup"));
  EXPECT_FALSE(std::filesystem::exists(Path("restored")));
  EXPECT_EQ(Restore("1", "restored").exit_status, 0);
}

TEST_F(BackupTest, NothingIsRestoredOverAnything) {
  ASSERT_EQ(Armstate({"backup", "create"}).exit_status, 0);
  // A server runs there.
  CommandResult refused = Restore("1", "data");
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_EQ(refused.err,
            absl::StrCat("armstate: ", Path("data"), " is not empty: a backup is not restored over anything\n",
                         "armstate: name a folder that is empty or does not exist with --data_dir\n"));
  std::filesystem::create_directory(Path("other"));
  std::ofstream(Path("other/file")) << "somebody's";
  EXPECT_EQ(Restore("1", "other").exit_status, 1);
  EXPECT_TRUE(std::filesystem::exists(Path("other/file")));
  EXPECT_EQ(Armstate({"list"}).exit_status, 0);
}

// Who asks for the latest does not get an older one instead.
TEST_F(BackupTest, TheLatestIsDamaged) {
  for (int i = 0; i < 3; ++i) ASSERT_EQ(Armstate({"backup", "create"}).exit_status, 0);
  std::ofstream(Path("backups/meta/2")) << "damaged";
  std::ofstream(Path("backups/meta/3")) << "damaged";
  for (const char* number : {"latest", "3"}) {
    const CommandResult refused = Restore(number, "restored");
    EXPECT_EQ(refused.exit_status, 1) << refused.out;
    EXPECT_THAT(refused.err, HasSubstr("backups/3 is damaged"));
    EXPECT_THAT(refused.err, HasSubstr("The latest intact backup before it is 1: restore it by its number"));
  }
  EXPECT_FALSE(std::filesystem::exists(Path("restored")));
  EXPECT_EQ(Restore("1", "restored").exit_status, 0);
  EXPECT_TRUE(std::filesystem::exists(Path("restored")));
}

TEST_F(BackupTest, ThereIsNoSuchBackup) {
  CommandResult refused = Restore("latest", "restored");
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr(absl::StrCat("there is no backup in ", Path("backups"))));
  ASSERT_EQ(Armstate({"backup", "create"}).exit_status, 0);
  refused = Restore("7", "restored");
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("there is no backup 7 in"));
  for (const char* number : {"0", "-1", "first", "1x", "4294967297"}) {
    refused = Restore(number, "restored");
    EXPECT_EQ(refused.exit_status, 1) << number;
    EXPECT_THAT(refused.err, HasSubstr("neither the number of a backup nor latest")) << number;
  }
  EXPECT_FALSE(std::filesystem::exists(Path("restored")));
}

}  // namespace
}  // namespace armstate
