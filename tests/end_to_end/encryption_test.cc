// The encryption of armstated itself: its flags, its log, its files, keys that change under load.
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "armstate/v1/admin_service.grpc.pb.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/client_context.h"
#include "tests/testing/armstated_process.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/whole_file.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kApiaLo = 0x603000000013c108;
// 8 bytes that no other file has.
constexpr char kKey[] = "\x5e\xc2\xe7\xa1\x1d\x0b\xfa\xb5";

class ArmstatedEncryptionTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  // Its log is in Path("log").
  absl::StatusOr<std::unique_ptr<ArmstatedProcess>> Start(std::vector<std::string> flags) {
    std::string line = absl::StrCat("exec server/armstated --listen=127.0.0.1:0 --data_dir=", Path("data"),
                                    " --backup_dir=", Path("backup"));
    for (const std::string& flag : flags) absl::StrAppend(&line, " '", flag, "'");
    return ArmstatedProcess::StartCommand({"/bin/bash", "-c", line + " 2> >(tee -a " + Path("log") + " >&2)"});
  }

  static grpc::Status Push(const std::shared_ptr<grpc::Channel>& channel, const std::string& value) {
    v1::CreateCheckpointRequest request;
    request.set_parent("vms/a");
    request.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
    v1::VcpuState& vcpu = *request.mutable_checkpoint()->add_vcpus();
    vcpu.mutable_registers()->add_ids(kApiaLo);
    vcpu.mutable_registers()->set_values(value);
    grpc::ClientContext context;
    v1::Checkpoint stored;
    return v1::CheckpointService::NewStub(channel)->CreateCheckpoint(&context, request, &stored);
  }

  static std::string Get(const std::shared_ptr<grpc::Channel>& channel, int version) {
    v1::GetCheckpointRequest request;
    request.set_name(absl::StrCat("vms/a/checkpoints/", version));
    request.set_include_secrets(true);
    grpc::ClientContext context;
    v1::Checkpoint stored;
    const grpc::Status status = v1::CheckpointService::NewStub(channel)->GetCheckpoint(&context, request, &stored);
    return status.ok() ? stored.vcpus(0).registers().values() : status.error_message();
  }

  static grpc::Status Rotate(const std::shared_ptr<grpc::Channel>& channel, bool new_data_key,
                             v1::RotateEncryptionKeyResponse* response) {
    v1::RotateEncryptionKeyRequest request;
    request.set_new_data_key(new_data_key);
    grpc::ClientContext context;
    return v1::AdminService::NewStub(channel)->RotateEncryptionKey(&context, request, response);
  }

  // Files below the folder that have the key.
  int FilesWithTheKey() const {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (entry.path().filename() == "RESERVE") continue;  // large, and never written to
      if (entry.is_regular_file() && absl::StrContains(ReadFile(entry.path().string()), kKey)) ++count;
    }
    return count;
  }

  TempDir folder_;
};

TEST_F(ArmstatedEncryptionTest, NoFileHasAKeyThatWasPushed) {
  const std::string file = WriteFile(folder_, "key", std::string(64, 'c') + "\n");
  for (const bool encrypted : {true, false}) {
    auto server = Start({encrypted ? "--encryption_key_file=" + file : "--unencrypted"});
    ASSERT_TRUE(server.ok()) << server.status();
    const auto channel = (*server)->Connect();
    ASSERT_TRUE(Push(channel, kKey).ok());
    grpc::ClientContext context;
    v1::Backup backup;
    ASSERT_TRUE(v1::AdminService::NewStub(channel)->CreateBackup(&context, {}, &backup).ok());
    EXPECT_EQ(Get(channel, 1), kKey);
    EXPECT_EQ(FilesWithTheKey() > 0, !encrypted);
    EXPECT_EQ((*server)->Stop(SIGTERM), 0);
    EXPECT_EQ(FilesWithTheKey() > 0, !encrypted);
    EXPECT_THAT(ReadFile(Path("log")), HasSubstr(encrypted ? "records are encrypted with data key 1"
                                                           : "records are not encrypted on disk, as --unencrypted"));
    std::filesystem::remove_all(Path("data"));
    std::filesystem::remove_all(Path("backup"));
  }
}

