// Tests ListRegisterHistory over a socket.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using StatusCode = grpc::StatusCode;

class HistoryTest : public ServerTest {
 protected:
  // SCTLR_EL1 of "vms/a" over its versions from 1 on.
  void CreateAll(const std::vector<uint64_t>& values) {
    for (const uint64_t value : values) Create(SmallRequest("vms/a", value, 2));
  }
  void Delete(int64_t version) {
    v1::DeleteCheckpointRequest request;
    request.set_name(absl::StrCat("vms/a/checkpoints/", version));
    EXPECT_EQ(Call(checkpoints(), &CheckpointStub::DeleteCheckpoint, request), RpcResult());
  }
  static v1::ListRegisterHistoryRequest Of(const std::string& name) {
    v1::ListRegisterHistoryRequest request;
    request.set_parent("vms/a");
    request.set_register_name(name);
    return request;
  }
  v1::ListRegisterHistoryResponse Page(const v1::ListRegisterHistoryRequest& request) {
    v1::ListRegisterHistoryResponse response;
    EXPECT_EQ(Call(checkpoints(), &CheckpointStub::ListRegisterHistory, request, &response), RpcResult());
    return response;
  }
  RpcResult Result(const v1::ListRegisterHistoryRequest& request) {
    return Call(checkpoints(), &CheckpointStub::ListRegisterHistory, request);
  }
  // "1 0x5", by version.
  static std::vector<std::string> Texts(const v1::ListRegisterHistoryResponse& response) {
    std::vector<std::string> texts;
    for (const v1::RegisterHistoryEntry& entry : response.entries()) {
      texts.push_back(absl::StrCat(entry.checkpoint().substr(std::string("vms/a/checkpoints/").size()), " ",
                                   entry.value().value(), entry.value().meaning().empty() ? "" : " ",
                                   entry.value().meaning()));
    }
    return texts;
  }
};

TEST_F(HistoryTest, OnlyChangesByDefault) {
  CreateAll({0x30d00800, 0x30d00800, 0x30d01805, 0x30d01805, 0x30d00800});
  v1::ListRegisterHistoryResponse response = Page(Of("SCTLR_EL1"));
  EXPECT_THAT(Texts(response), ElementsAre("1 0x0000000030d00800", "3 0x0000000030d01805", "5 0x0000000030d00800"));
  EXPECT_EQ(response.read_versions(), 5);
  EXPECT_EQ(response.next_page_token(), "");
  EXPECT_EQ(response.entries(1).create_time().DebugString(), Get("vms/a/checkpoints/3").create_time().DebugString());
  EXPECT_FALSE(response.entries(1).has_capture_time());
  // SCTLR_EL1.C is bit 2. By a field, by an ID, in any case of letters.
  EXPECT_THAT(Texts(Page(Of("SCTLR_EL1.C"))), ElementsAre("1 0x0", "3 0x1", "5 0x0"));
  EXPECT_THAT(Texts(Page(Of("sctlr_el1.c"))), ElementsAre("1 0x0", "3 0x1", "5 0x0"));
  EXPECT_EQ(Texts(Page(Of("0x603000000013c080"))).size(), 3u);
  v1::ListRegisterHistoryRequest all = Of("SCTLR_EL1.M");
  all.set_all_versions(true);
  EXPECT_THAT(Texts(Page(all)), ElementsAre("1 0x0", "2 0x0", "3 0x1", "4 0x1", "5 0x0"));
}

TEST_F(HistoryTest, OfTheVcpuThatIsAskedFor) {
  CreateAll({1, 2});
  v1::ListRegisterHistoryRequest request = Of("TPIDR_EL1");
  EXPECT_THAT(Texts(Page(request)), ElementsAre("1 0x0000000000000000"));
  request.set_vcpu_index(1);
  EXPECT_THAT(Texts(Page(request)), ElementsAre("1 0x0000000000000001"));
  // No version has the register; a later one may.
  request.set_vcpu_index(2);
  EXPECT_THAT(Texts(Page(request)), ElementsAre("1 "));
  request.set_vcpu_index(-1);
  EXPECT_EQ(Result(request), (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "vcpu_index"}}}));
}

