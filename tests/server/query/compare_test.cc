// CompareCheckpoints over a socket. Register IDs are those of Linux, Documentation/virt/kvm/api.rst; encodings, fields
// and their positions are the Arm ARM's (DDI 0487).
#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using StatusCode = grpc::StatusCode;

constexpr uint64_t kX0 = 0x6030000000100000;
constexpr uint64_t kMdscr = 0x6030000000138012;
constexpr uint64_t kMidr = 0x603000000013c000;
constexpr uint64_t kPfr0 = 0x603000000013c020;
constexpr uint64_t kSctlr = 0x603000000013c080;
constexpr uint64_t kIccPmr = 0x603000000013c230;
constexpr uint64_t kEsr = 0x603000000013c290;
constexpr uint64_t kTpidr = 0x603000000013c684;
constexpr uint64_t kPmcr = 0x603000000013dce0;
// KVM gave TIMER_CVAL and TIMER_CNT each other's place; to QEMU's emulation the second is CNTV_CVAL_EL0.
constexpr uint64_t kDf02 = 0x603000000013df02;
constexpr uint64_t kDf1a = 0x603000000013df1a;
constexpr uint64_t kV0 = 0x6040000000100054;

using Values = std::vector<std::pair<uint64_t, uint64_t>>;

// A checkpoint with one vCPU for each of `vcpus`.
v1::CreateCheckpointRequest RequestOf(const std::string& parent, const std::vector<Values>& vcpus,
                                      v1::Accelerator accelerator = v1::ACCELERATOR_KVM) {
  v1::CreateCheckpointRequest request;
  request.set_parent(parent);
  request.mutable_checkpoint()->mutable_source()->set_accelerator(accelerator);
  for (const Values& values : vcpus) {
    v1::VcpuState& vcpu = *request.mutable_checkpoint()->add_vcpus();
    vcpu.set_vcpu_index(request.checkpoint().vcpus_size() - 1);
    *vcpu.mutable_registers() = Registers(values);
  }
  return request;
}

v1::CompareCheckpointsRequest Sides(const std::string& old_name, const std::string& new_name) {
  v1::CompareCheckpointsRequest request;
  request.set_old_checkpoint(old_name);
  request.set_new_checkpoint(new_name);
  return request;
}

// "SCTLR_EL1 0x..1 -> 0x..2".
std::string Text(const v1::RegisterChange& change) {
  return absl::StrCat(change.name(), " ", change.old_value(), " -> ", change.new_value());
}

std::vector<std::string> FieldTexts(const v1::RegisterChange& change) {
  std::vector<std::string> texts;
  for (const v1::FieldChange& field : change.fields()) {
    texts.push_back(absl::StrCat(field.field(), " ", field.old_value(), " -> ", field.new_value()));
  }
  return texts;
}

std::vector<std::string> Names(const v1::VcpuComparison& vcpu) {
  std::vector<std::string> names;
  for (const v1::RegisterChange& change : vcpu.registers()) names.push_back(change.name());
  return names;
}

class CompareTest : public ServerTest {
 protected:
  RpcResult Compare(const v1::CompareCheckpointsRequest& request, v1::CompareCheckpointsResponse* response) {
    response->Clear();
    return Call(checkpoints(), &CheckpointStub::CompareCheckpoints, request, response);
  }
  // The call must succeed.
  v1::CompareCheckpointsResponse Compare(const v1::CompareCheckpointsRequest& request) {
    v1::CompareCheckpointsResponse response;
    EXPECT_EQ(Compare(request, &response), RpcResult());
    return response;
  }
  RpcResult Result(const v1::CompareCheckpointsRequest& request) {
    v1::CompareCheckpointsResponse response;
    return Compare(request, &response);
  }
};

