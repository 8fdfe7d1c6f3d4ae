// The program itself: start, stop, flags, limits.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "armstate/v1/admin_service.grpc.pb.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "tests/testing/armstated_process.h"
#include "tests/testing/run_shell.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

// Of one vCPU, which may have 1 MiB.
constexpr size_t kFillerBytes = 1000000;

// A request whose serialized size is exactly `size` bytes: as many vCPUs as it takes, with most of it in opaque fields.
v1::CreateCheckpointRequest RequestOfSize(size_t size) {
  v1::CreateCheckpointRequest request;
  request.set_parent("vms/large");
  request.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  for (size_t left = size - 200; left > 0; left -= std::min(left, kFillerBytes)) {
    v1::VcpuState* const vcpu = request.mutable_checkpoint()->add_vcpus();
    vcpu->set_vcpu_index(request.checkpoint().vcpus_size() - 1);
    vcpu->mutable_registers()->add_ids(0x603000000013c080);
    vcpu->mutable_registers()->set_values(std::string(8, '\x01'));
    v1::OpaqueField* const field = vcpu->add_opaque_fields();
    field->set_name("filler");
    field->set_data(std::string(std::min(left, kFillerBytes), 'x'));
  }
  std::string& filler = *request.mutable_checkpoint()->mutable_vcpus(0)->mutable_opaque_fields(0)->mutable_data();
  filler.resize(filler.size() + size - request.ByteSizeLong(), 'x');
  EXPECT_EQ(request.ByteSizeLong(), size);
  return request;
}

TEST(ArmstatedTest, SigtermDrainsAndTheDataStays) {
  const TempDir data_dir;
  for (int version = 1; version <= 2; ++version) {
    auto server = ArmstatedProcess::Start(data_dir.path());
    ASSERT_TRUE(server.ok()) << server.status();
    {
      const auto stub = v1::CheckpointService::NewStub((*server)->Connect());
      grpc::ClientContext context;
      v1::Checkpoint stored;
      const grpc::Status status = stub->CreateCheckpoint(&context, RequestOfSize(1000), &stored);
      ASSERT_TRUE(status.ok()) << status.error_message();
      EXPECT_EQ(stored.version(), version);
    }
    EXPECT_EQ((*server)->Stop(SIGTERM), 0);
  }
}

// What the log had could not be brought into tables.
TEST(ArmstatedTest, ALastWriteThatFailsIsTheExitStatus) {
  const TempDir folder;
  const std::string data_dir = folder.path() + "/data";
  auto server = ArmstatedProcess::Start(data_dir);
  ASSERT_TRUE(server.ok()) << server.status();
  {
    const auto stub = v1::CheckpointService::NewStub((*server)->Connect());
    grpc::ClientContext context;
    v1::Checkpoint stored;
    const grpc::Status status = stub->CreateCheckpoint(&context, RequestOfSize(1000), &stored);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  std::filesystem::remove_all(data_dir);
  EXPECT_EQ((*server)->Stop(SIGTERM), 1);
}

TEST(ArmstatedTest, SecondServerOnTheSameDataIsRefused) {
  const TempDir data_dir;
  auto first = ArmstatedProcess::Start(data_dir.path());
  ASSERT_TRUE(first.ok()) << first.status();
  auto second = ArmstatedProcess::Start(data_dir.path());
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.status().message().find("another armstated"), absl::string_view::npos) << second.status();
}

