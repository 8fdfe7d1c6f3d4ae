// Tests CheckpointService: stored checkpoints can be read, listed and deleted.
#include <gmock/gmock.h>

#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using StatusCode = grpc::StatusCode;

class CheckpointServiceTest : public ServerTest {
 protected:
  std::vector<int64_t> VersionsOf(const std::string& parent) {
    v1::ListCheckpointsRequest request;
    request.set_parent(parent);
    v1::ListCheckpointsResponse response;
    EXPECT_EQ(Call(checkpoints(), &CheckpointStub::ListCheckpoints, request, &response), RpcResult());
    std::vector<int64_t> versions;
    for (const v1::Checkpoint& checkpoint : response.checkpoints()) versions.push_back(checkpoint.version());
    return versions;
  }

  RpcResult Delete(const std::string& name) {
    v1::DeleteCheckpointRequest request;
    request.set_name(name);
    return Call(checkpoints(), &CheckpointStub::DeleteCheckpoint, request);
  }

  RpcResult GetVm(const std::string& name, v1::Vm* vm) {
    v1::GetVmRequest request;
    request.set_name(name);
    return Call(checkpoints(), &CheckpointStub::GetVm, request, vm);
  }

  RpcResult DeleteVm(const std::string& name) {
    v1::DeleteVmRequest request;
    request.set_name(name);
    return Call(checkpoints(), &CheckpointStub::DeleteVm, request);
  }
};

TEST_F(CheckpointServiceTest, WhatWasStoredComesBackInFull) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/web.1", 0x30d50838, 2);
  v1::Checkpoint& sent = *request.mutable_checkpoint();
  sent.mutable_source()->set_hypervisor("QEMU");
  sent.mutable_source()->set_hypervisor_version("7.2.22");
  sent.mutable_source()->set_host_kernel("6.1.0");
  sent.mutable_source()->set_machine_type("virt-7.2");
  sent.mutable_source()->set_cpu_model("cortex-a57");
  sent.mutable_source()->set_host("h1");
  sent.mutable_source()->add_vcpu_features("pmu");
  sent.mutable_capture_time()->set_seconds(1700000000);
  (*sent.mutable_labels())["kernel"] = "6.1";
  sent.mutable_vcpus(1)->add_opaque_fields()->set_name("env.exclusive_addr");
  sent.mutable_vcpus(1)->mutable_opaque_fields(0)->set_data(std::string("\xff\0\x80", 3));
  v1::CaptureGap* gap = sent.add_gaps();
  gap->set_vcpu_index(1);
  gap->set_register_id(0x603000000013c000);
  gap->set_reason("EINVAL");

  const v1::Checkpoint stored = Create(request);
  EXPECT_EQ(stored.name(), "vms/web.1/checkpoints/1");
  EXPECT_EQ(stored.version(), 1);
  EXPECT_GT(stored.create_time().seconds(), 1700000000);
  EXPECT_EQ(stored.vcpu_count(), 2);
  EXPECT_EQ(stored.register_count(), 4);
  EXPECT_THAT(stored.vcpus(), IsEmpty());

  v1::Checkpoint expected = stored;
  *expected.mutable_vcpus() = sent.vcpus();
  const v1::Checkpoint full = Get("vms/web.1/checkpoints/1");
  EXPECT_EQ(full.DebugString(), expected.DebugString());
  EXPECT_EQ(full.source().DebugString(), sent.source().DebugString());
  EXPECT_EQ(full.labels().at("kernel"), "6.1");
  EXPECT_EQ(full.gaps(0).DebugString(), sent.gaps(0).DebugString());
  EXPECT_EQ(Get("vms/web.1/checkpoints/1", v1::CHECKPOINT_VIEW_BASIC).DebugString(), stored.DebugString());
  // FULL is the default, and `latest` shows the version that it stands for.
  EXPECT_EQ(Get("vms/web.1/checkpoints/latest", v1::CHECKPOINT_VIEW_UNSPECIFIED).DebugString(), full.DebugString());
}

TEST_F(CheckpointServiceTest, OutputOnlyFieldsOfARequestAreIgnored) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/a", 1);
  request.mutable_checkpoint()->set_name("vms/b/checkpoints/7");
  request.mutable_checkpoint()->set_version(7);
  request.mutable_checkpoint()->mutable_create_time()->set_seconds(1);
  request.mutable_checkpoint()->set_vcpu_count(9);
  request.mutable_checkpoint()->set_register_count(9);
  request.mutable_checkpoint()->mutable_error()->set_message("none");
  const v1::Checkpoint stored = Create(request);
  EXPECT_EQ(stored.name(), "vms/a/checkpoints/1");
  EXPECT_EQ(stored.version(), 1);
  EXPECT_GT(stored.create_time().seconds(), 1700000000);
  EXPECT_EQ(stored.vcpu_count(), 1);
  EXPECT_EQ(stored.register_count(), 2);
  EXPECT_FALSE(stored.has_error());
}