TEST_F(CompareTest, WhatMattersStandsFirst) {
  Values values = {
      {kX0, 1},    {kMdscr, 1},         {kMidr, 0x411fd070}, {kSctlr, 0x30d00800}, {kIccPmr, 0xf0}, {kEsr, 0x56000000},
      {kTpidr, 7}, {kPmcr, 0x41013000}, {kDf02, 5},          {kDf1a, 6},           {kV0, 1}};
  Create(RequestOf("vms/a", {values}));
  for (auto& [id, value] : values) {
    if (id != kTpidr) value += 1;
  }
  Create(RequestOf("vms/a", {values}));
  const v1::CompareCheckpointsResponse response = Compare(Sides("vms/a/checkpoints/1", "vms/a/checkpoints/latest"));
  EXPECT_EQ(response.old_checkpoint().name(), "vms/a/checkpoints/1");
  EXPECT_EQ(response.new_checkpoint().name(), "vms/a/checkpoints/2");
  EXPECT_THAT(response.notes(), IsEmpty());
  EXPECT_EQ(response.next_page_token(), "");
  ASSERT_EQ(response.vcpus_size(), 1);
  const v1::VcpuComparison& vcpu = response.vcpus(0);
  EXPECT_EQ(vcpu.different_count(), 10);
  EXPECT_EQ(vcpu.equal_count(), 1);
  EXPECT_THAT(Names(vcpu), ElementsAre("SCTLR_EL1", "MIDR_EL1", "ESR_EL1", "MDSCR_EL1", "ICC_PMR_EL1", "PMCR_EL0",
                                       "TIMER_CVAL", "TIMER_CNT", "X0", "V0"));
  const v1::RegisterGroup groups[] = {v1::REGISTER_GROUP_CONTROL,
                                      v1::REGISTER_GROUP_IDENTIFICATION,
                                      v1::REGISTER_GROUP_EXCEPTION,
                                      v1::REGISTER_GROUP_DEBUG,
                                      v1::REGISTER_GROUP_INTERRUPT_CONTROLLER,
                                      v1::REGISTER_GROUP_PERFORMANCE_MONITOR,
                                      v1::REGISTER_GROUP_TIMER,
                                      v1::REGISTER_GROUP_TIMER,
                                      v1::REGISTER_GROUP_GENERAL,
                                      v1::REGISTER_GROUP_VECTOR};
  ASSERT_EQ(vcpu.registers_size(), 10);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(vcpu.registers(i).group(), groups[i]) << vcpu.registers(i).name();
  EXPECT_EQ(Text(vcpu.registers(9)), "V0 0x00000000000000000000000000000001 -> 0x00000000000000000000000000000002");
  EXPECT_EQ(vcpu.registers(0).register_id(), kSctlr);

  v1::CompareCheckpointsRequest all = Sides("vms/a/checkpoints/1", "vms/a/checkpoints/2");
  all.set_all_registers(true);
  const v1::VcpuComparison with_equal = Compare(all).vcpus(0);
  EXPECT_EQ(with_equal.registers_size(), 11);
  EXPECT_EQ(Text(with_equal.registers(5)), "TPIDR_EL1 0x0000000000000007 -> 0x0000000000000007");
  EXPECT_EQ(with_equal.registers(5).group(), v1::REGISTER_GROUP_OTHER_SYSTEM);
  EXPECT_THAT(with_equal.registers(5).fields(), IsEmpty());
}

TEST_F(CompareTest, FieldsHaveTheirNamesAndMeanings) {
  // SCTLR_EL1: M is bit 0, C bit 2, I bit 12. MIDR_EL1: a Cortex-A57 r1p0 and a Cortex-A53 r0p4. ID_AA64PFR0_EL1.SVE is
  // bits 35 to 32. ESR_EL1: an SVC (EC 0x15), and a data abort from the same level (EC 0x25) with ISS 0x45.
  Create(RequestOf("vms/a", {{{kMidr, 0x411fd070}, {kPfr0, 0x0022}, {kSctlr, 0x30d00800}, {kEsr, 0x56000000}}}));
  Create(RequestOf("vms/a", {{{kMidr, 0x410fd034}, {kPfr0, 0x100000022}, {kSctlr, 0x30d01805}, {kEsr, 0x96000045}}}));
  const v1::VcpuComparison vcpu = Compare(Sides("vms/a/checkpoints/1", "vms/a/checkpoints/2")).vcpus(0);
  ASSERT_THAT(Names(vcpu), ElementsAre("SCTLR_EL1", "MIDR_EL1", "ID_AA64PFR0_EL1", "ESR_EL1"));
  EXPECT_EQ(Text(vcpu.registers(0)), "SCTLR_EL1 0x0000000030d00800 -> 0x0000000030d01805");
  EXPECT_THAT(FieldTexts(vcpu.registers(0)), ElementsAre("I 0 -> 1", "C 0 -> 1", "M 0 -> 1"));
  EXPECT_THAT(FieldTexts(vcpu.registers(1)), ElementsAre("Variant 1 -> 0", "PartNum 3335 -> 3331", "Revision 0 -> 4"));
  ASSERT_THAT(FieldTexts(vcpu.registers(2)), ElementsAre("SVE 0 -> 1"));
  EXPECT_EQ(vcpu.registers(2).fields(0).new_meaning(), "implemented");
  EXPECT_THAT(FieldTexts(vcpu.registers(3)), ElementsAre("EC 21 -> 37", "ISS 0 -> 69"));
}

