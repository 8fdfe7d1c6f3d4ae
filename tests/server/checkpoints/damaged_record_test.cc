// Tests a checkpoint whose bytes are damaged on disk: the error names it, and the others are not affected.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

constexpr char kDamaged[] = "vms/a/checkpoints/2";

// Bytes that do not compress, so that they stand in the database's files as they are.
std::string RandomBytes(unsigned seed, size_t size) {
  std::mt19937 random(seed);
  std::string bytes;
  while (bytes.size() < size) bytes += static_cast<char>(random());
  return bytes;
}

// Changes one bit in the middle of `content`, which must be once in the tables or blobs of the database.
void FlipBitIn(const std::string& data_dir, const std::string& content) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir)) {
    if (entry.path().extension() != ".sst" && entry.path().extension() != ".blob") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const size_t at = bytes.find(content);
    if (at == std::string::npos) continue;
    ++found;
    const size_t middle = at + content.size() / 2;
    file.clear();
    file.seekp(static_cast<std::streamoff>(middle));
    file.put(static_cast<char>(bytes[middle] ^ 0x10));
  }
  ASSERT_EQ(found, 1);
}

class DamagedRecordTest : public ServerTest {
 protected:
  // Three checkpoints with 16 KiB of content each, so that none shares a block of the database with another.
  void SetUp() override {
    for (unsigned version = 1; version <= 3; ++version) {
      v1::CreateCheckpointRequest request = SmallRequest("vms/a", version);
      request.set_request_id(absl::StrCat("r", version));
      v1::OpaqueField* field = request.mutable_checkpoint()->mutable_vcpus(0)->add_opaque_fields();
      field->set_name("content");
      field->set_data(RandomBytes(version, 16384));
      requests_[version] = request;
      ASSERT_EQ(Create(request).version(), version);
    }
    Stop();
    FlipBitIn(data_dir(), RandomBytes(2, 16384));
    Start();
  }

  const RpcResult damaged_{grpc::StatusCode::DATA_LOSS, "RECORD_DAMAGED", {{"record", kDamaged}}};
  v1::CreateCheckpointRequest requests_[4];
};

TEST_F(DamagedRecordTest, IsNamedByAllThatNeedIt) {
  v1::GetCheckpointRequest get;
  get.set_name(kDamaged);
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::GetCheckpoint, get), damaged_);
  get.set_view(v1::CHECKPOINT_VIEW_BASIC);
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::GetCheckpoint, get), damaged_);
  get.set_view(v1::CHECKPOINT_VIEW_FULL);
  get.add_vcpu_indexes(0);
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::GetCheckpoint, get), damaged_);

  v1::ValidateCheckpointRequest validate;
  validate.set_checkpoint(kDamaged);
  validate.mutable_target()->set_cpu_profile("cpuProfiles/qemu-7.2.virt.cortex-a57");
  EXPECT_EQ(Call(restore(), &RestoreStub::ValidateCheckpoint, validate), damaged_);
  CreateMachine("m", "qemu-7.2.virt.cortex-a57");
  v1::RestoreMachineRequest restore_machine;
  restore_machine.set_machine("machines/m");
  restore_machine.set_checkpoint(kDamaged);
  EXPECT_EQ(Call(engine(), &EngineStub::RestoreMachine, restore_machine), damaged_);
  // Its request ID is known, but what it made cannot be compared.
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::CreateCheckpoint, requests_[2]), damaged_);
}

TEST_F(DamagedRecordTest, OthersAreReadableAndListed) {
  EXPECT_EQ(Get("vms/a/checkpoints/1").vcpus(0).opaque_fields(0).data(), RandomBytes(1, 16384));
  EXPECT_EQ(Get("vms/a/checkpoints/latest").vcpus(0).opaque_fields(0).data(), RandomBytes(3, 16384));
  EXPECT_EQ(Create(SmallRequest("vms/a", 4)).version(), 4);

  v1::ListCheckpointsRequest list;
  list.set_parent("vms/a");
  v1::ListCheckpointsResponse listed;
  ASSERT_EQ(Call(checkpoints(), &CheckpointStub::ListCheckpoints, list, &listed), RpcResult());
  ASSERT_EQ(listed.checkpoints_size(), 4);
  for (const int i : {0, 2, 3}) {
    EXPECT_EQ(listed.checkpoints(i).version(), i + 1);
    EXPECT_EQ(listed.checkpoints(i).register_count(), 2);
    EXPECT_FALSE(listed.checkpoints(i).has_error());
  }
  EXPECT_EQ(listed.checkpoints(1).name(), kDamaged);
  EXPECT_EQ(listed.checkpoints(1).version(), 2);
  EXPECT_EQ(listed.checkpoints(1).error().code(), grpc::StatusCode::DATA_LOSS);
}

TEST_F(DamagedRecordTest, QueriesNameItAndGoOn) {
  v1::CompareCheckpointsRequest compare;
  compare.set_old_checkpoint("vms/a/checkpoints/1");
  compare.set_new_checkpoint(kDamaged);
  RpcResult result = Call(checkpoints(), &CheckpointStub::CompareCheckpoints, compare);
  EXPECT_EQ(result.code, grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(result.reason, "RECORD_DAMAGED");
  EXPECT_EQ(result.metadata["record"], kDamaged);

  v1::ListRegisterHistoryRequest history;
  history.set_parent("vms/a");
  history.set_register_name("SCTLR_EL1");
  v1::ListRegisterHistoryResponse entries;
  ASSERT_EQ(Call(checkpoints(), &CheckpointStub::ListRegisterHistory, history, &entries), RpcResult());
  ASSERT_EQ(entries.entries_size(), 3);
  EXPECT_EQ(entries.entries(0).value().value(), "0x0000000000000001");
  EXPECT_EQ(entries.entries(1).checkpoint(), kDamaged);
  EXPECT_EQ(entries.entries(1).error().code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(entries.entries(1).value().value(), "");
  EXPECT_EQ(entries.entries(2).value().value(), "0x0000000000000003");

  v1::SearchRegistersRequest search;
  search.set_filter("SCTLR_EL1 >= 1");
  search.set_all_versions(true);
  v1::SearchRegistersResponse found;
  ASSERT_EQ(Call(checkpoints(), &CheckpointStub::SearchRegisters, search, &found), RpcResult());
  ASSERT_EQ(found.checkpoints_size(), 2);
  EXPECT_EQ(found.checkpoints(0).checkpoint(), "vms/a/checkpoints/1");
  EXPECT_EQ(found.checkpoints(1).checkpoint(), "vms/a/checkpoints/3");
  ASSERT_EQ(found.damaged_size(), 1);
  EXPECT_NE(found.damaged(0).find(kDamaged), std::string::npos) << found.damaged(0);
}

TEST_F(DamagedRecordTest, CanBeDeleted) {
  v1::DeleteCheckpointRequest request;
  request.set_name(kDamaged);
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::DeleteCheckpoint, request), RpcResult());
  v1::ListCheckpointsRequest list;
  list.set_parent("vms/a");
  v1::ListCheckpointsResponse listed;
  ASSERT_EQ(Call(checkpoints(), &CheckpointStub::ListCheckpoints, list, &listed), RpcResult());
  ASSERT_EQ(listed.checkpoints_size(), 2);
  EXPECT_EQ(listed.checkpoints(1).version(), 3);
}

}  // namespace
}  // namespace armstate