TEST_F(CheckpointServiceTest, ChosenVcpus) {
  Create(SmallRequest("vms/a", 5, 4));
  v1::GetCheckpointRequest request;
  request.set_name("vms/a/checkpoints/1");
  request.add_vcpu_indexes(3);
  request.add_vcpu_indexes(1);
  request.add_vcpu_indexes(3);
  v1::Checkpoint checkpoint;
  ASSERT_EQ(Call(checkpoints(), &CheckpointStub::GetCheckpoint, request, &checkpoint), RpcResult());
  ASSERT_EQ(checkpoint.vcpus_size(), 2);
  EXPECT_EQ(checkpoint.vcpus(0).vcpu_index(), 1);
  EXPECT_EQ(ValueOf(checkpoint.vcpus(0).registers(), 0x603000000013c684), 1u);
  EXPECT_EQ(ValueOf(checkpoint.vcpus(1).registers(), 0x603000000013c684), 3u);
  EXPECT_EQ(checkpoint.vcpu_count(), 4);
  request.add_vcpu_indexes(4);
  EXPECT_EQ(
      Call(checkpoints(), &CheckpointStub::GetCheckpoint, request),
      (RpcResult{StatusCode::NOT_FOUND, "VCPU_NOT_FOUND", {{"name", "vms/a/checkpoints/1"}, {"vcpu_index", "4"}}}));
}

TEST_F(CheckpointServiceTest, PagesOfCheckpoints) {
  for (uint64_t value = 1; value <= 5; ++value) Create(SmallRequest("vms/a", value));
  v1::ListCheckpointsRequest request;
  request.set_parent("vms/a");
  request.set_page_size(2);
  std::vector<std::vector<int64_t>> pages;
  do {
    v1::ListCheckpointsResponse response;
    ASSERT_EQ(Call(checkpoints(), &CheckpointStub::ListCheckpoints, request, &response), RpcResult());
    pages.emplace_back();
    for (const v1::Checkpoint& checkpoint : response.checkpoints()) {
      pages.back().push_back(checkpoint.version());
      EXPECT_THAT(checkpoint.vcpus(), IsEmpty());
      EXPECT_EQ(checkpoint.register_count(), 2);
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(pages, ElementsAre(ElementsAre(1, 2), ElementsAre(3, 4), ElementsAre(5)));
}

// Twenty BASIC views of 1 MB each do not fit into one answer.
TEST_F(CheckpointServiceTest, APageIsNotLargerThanAnAnswerMayBe) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/a", 1);
  for (int gap = 0; gap < 4000; ++gap) {
    request.mutable_checkpoint()->add_gaps()->set_reason(std::string(250, 'x'));  // 1 MB
  }
  for (int i = 0; i < 20; ++i) Create(request);
  v1::ListCheckpointsRequest list;
  list.set_parent("vms/a");
  std::vector<int64_t> versions;
  int pages = 0;
  do {
    v1::ListCheckpointsResponse response;
    ASSERT_EQ(Call(checkpoints(), &CheckpointStub::ListCheckpoints, list, &response), RpcResult());
    ++pages;
    for (const v1::Checkpoint& checkpoint : response.checkpoints()) versions.push_back(checkpoint.version());
    list.set_page_token(response.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_GT(pages, 1);
  std::vector<int64_t> all(20);
  std::iota(all.begin(), all.end(), 1);
  EXPECT_EQ(versions, all);
}

TEST_F(CheckpointServiceTest, PagesOfVms) {
  for (const char* vm : {"b", "a", "c"}) Create(SmallRequest(absl::StrCat("vms/", vm), 1));
  v1::ListVmsRequest request;
  request.set_page_size(2);
  v1::ListVmsResponse response;
  ASSERT_EQ(Call(checkpoints(), &CheckpointStub::ListVms, request, &response), RpcResult());
  ASSERT_EQ(response.vms_size(), 2);
  EXPECT_EQ(response.vms(0).name(), "vms/a");
  EXPECT_EQ(response.vms(1).name(), "vms/b");
  const std::string token = response.next_page_token();
  request.set_page_token(token);
  ASSERT_EQ(Call(checkpoints(), &CheckpointStub::ListVms, request, &response), RpcResult());
  ASSERT_EQ(response.vms_size(), 1);
  EXPECT_EQ(response.vms(0).name(), "vms/c");
  EXPECT_EQ(response.next_page_token(), "");

  const RpcResult invalid{StatusCode::INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", {{"field", "page_token"}}};
  v1::ListCheckpointsRequest other_list;
  other_list.set_parent("vms/a");
  other_list.set_page_token(token);
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::ListCheckpoints, other_list), invalid);
  for (const char* bad : {"x", "!", "MXx2bXN8"}) {  // the last one is "1|vms|"
    request.set_page_token(bad);
    EXPECT_EQ(Call(checkpoints(), &CheckpointStub::ListVms, request), invalid) << bad;
  }
  request.set_page_token(token);
  request.set_page_size(-1);
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::ListVms, request),
            (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "page_size"}}}));
}

