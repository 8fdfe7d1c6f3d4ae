// Tests CreateRestore and ListRestores: reports are stored with the checkpoint and compared with the verdict.
#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/server/restore_fixture.h"
#include "tests/testing/run_shell.h"

namespace armstate {
namespace {

using ::testing::IsEmpty;
using StatusCode = grpc::StatusCode;

constexpr uint64_t kMidr = 0x603000000013c000;
constexpr uint64_t kSctlr = 0x603000000013c080;

class RestoreReportsTest : public RestoreTest {
 protected:
  RestoreReportsTest() { host_ = AddHost("n1", "neoverse-n1@6.12"); }

  // Returns the report of a host on which everything went as the verdict says.
  v1::CreateRestoreRequest AsPredicted(const std::string& checkpoint) {
    v1::CreateRestoreRequest request;
    request.set_parent(checkpoint);
    request.mutable_restore()->mutable_target()->set_host(host_);
    *request.mutable_restore()->mutable_report() = Validate(OnHost(checkpoint, host_));
    return request;
  }
  v1::Restore Report(const v1::CreateRestoreRequest& request) {
    v1::Restore record;
    EXPECT_EQ(Call(restore(), &RestoreStub::CreateRestore, request, &record), RpcResult());
    return record;
  }
  RpcResult List(const std::string& checkpoint, v1::ListRestoresResponse* response, int page_size = 0,
                 const std::string& token = "") {
    v1::ListRestoresRequest request;
    request.set_parent(checkpoint);
    request.set_page_size(page_size);
    request.set_page_token(token);
    return Call(restore(), &RestoreStub::ListRestores, request, response);
  }
  // The first record of the family.
  void Damage(const std::string& family) {
    Stop();
    EXPECT_EQ(RunShell("tests/attacks/damage_database " + data_dir() + " " + family + " first"), "1\n");
    Start();
  }
  std::string Checkpoint() { return Create(Recorded("v", "cortex-a72@6.12", "pmu")).name(); }