// Whatever the umask is that it is started with, and whatever an earlier release has left.
TEST(ArmstatedTest, OtherUsersCanReadNothing) {
  const TempDir dir;
  const std::string data_dir = dir.path() + "/data";
  const std::string backup_dir = dir.path() + "/backup";
  const std::string command = absl::StrCat(
      "umask 022; exec server/armstated --listen=127.0.0.1:0 --data_dir=", data_dir, " --backup_dir=", backup_dir);
  for (int start = 1; start <= 2; ++start) {
    auto server = ArmstatedProcess::StartCommand({"/bin/sh", "-c", command});
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_EQ(absl::StrContains((*server)->log(), "other users could read"), start == 2) << (*server)->log();
    grpc::ClientContext context;
    v1::Checkpoint stored;
    ASSERT_TRUE(v1::CheckpointService::NewStub((*server)->Connect())
                    ->CreateCheckpoint(&context, RequestOfSize(100000), &stored)
                    .ok());
    grpc::ClientContext backup_context;
    v1::Backup backup;
    ASSERT_TRUE(v1::AdminService::NewStub((*server)->Connect())->CreateBackup(&backup_context, {}, &backup).ok());
    EXPECT_EQ(RunShell(absl::StrCat("find ", data_dir, " ", backup_dir, " -perm /077")), "");
    EXPECT_EQ((*server)->Stop(SIGTERM), 0);
    EXPECT_EQ(RunShell(absl::StrCat("find ", data_dir, " ", backup_dir, " -perm /077")), "");
    RunShell(absl::StrCat("chmod -R a+rX ", data_dir, " ", backup_dir));
  }
}

TEST(ArmstatedTest, TheLogSaysWhatIsListenedOn) {
  const struct {
    const char* listen;
    const char* says;  // and then the port, where it is not named
    bool warns;
  } kCases[] = {
      {"127.0.0.1:0", ", address 127.0.0.1:", false},
      {"127.7.4.43", ", address 127.7.4.43:7443,", false},  // gRPC's default would be 443
      {"[::1]:0", ", address [::1]:", false},
      {"0.0.0.0:0", ", address 0.0.0.0:", true},
      {"unix-abstract:armstated-test", " listening on address unix-abstract:armstated-test,", false},
  };
  for (const auto& test : kCases) {
    const TempDir data_dir;
    auto server = ArmstatedProcess::StartCommand(
        {"server/armstated", "--insecure", "--listen", test.listen, absl::StrCat("--data_dir=", data_dir.path())});
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_THAT((*server)->log(), HasSubstr(test.says));
    EXPECT_EQ(absl::StrContains((*server)->log(), "--insecure: 0.0.0.0:"), test.warns) << (*server)->log();
  }
}

TEST(ArmstatedTest, FlagsThatCannotBeMeantAreRefused) {
  const struct {
    const char* flags;
    const char* says;
  } kCases[] = {
      {"--listen=127.0.0.1:99999", "a port is a number from 0 to 65535"},
      {"--listen=127.0.0.1:x", "a port is a number from 0 to 65535"},
      {"--listen=:7443", "begins with the name or IP address"},
      {"--listen=7443", "begins with the name or IP address"},
      {"--listen= --data_dir=elsewhere", "--listen= has no value"},
      {"--listen ''", "--listen: is empty"},
      {"--data_dir ''", "--data_dir: is empty"},
      {"--backup_dir=b --restore_backup ''", "--restore_backup: is empty"},
      {"--listen=0.0.0.0:0", "cannot listen on 0.0.0.0:0 without encryption: "},
      {"--listen=armstate.example", "cannot listen on armstate.example:7443 without encryption: "},
      {"--tls_key=/dev/null", "--tls_key requires --tls_certificate"},
      {"--tls_certificate=/dev/null", "a certificate needs its private key"},
      {"--metrics=127.0.0.1:x", "--metrics: "},
      {"-- --drain_seconds=9", "were not expected: --drain_seconds=9"},
      {"--drain_seconds=-1", "-1 is not a number from 0 on\n"},
  };
  for (const auto& test : kCases) {
    const TempDir data_dir;
    const std::string out = RunShell(
        absl::StrCat("timeout 30 server/armstated --data_dir=", data_dir.path(), " ", test.flags, " 2>&1; echo $?"));
    EXPECT_THAT(out, HasSubstr(test.says)) << test.flags;
    EXPECT_THAT(out, EndsWith("\n2\n")) << test.flags;
    EXPECT_LT(out.size(), 500u) << test.flags;
  }
}