TEST_F(CheckpointServiceTest, ADeletedVersionIsNotUsedAgain) {
  for (uint64_t value = 1; value <= 3; ++value) Create(SmallRequest("vms/a", value));
  EXPECT_EQ(Delete("vms/a/checkpoints/3"), RpcResult());
  EXPECT_EQ(Delete("vms/a/checkpoints/3"),
            (RpcResult{StatusCode::NOT_FOUND, "CHECKPOINT_NOT_FOUND", {{"name", "vms/a/checkpoints/3"}}}));
  EXPECT_THAT(VersionsOf("vms/a"), ElementsAre(1, 2));
  EXPECT_EQ(Get("vms/a/checkpoints/latest").name(), "vms/a/checkpoints/2");
  v1::Vm vm;
  ASSERT_EQ(GetVm("vms/a", &vm), RpcResult());
  EXPECT_EQ(vm.latest_version(), 3);
  EXPECT_EQ(vm.checkpoint_count(), 2);
  EXPECT_EQ(Create(SmallRequest("vms/a", 4)).version(), 4);
  EXPECT_THAT(VersionsOf("vms/a"), ElementsAre(1, 2, 4));
}

TEST_F(CheckpointServiceTest, LatestCannotBeDeleted) {
  Create(SmallRequest("vms/a", 1));
  EXPECT_EQ(Delete("vms/a/checkpoints/latest"),
            (RpcResult{StatusCode::INVALID_ARGUMENT,
                       "RESOURCE_NAME_INVALID",
                       {{"name", "vms/a/checkpoints/latest"}, {"expected", "vms/{vm}/checkpoints/{version}"}}}));
  EXPECT_THAT(VersionsOf("vms/a"), ElementsAre(1));
}

TEST_F(CheckpointServiceTest, AVmWithoutCheckpointsHasNoLatest) {
  Create(SmallRequest("vms/a", 1));
  EXPECT_EQ(Delete("vms/a/checkpoints/1"), RpcResult());
  EXPECT_THAT(VersionsOf("vms/a"), IsEmpty());
  v1::GetCheckpointRequest request;
  request.set_name("vms/a/checkpoints/latest");
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::GetCheckpoint, request),
            (RpcResult{StatusCode::NOT_FOUND, "CHECKPOINT_NOT_FOUND", {{"name", "vms/a/checkpoints/latest"}}}));
  EXPECT_EQ(Create(SmallRequest("vms/a", 2)).version(), 2);
}

TEST_F(CheckpointServiceTest, ADeletedVmIsGoneAndComesBackAsAnother) {
  Create(SmallRequest("vms/a", 1));
  Create(SmallRequest("vms/ab", 2));
  v1::Vm before;
  ASSERT_EQ(GetVm("vms/a", &before), RpcResult());
  EXPECT_EQ(before.name(), "vms/a");
  EXPECT_EQ(before.latest_version(), 1);
  EXPECT_EQ(before.checkpoint_count(), 1);
  EXPECT_EQ(before.create_time().DebugString(), before.update_time().DebugString());
  EXPECT_EQ(DeleteVm("vms/a"), RpcResult());
  const RpcResult gone{StatusCode::NOT_FOUND, "VM_NOT_FOUND", {{"name", "vms/a"}}};
  EXPECT_EQ(DeleteVm("vms/a"), gone);
  v1::Vm after;
  EXPECT_EQ(GetVm("vms/a", &after), gone);
  EXPECT_EQ(Delete("vms/a/checkpoints/1"), gone);
  v1::ListCheckpointsRequest list;
  list.set_parent("vms/a");
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::ListCheckpoints, list), gone);
  EXPECT_THAT(VersionsOf("vms/ab"), ElementsAre(1));
  Create(SmallRequest("vms/a", 3));
  ASSERT_EQ(GetVm("vms/a", &after), RpcResult());
  EXPECT_NE(after.uid(), before.uid());
}

}  // namespace
}  // namespace armstate