  std::string host_;
};

v1::RegisterReport& EntryOf(v1::CreateRestoreRequest& request, int vcpu, uint64_t id) {
  v1::VcpuRestoreReport& report = *request.mutable_restore()->mutable_report()->mutable_vcpus(vcpu);
  for (v1::RegisterReport& entry : *report.mutable_registers()) {
    if (entry.register_id() == id) return entry;
  }
  v1::RegisterReport* added = report.add_registers();
  added->set_register_id(id);
  return *added;
}

TEST_F(RestoreReportsTest, WhatWentAsPredictedHasNoDifferences) {
  const std::string checkpoint = Checkpoint();
  v1::CreateRestoreRequest request = AsPredicted(checkpoint);
  ASSERT_GT(request.restore().report().vcpus(0).registers_size(), 0);
  request.mutable_restore()->mutable_restore_time()->set_seconds(1700000000);
  const v1::Restore record = Report(request);
  EXPECT_EQ(record.name(), "vms/v/checkpoints/1/restores/1");
  EXPECT_EQ(record.target().host(), host_);
  EXPECT_EQ(record.restore_time().seconds(), 1700000000);
  EXPECT_GT(record.create_time().seconds(), 1700000000);
  EXPECT_THAT(record.differences(), IsEmpty());
}

TEST_F(RestoreReportsTest, DifferencesNameBothOutcomes) {
  v1::CreateRestoreRequest request = AsPredicted(Checkpoint());
  // MIDR_EL1 was taken, SCTLR_EL1 refused, and on vCPU 1 MIDR_EL1 was refused with another errno.
  v1::RegisterReport& midr = EntryOf(request, 0, kMidr);
  midr.set_outcome(v1::REGISTER_OUTCOME_WRITTEN);
  midr.clear_error();
  v1::RegisterReport& sctlr = EntryOf(request, 0, kSctlr);
  sctlr.set_outcome(v1::REGISTER_OUTCOME_WRITE_REFUSED);
  sctlr.set_error("EPERM");
  EntryOf(request, 1, kMidr).set_error("EBUSY");
  const v1::Restore record = Report(request);
  ASSERT_EQ(record.differences_size(), 3);
  EXPECT_EQ(record.differences(0).name(), "MIDR_EL1");
  EXPECT_EQ(record.differences(0).predicted(), v1::REGISTER_OUTCOME_WRITE_REFUSED);
  EXPECT_EQ(record.differences(0).predicted_error(), "EINVAL");
  EXPECT_EQ(record.differences(0).actual(), v1::REGISTER_OUTCOME_WRITTEN);
  EXPECT_EQ(record.differences(1).name(), "SCTLR_EL1");
  EXPECT_EQ(record.differences(1).predicted(), v1::REGISTER_OUTCOME_WRITTEN);
  EXPECT_EQ(record.differences(1).actual_error(), "EPERM");
  EXPECT_EQ(record.differences(2).vcpu_index(), 1);
  EXPECT_EQ(record.differences(2).actual_error(), "EBUSY");
}

// A report may omit what went well, so whatever it omits went well.
TEST_F(RestoreReportsTest, WhatIsLeftOutWasWritten) {
  v1::CreateRestoreRequest request = AsPredicted(Checkpoint());
  auto& registers = *request.mutable_restore()->mutable_report()->mutable_vcpus(0)->mutable_registers();
  for (int i = 0; i < registers.size(); ++i) {
    if (registers[i].register_id() == kMidr) registers.DeleteSubrange(i, 1);
  }
  const v1::Restore record = Report(request);
  ASSERT_EQ(record.differences_size(), 1);
  EXPECT_EQ(record.differences(0).name(), "MIDR_EL1");
  EXPECT_EQ(record.differences(0).actual(), v1::REGISTER_OUTCOME_WRITTEN);
}

// A restore by plan skips what a tolerance covers, and writes the registers of the VM once.
TEST_F(RestoreReportsTest, WhatThePlanLeavesOutIsNoDifference) {
  v1::CreateRestoreRequest request = AsPredicted(Checkpoint());
  auto& registers = *request.mutable_restore()->mutable_report()->mutable_vcpus(0)->mutable_registers();
  int tolerated = 0;
  for (int i = registers.size() - 1; i >= 0; --i) {
    if (registers[i].tolerance().empty()) continue;
    ++tolerated;
    registers.DeleteSubrange(i, 1);
  }
  EXPECT_EQ(tolerated, 3) << "the levels of SMCCC_ARCH_WORKAROUND_1, _2 and _3";
  EntryOf(request, 1, kSctlr).set_outcome(v1::REGISTER_OUTCOME_NOT_IN_CHECKPOINT);
  EXPECT_THAT(Report(request).differences(), IsEmpty());
}

TEST_F(RestoreReportsTest, AreListedInPagesAndSurviveARestart) {
  const std::string checkpoint = Checkpoint();
  for (int i = 0; i < 3; ++i) Report(AsPredicted(checkpoint));
  Restart();
  v1::ListRestoresResponse first;
  ASSERT_EQ(List("vms/v/checkpoints/latest", &first, 2), RpcResult());
  ASSERT_EQ(first.restores_size(), 2);
  EXPECT_EQ(first.restores(1).name(), "vms/v/checkpoints/1/restores/2");
  v1::ListRestoresResponse second;
  ASSERT_EQ(List(checkpoint, &second, 2, first.next_page_token()), RpcResult());
  ASSERT_EQ(second.restores_size(), 1);
  EXPECT_EQ(second.restores(0).name(), "vms/v/checkpoints/1/restores/3");
  EXPECT_EQ(second.next_page_token(), "");
  EXPECT_EQ(List(checkpoint, &second, 2, "?").reason, "PAGE_TOKEN_INVALID");
}

TEST_F(RestoreReportsTest, GoWithTheirCheckpointAndTheirVm) {
  const std::string first = Checkpoint();
  const std::string second = Checkpoint();
  Report(AsPredicted(first));
  Report(AsPredicted(second));
  v1::DeleteCheckpointRequest deletion;
  deletion.set_name(first);
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::DeleteCheckpoint, deletion), RpcResult());
  v1::ListRestoresResponse list;
  EXPECT_EQ(List(first, &list).reason, "CHECKPOINT_NOT_FOUND");
  ASSERT_EQ(List(second, &list), RpcResult());
  EXPECT_EQ(list.restores_size(), 1);
  v1::DeleteVmRequest vm;
  vm.set_name("vms/v");
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::DeleteVm, vm), RpcResult());
  EXPECT_EQ(List(second, &list).reason, "VM_NOT_FOUND");
  // A new VM of the same name starts without restores.
  ASSERT_EQ(Checkpoint(), first);
  ASSERT_EQ(List(first, &list), RpcResult());
  EXPECT_THAT(list.restores(), IsEmpty());
}