TEST_F(HistoryTest, ARegisterThatComesAndGoes) {
  CreateAll({1});
  v1::CreateCheckpointRequest request = SmallRequest("vms/a", 1);
  *request.mutable_checkpoint()->mutable_vcpus(0)->mutable_registers() = Registers({{0x603000000013c684, 0}});
  Create(request);
  CreateAll({1});
  EXPECT_THAT(Texts(Page(Of("SCTLR_EL1"))), ElementsAre("1 0x0000000000000001", "2 ", "3 0x0000000000000001"));
}

TEST_F(HistoryTest, DeletedVersionsAreNotThere) {
  CreateAll({1, 2, 1, 1, 3});
  Delete(2);
  EXPECT_THAT(Texts(Page(Of("SCTLR_EL1"))), ElementsAre("1 0x0000000000000001", "5 0x0000000000000003"));
  Delete(1);
  EXPECT_THAT(Texts(Page(Of("SCTLR_EL1"))), ElementsAre("3 0x0000000000000001", "5 0x0000000000000003"));
}

TEST_F(HistoryTest, PagesAreOneHistory) {
  CreateAll({1, 1, 2, 2, 3});
  v1::ListRegisterHistoryRequest request = Of("SCTLR_EL1");
  request.set_page_size(1);
  v1::ListRegisterHistoryResponse response = Page(request);
  EXPECT_THAT(Texts(response), ElementsAre("1 0x0000000000000001"));
  request.set_page_token(response.next_page_token());
  // The last version of the previous page was deleted; its value is still not a change.
  Delete(1);
  Delete(2);
  response = Page(request);
  EXPECT_THAT(Texts(response), ElementsAre("3 0x0000000000000002"));
  const std::string second = response.next_page_token();
  Delete(3);
  Delete(4);
  request.set_page_token(second);
  response = Page(request);
  EXPECT_THAT(Texts(response), ElementsAre("5 0x0000000000000003"));
  EXPECT_EQ(response.next_page_token(), "");

  const RpcResult invalid{StatusCode::INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", {{"field", "page_token"}}};
  for (const char* other : {"TPIDR_EL1", "SCTLR_EL1.M"}) {
    v1::ListRegisterHistoryRequest foreign = Of(other);
    foreign.set_page_token(second);
    EXPECT_EQ(Result(foreign), invalid) << other;
  }
  request.set_vcpu_index(1);
  EXPECT_EQ(Result(request), invalid);
  request = Of("SCTLR_EL1");
  request.set_page_token("x");
  EXPECT_EQ(Result(request), invalid);
}

// TIMER_CVAL of KVM's lists is CNTV_CVAL_EL0, and has there the ID 0x603000000013df02; in those of QEMU's emulation it
// is 0x603000000013df1a (Linux, Documentation/virt/kvm/api.rst).
TEST_F(HistoryTest, ANameStandsForTheRegisterUnderEachAccelerator) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/a", 1);
  v1::Checkpoint& checkpoint = *request.mutable_checkpoint();
  *checkpoint.mutable_vcpus(0)->mutable_registers() = Registers({{0x603000000013df02, 7}, {0x603000000013df1a, 100}});
  Create(request);
  checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
  *checkpoint.mutable_vcpus(0)->mutable_registers() = Registers({{0x603000000013df1a, 5}});
  Create(request);
  EXPECT_THAT(Texts(Page(Of("CNTV_CVAL_EL0"))), ElementsAre("1 0x0000000000000007", "2 0x0000000000000005"));
}

TEST_F(HistoryTest, WhatIsNotThereIsNamed) {
  CreateAll({1});
  v1::ListRegisterHistoryRequest request = Of("SCTLR_EL1");
  request.set_parent("vms/none");
  EXPECT_EQ(Result(request), (RpcResult{StatusCode::NOT_FOUND, "VM_NOT_FOUND", {{"name", "vms/none"}}}));
  RpcResult result = Result(Of("SCTLR_EL11"));
  EXPECT_EQ(result.code, StatusCode::INVALID_ARGUMENT) << result;
  EXPECT_EQ(result.reason, "REGISTER_NAME_UNKNOWN") << result;
  EXPECT_EQ(result.metadata["nearest"], "SCTLR_EL1") << result;
  result = Result(Of("SCTLR_EL1.WXM"));
  EXPECT_EQ(result.reason, "REGISTER_NAME_UNKNOWN") << result;
  EXPECT_EQ(result.metadata["nearest"], "SCTLR_EL1.WXN") << result;
  EXPECT_EQ(Result(Of("")).code, StatusCode::INVALID_ARGUMENT);
}

}  // namespace
}  // namespace armstate