TEST_F(ArmstatedEncryptionTest, ADatabaseOfAnotherKeyIsRefusedAtTheStart) {
  const std::string right = WriteFile(folder_, "right", std::string(32, 'r'));
  const std::string wrong = WriteFile(folder_, "wrong", std::string(32, 'w'));
  const std::string broken = WriteFile(folder_, "broken", "not a key");
  ASSERT_TRUE(Start({"--encryption_key_file=" + right}).ok());
  const std::pair<std::vector<std::string>, const char*> refused[] = {
      {{"--encryption_key_file=" + wrong}, "is encrypted under the key with the ID"},
      {{"--unencrypted"}, "is encrypted, and no key was given"},
      {{}, "is encrypted, and no key was given"},
      {{"--encryption_key_file=" + broken}, "it is no key: a key is 32 bytes or 64 hexadecimal digits"},
      {{"--encryption_key_file=" + Path("missing")}, "no key could be read: No such file"},
      {{"--encryption_key_command=exit 3"}, "its exit status is 3"},
      {{"--encryption_key_command=yes"}, "it is no key"},
      {{"--encryption_key_file=" + right, "--unencrypted"}, "excludes"},
  };
  for (const auto& [flags, why] : refused) {
    const absl::Status status = Start(flags).status();
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
    EXPECT_FALSE(absl::StrContains(status.message(), "wwww"));
  }
  EXPECT_TRUE(Start({"--encryption_key_file=" + right}).ok());
}

// As a key management service would do: the file has the key in another form, which the command takes off.
TEST_F(ArmstatedEncryptionTest, ACommandGetsTheFileAndPrintsTheKey) {
  const std::string wrapped = WriteFile(folder_, "wrapped", std::string(32, 'S') + "\n");
  auto server = Start({"--encryption_key_file=" + wrapped, "--encryption_key_command=tr S k | head -c 32"});
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_TRUE(Push((*server)->Connect(), kKey).ok());
  server->reset();
  const std::string unwrapped = WriteFile(folder_, "unwrapped", std::string(32, 'k'));
  server = Start({"--encryption_key_file=" + unwrapped});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(Get((*server)->Connect(), 1), kKey);
}

TEST_F(ArmstatedEncryptionTest, KeysAreRotatedUnderLoadWithoutAnError) {
  const std::string file = WriteFile(folder_, "key", std::string(32, '0'));
  auto server = Start({"--encryption_key_file=" + file});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto channel = (*server)->Connect();
  std::atomic<bool> stop = false;
  std::atomic<int> pushed = 0, failed = 0;
  std::thread load([&] {
    while (!stop) {
      if (!Push(channel, absl::StrCat(pushed + 10000000).substr(0, 8)).ok()) ++failed;
      ++pushed;
    }
  });
  v1::RotateEncryptionKeyResponse response;
  for (int i = 1; i <= 5; ++i) {
    std::filesystem::rename(WriteFile(folder_, "new", std::string(32, static_cast<char>('0' + i))), file);
    EXPECT_EQ(Rotate(channel, i % 2 == 1, &response).error_message(), "");
    while (pushed < 40 * i) std::this_thread::yield();
  }
  EXPECT_EQ(response.data_key(), 4u);
  // A file that is no key changes nothing.
  std::filesystem::rename(WriteFile(folder_, "new", "no key"), file);
  const grpc::Status broken = Rotate(channel, true, &response);
  EXPECT_EQ(broken.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(broken.error_message(), HasSubstr("it is no key"));
  stop = true;
  load.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ((*server)->Stop(SIGKILL), -SIGKILL);

  WriteFile(folder_, "key", std::string(32, '5'));
  server = Start({"--encryption_key_file=" + file});
  ASSERT_TRUE(server.ok()) << server.status();
  for (int version = 1; version <= pushed; ++version) {
    EXPECT_EQ(Get((*server)->Connect(), version), absl::StrCat(version - 1 + 10000000));
  }
}

}  // namespace
}  // namespace armstate