// The VM's record has the incarnation that the restores' names have.
TEST_F(RestoreReportsTest, AreReadWhenTheVmsRecordIsDamaged) {
  const std::string first = Checkpoint();
  const std::string second = Checkpoint();
  Report(AsPredicted(first));
  Report(AsPredicted(first));
  Report(AsPredicted(second));
  Damage("vms");
  v1::GetVmRequest vm;
  vm.set_name("vms/v");
  ASSERT_EQ(Call(checkpoints(), &CheckpointStub::GetVm, vm).reason, "RECORD_DAMAGED");
  v1::ListRestoresResponse list;
  ASSERT_EQ(List(first, &list), RpcResult());
  ASSERT_EQ(list.restores_size(), 2);
  EXPECT_EQ(list.restores(1).name(), "vms/v/checkpoints/1/restores/2");
  EXPECT_FALSE(list.restores(1).has_error());
  EXPECT_EQ(Call(restore(), &RestoreStub::CreateRestore, AsPredicted(second)).reason, "RECORD_DAMAGED");
  ASSERT_EQ(List(second, &list), RpcResult());
  EXPECT_EQ(list.restores_size(), 1);
  v1::DeleteVmRequest deletion;
  deletion.set_name("vms/v");
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::DeleteVm, deletion), RpcResult());
  ASSERT_EQ(Checkpoint(), first);
  ASSERT_EQ(List(first, &list), RpcResult());
  EXPECT_THAT(list.restores(), IsEmpty());
}

// The first record is the count of the others.
TEST_F(RestoreReportsTest, TheNextOneIsCountedWhenTheCountIsDamaged) {
  const std::string checkpoint = Checkpoint();
  Report(AsPredicted(checkpoint));
  Report(AsPredicted(checkpoint));
  Damage("restore_reports");
  v1::ListRestoresResponse list;
  ASSERT_EQ(List(checkpoint, &list), RpcResult());
  EXPECT_EQ(list.restores_size(), 2);
  EXPECT_EQ(Report(AsPredicted(checkpoint)).name(), "vms/v/checkpoints/1/restores/3");
}

TEST_F(RestoreReportsTest, WhatCannotBeAReportOfThisCheckpointIsRefused) {
  const v1::CreateRestoreRequest good = AsPredicted(Checkpoint());
  const auto refused = [&](const std::function<void(v1::CreateRestoreRequest&)>& change) {
    v1::CreateRestoreRequest bad = good;
    change(bad);
    return Call(restore(), &RestoreStub::CreateRestore, bad);
  };
  const auto invalid = [](const std::string& field) {
    return RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", field}}};
  };
  EXPECT_EQ(refused([](auto& r) { r.mutable_restore()->mutable_report()->mutable_vcpus()->RemoveLast(); }),
            invalid("restore.report.vcpus"));
  EXPECT_EQ(refused([](auto& r) { r.mutable_restore()->mutable_report()->mutable_vcpus(1)->set_vcpu_index(0); }),
            invalid("restore.report.vcpus[1].vcpu_index"));
  EXPECT_EQ(refused([](auto& r) { r.mutable_restore()->mutable_target()->set_checkpoint("vms/v/checkpoints/1"); }),
            invalid("restore.target"));
  EXPECT_EQ(refused([](auto& r) { r.mutable_restore()->clear_target(); }), invalid("restore.target"));
  EXPECT_EQ(refused([](auto& r) { r.mutable_restore()->mutable_restore_time()->set_nanos(-1); }),
            invalid("restore.restore_time"));
  const RpcResult midr{StatusCode::INVALID_ARGUMENT,
                       "FIELD_INVALID",
                       {{"field", "restore.report.vcpus[0].registers"}, {"register_id", "0x603000000013c000"}}};
  EXPECT_EQ(refused([](auto& r) {
              *r.mutable_restore()->mutable_report()->mutable_vcpus(0)->add_registers() = EntryOf(r, 0, kMidr);
            }),
            midr);
  EXPECT_EQ(refused([](auto& r) { EntryOf(r, 0, kMidr).set_got("1234"); }), midr);
  EXPECT_EQ(refused([](auto& r) { EntryOf(r, 0, kMidr).clear_outcome(); }), midr);
  EXPECT_EQ(refused([](auto& r) { EntryOf(r, 0, kMidr).set_outcome(static_cast<v1::RegisterOutcome>(99)); }), midr);
  EXPECT_EQ(refused([](auto& r) { EntryOf(r, 0, kMidr).set_reason(std::string(1001, 'a')); }), midr);
  EXPECT_EQ(refused([](auto& r) { EntryOf(r, 0, 5).set_outcome(v1::REGISTER_OUTCOME_WRITTEN); }).reason,
            "REGISTER_ID_INVALID");
  v1::ListRestoresResponse list;
  ASSERT_EQ(List(good.parent(), &list), RpcResult());
  EXPECT_THAT(list.restores(), IsEmpty());
}

}  // namespace
}  // namespace armstate