TEST_F(CompareTest, WhatOnlyOneSideHas) {
  Create(RequestOf("vms/a", {{{kMidr, 1}, {kSctlr, 2}}, {{kSctlr, 2}}}));
  Create(RequestOf("vms/b", {{{kSctlr, 2}, {kTpidr, 3}}, {{kSctlr, 2}}, {{kSctlr, 2}}}));
  v1::CompareCheckpointsResponse response = Compare(Sides("vms/a/checkpoints/1", "vms/b/checkpoints/1"));
  ASSERT_EQ(response.vcpus_size(), 3);
  EXPECT_EQ(Text(response.vcpus(0).registers(0)), "MIDR_EL1 0x0000000000000001 -> ");
  EXPECT_EQ(Text(response.vcpus(0).registers(1)), "TPIDR_EL1  -> 0x0000000000000003");
  EXPECT_EQ(response.vcpus(0).different_count(), 2);
  EXPECT_EQ(response.vcpus(1).different_count(), 0);
  EXPECT_TRUE(response.vcpus(2).only_in_new());
  EXPECT_FALSE(response.vcpus(1).only_in_new());
  response = Compare(Sides("vms/b/checkpoints/1", "vms/a/checkpoints/1"));
  EXPECT_TRUE(response.vcpus(2).only_in_old());
}

TEST_F(CompareTest, StateWithoutRegisterIds) {
  v1::CreateCheckpointRequest request = RequestOf("vms/a", {{{kSctlr, 2}}});
  const auto add = [&request](const char* name, const char* data) {
    v1::OpaqueField& field = *request.mutable_checkpoint()->mutable_vcpus(0)->add_opaque_fields();
    field.set_name(name);
    field.set_data(data);
  };
  add("env.exclusive_addr", "1");
  add("env.exclusive_val", "2");
  Create(request);
  request.mutable_checkpoint()->mutable_vcpus(0)->clear_opaque_fields();
  add("env.exclusive_addr", "3");
  add("env.exclusive_val", "2");
  Create(request);
  const v1::VcpuComparison vcpu = Compare(Sides("vms/a/checkpoints/1", "vms/a/checkpoints/2")).vcpus(0);
  ASSERT_EQ(vcpu.opaque_fields_size(), 1);
  EXPECT_EQ(vcpu.opaque_fields(0).name(), "env.exclusive_addr");
  EXPECT_EQ(vcpu.opaque_fields(0).old_data(), "1");
  EXPECT_EQ(vcpu.opaque_fields(0).new_data(), "3");
  EXPECT_EQ(vcpu.different_count(), 0);
}

TEST_F(CompareTest, ListsOfTwoAcceleratorsAreMatchedByName) {
  Create(RequestOf("vms/tcg", {{{kSctlr, 1}, {kDf1a, 5}}}, v1::ACCELERATOR_TCG));
  Create(RequestOf("vms/kvm", {{{kSctlr, 1}, {kDf02, 7}, {kDf1a, 100}}}));
  v1::CompareCheckpointsResponse response = Compare(Sides("vms/tcg/checkpoints/1", "vms/kvm/checkpoints/1"));
  ASSERT_EQ(response.notes_size(), 1);
  EXPECT_THAT(response.notes(0), HasSubstr("KVM"));
  ASSERT_EQ(response.vcpus(0).registers_size(), 2);
  EXPECT_EQ(Text(response.vcpus(0).registers(0)), "TIMER_CVAL 0x0000000000000005 -> 0x0000000000000007");
  EXPECT_EQ(Text(response.vcpus(0).registers(1)), "TIMER_CNT  -> 0x0000000000000064");
  EXPECT_EQ(response.vcpus(0).equal_count(), 1);
  response = Compare(Sides("vms/kvm/checkpoints/1", "vms/tcg/checkpoints/1"));
  ASSERT_EQ(response.vcpus(0).registers_size(), 2);
  EXPECT_EQ(Text(response.vcpus(0).registers(0)), "CNTVCT_EL0 0x0000000000000064 -> ");
  EXPECT_EQ(Text(response.vcpus(0).registers(1)), "CNTV_CVAL_EL0 0x0000000000000007 -> 0x0000000000000005");
}