TEST(ArmstatedTest, AnAddressThatIsTakenLeavesTheDiskAlone) {
  const TempDir dir;
  const auto server = ArmstatedProcess::Start(dir.path() + "/first");
  ASSERT_TRUE(server.ok()) << server.status();
  for (const std::string& listen : {(*server)->address(), std::string("no-such-host.invalid")}) {
    const std::string out = RunShell(absl::StrCat("timeout 30 server/armstated --insecure --listen=", listen,
                                                  " --data_dir=", dir.path(), "/second 2>&1; echo $?"));
    EXPECT_THAT(out, HasSubstr("cannot listen on " + listen));
    EXPECT_THAT(out, EndsWith("\n1\n"));
  }
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/second"));
}

TEST(ArmstatedTest, BackupsThatWouldBeLostWithTheDataAreRefused) {
  const TempDir dir;
  const std::string data_dir = dir.path() + "/data";
  std::filesystem::create_directory(data_dir);
  std::filesystem::create_directory_symlink(data_dir, dir.path() + "/link");
  RunShell(absl::StrCat("echo x > ", dir.path(), "/file"));
  const struct {
    const char* backup_dir;
    const char* says;
  } kCases[] = {
      {"/data", " is --data_dir, which is "},
      {"/link/", " is --data_dir, which is "},
      {"/data/backups", " is in --data_dir, which is "},
      {"/other/../link/not/yet", " is in --data_dir, which is "},
      {"/file", "/file is not a folder; name a folder"},
      {"/file/backups", "/file is not a folder; name a folder"},
  };
  for (const auto& test : kCases) {
    const std::string out =
        RunShell(absl::StrCat("timeout 30 server/armstated --listen=127.0.0.1:0 --data_dir=", data_dir,
                              " --backup_dir=", dir.path(), test.backup_dir, " 2>&1; echo $?"));
    EXPECT_THAT(out, HasSubstr(test.says)) << test.backup_dir;
    EXPECT_THAT(out, EndsWith("\n2\n")) << test.backup_dir;
  }
  EXPECT_TRUE(std::filesystem::is_empty(data_dir));
  // Its name begins as that of data_dir.
  auto server =
      ArmstatedProcess::StartCommand({"server/armstated", "--listen=127.0.0.1:0", absl::StrCat("--data_dir=", data_dir),
                                      absl::StrCat("--backup_dir=", data_dir, "-backups")});
  EXPECT_TRUE(server.ok()) << server.status();
}

TEST(ArmstatedTest, AMemoryLimitAboveTheMachinesIsSaidAndNotTaken) {
  for (const auto& [limit, warns] : {std::pair<const char*, bool>{"900000GiB", true}, {"512MiB", false}}) {
    const TempDir data_dir;
    auto server = ArmstatedProcess::StartCommand({"server/armstated", "--listen=127.0.0.1:0",
                                                  absl::StrCat("--data_dir=", data_dir.path()),
                                                  absl::StrCat("--memory_limit=", limit)});
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_EQ(absl::StrContains((*server)->log(), "--memory_limit is 921600000 MiB, but this process can have only "),
              warns)
        << (*server)->log();
  }
}

// The documented limit of 16 MiB: a message of this size passes, one more byte does not.
TEST(ArmstatedTest, MessageLimitIsSixteenMebibytes) {
  const TempDir data_dir;
  auto server = ArmstatedProcess::Start(data_dir.path());
  ASSERT_TRUE(server.ok()) << server.status();
  const auto stub = v1::CheckpointService::NewStub((*server)->Connect());
  v1::Checkpoint stored;
  {
    grpc::ClientContext context;
    const grpc::Status status = stub->CreateCheckpoint(&context, RequestOfSize(16777216), &stored);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  {
    grpc::ClientContext context;
    v1::GetCheckpointRequest request;
    request.set_name("vms/large/checkpoints/latest");
    v1::Checkpoint read;
    const grpc::Status status = stub->GetCheckpoint(&context, request, &read);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(read.vcpus_size(), 17);
    EXPECT_GT(read.ByteSizeLong(), 16777216u - 300);
  }
  {
    grpc::ClientContext context;
    const grpc::Status status = stub->CreateCheckpoint(&context, RequestOfSize(16777217), &stored);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
}

}  // namespace
}  // namespace armstate