TEST_F(CompareTest, AMachineIsASide) {
  CreateMachine("m", "qemu-7.2.virt.cortex-a57");
  v1::CaptureMachineRequest capture;
  capture.set_machine("machines/m");
  capture.set_parent("vms/a");
  ASSERT_EQ(Call(engine(), &EngineStub::CaptureMachine, capture), RpcResult());
  EXPECT_EQ(Compare(Sides("vms/a/checkpoints/1", "machines/m")).vcpus(0).different_count(), 0);

  v1::WriteRegistersRequest write;
  write.set_machine("machines/m");
  *write.mutable_registers() = Registers({{kTpidr, 0x1234}});
  ASSERT_EQ(Call(engine(), &EngineStub::WriteRegisters, write), RpcResult());
  const v1::CompareCheckpointsResponse response = Compare(Sides("vms/a/checkpoints/1", "machines/m"));
  EXPECT_EQ(response.new_checkpoint().name(), "machines/m");
  // The low half is also the AArch32 register TPIDRPRW.
  ASSERT_EQ(response.vcpus(0).registers_size(), 2);
  EXPECT_EQ(Text(response.vcpus(0).registers(0)), "TPIDRPRW 0x00000000 -> 0x00001234");
  EXPECT_EQ(Text(response.vcpus(0).registers(1)), "TPIDR_EL1 0x0000000000000000 -> 0x0000000000001234");
}

TEST_F(CompareTest, PagesOfVcpus) {
  Create(SmallRequest("vms/a", 1, 3));
  Create(SmallRequest("vms/a", 2, 3));
  v1::CompareCheckpointsRequest request = Sides("vms/a/checkpoints/1", "vms/a/checkpoints/latest");
  request.set_page_size(2);
  const v1::CompareCheckpointsResponse first = Compare(request);
  ASSERT_EQ(first.vcpus_size(), 2);
  EXPECT_EQ(first.vcpus(1).vcpu_index(), 1);
  request.set_page_token(first.next_page_token());
  const v1::CompareCheckpointsResponse second = Compare(request);
  ASSERT_EQ(second.vcpus_size(), 1);
  EXPECT_EQ(second.vcpus(0).vcpu_index(), 2);
  EXPECT_EQ(second.next_page_token(), "");

  const RpcResult invalid{StatusCode::INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", {{"field", "page_token"}}};
  v1::CompareCheckpointsRequest other = Sides("vms/a/checkpoints/2", "vms/a/checkpoints/1");
  other.set_page_token(first.next_page_token());
  EXPECT_EQ(Result(other), invalid);
  // `latest` is another version by now; the pages continue under its name.
  Create(SmallRequest("vms/a", 3, 3));
  EXPECT_EQ(Result(request), invalid);
  request.set_new_checkpoint("vms/a/checkpoints/2");
  EXPECT_EQ(Compare(request).vcpus_size(), 1);
  request.set_page_size(-1);
  EXPECT_EQ(Result(request), (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "page_size"}}}));
}

TEST_F(CompareTest, ChosenVcpus) {
  Create(SmallRequest("vms/a", 1, 4));
  v1::CompareCheckpointsRequest request = Sides("vms/a/checkpoints/1", "vms/a/checkpoints/1");
  request.add_vcpu_indexes(3);
  request.add_vcpu_indexes(1);
  const v1::CompareCheckpointsResponse response = Compare(request);
  ASSERT_EQ(response.vcpus_size(), 2);
  EXPECT_EQ(response.vcpus(0).vcpu_index(), 1);
  EXPECT_EQ(response.vcpus(1).vcpu_index(), 3);
  request.add_vcpu_indexes(4);
  EXPECT_EQ(
      Result(request),
      (RpcResult{StatusCode::NOT_FOUND, "VCPU_NOT_FOUND", {{"name", "vms/a/checkpoints/1"}, {"vcpu_index", "4"}}}));
}

TEST_F(CompareTest, WhatIsNotThereIsNamed) {
  Create(SmallRequest("vms/a", 1));
  const struct {
    const char* name;
    StatusCode code;
    const char* reason;
  } kCases[] = {
      {"vms/none/checkpoints/1", StatusCode::NOT_FOUND, "VM_NOT_FOUND"},
      {"vms/a/checkpoints/2", StatusCode::NOT_FOUND, "CHECKPOINT_NOT_FOUND"},
      {"machines/none", StatusCode::NOT_FOUND, "MACHINE_NOT_FOUND"},
      {"vms/a", StatusCode::INVALID_ARGUMENT, "RESOURCE_NAME_INVALID"},
      {"", StatusCode::INVALID_ARGUMENT, "RESOURCE_NAME_INVALID"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.name);
    for (const auto& request : {Sides(test.name, "vms/a/checkpoints/1"), Sides("vms/a/checkpoints/1", test.name)}) {
      const RpcResult result = Result(request);
      EXPECT_EQ(result.code, test.code) << result;
      EXPECT_EQ(result.reason, test.reason) << result;
    }
  }
}

}  // namespace
}  // namespace armstate
