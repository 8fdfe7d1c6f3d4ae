// Tests EngineService: machines, their registers, and their persistence over a restart of the server.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "armstate/storage/v1/machine_record.pb.h"
#include "storage/rocksdb/storage.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using StatusCode = grpc::StatusCode;

constexpr char kA57[] = "qemu-7.2.virt.cortex-a57";
constexpr uint64_t kX0 = 0x6030000000100000;
constexpr uint64_t kX1 = 0x6030000000100002;
constexpr uint64_t kCtrEl0 = 0x603000000013d801;    // a constant
constexpr uint64_t kSctlrEl1 = 0x603000000013c080;  // resets to 0xc50838

const RpcResult kNoMachine{StatusCode::NOT_FOUND, "MACHINE_NOT_FOUND", {{"name", "machines/none"}}};

class EngineServiceTest : public ServerTest {
 protected:
  RpcResult Read(int vcpu, const std::vector<uint64_t>& ids, v1::RegisterList* registers) {
    v1::ReadRegistersRequest request;
    request.set_machine("machines/m");
    request.set_vcpu_index(vcpu);
    request.mutable_register_ids()->Add(ids.begin(), ids.end());
    v1::ReadRegistersResponse response;
    const RpcResult result = Call(engine(), &EngineStub::ReadRegisters, request, &response);
    *registers = response.registers();
    return result;
  }

  uint64_t ReadOne(int vcpu, uint64_t id) {
    v1::RegisterList registers;
    EXPECT_EQ(Read(vcpu, {id}, &registers), RpcResult());
    return ValueOf(registers, id);
  }

  v1::RestoreReport Write(int vcpu, const v1::RegisterList& registers, bool keep_going = false) {
    v1::WriteRegistersRequest request;
    request.set_machine("machines/m");
    request.set_vcpu_index(vcpu);
    *request.mutable_registers() = registers;
    request.set_keep_going(keep_going);
    v1::WriteRegistersResponse response;
    EXPECT_EQ(Call(engine(), &EngineStub::WriteRegisters, request, &response), RpcResult());
    return response.report();
  }
};

TEST_F(EngineServiceTest, AMachineBeginsInResetState) {
  const v1::Machine made = CreateMachine("m", kA57, 2);
  EXPECT_EQ(made.name(), "machines/m");
  EXPECT_EQ(made.cpu_profile(), "cpuProfiles/qemu-7.2.virt.cortex-a57");
  EXPECT_EQ(made.vcpu_count(), 2);
  EXPECT_EQ(made.register_count(), 333);
  EXPECT_GT(made.create_time().seconds(), 1700000000);
  v1::GetMachineRequest request;
  request.set_name("machines/m");
  v1::Machine got;
  ASSERT_EQ(Call(engine(), &EngineStub::GetMachine, request, &got), RpcResult());
  EXPECT_EQ(got.DebugString(), made.DebugString());
  v1::RegisterList all;
  ASSERT_EQ(Read(1, {}, &all), RpcResult());
  EXPECT_EQ(all.ids_size(), 333);
  EXPECT_EQ(ValueOf(all, kSctlrEl1), 0xc50838u);
  EXPECT_EQ(CreateMachine("n", kA57, 0).vcpu_count(), 1);
}

TEST_F(EngineServiceTest, WhatCannotBeMade) {
  v1::CreateMachineRequest request;
  const auto create = [&] { return Call(engine(), &EngineStub::CreateMachine, request); };
  request.mutable_machine()->set_cpu_profile("cpuProfiles/qemu-7.2.virt.cortex-a57");
  request.set_machine_id("a/b");
  EXPECT_EQ(create(), (RpcResult{StatusCode::INVALID_ARGUMENT,
                                 "RESOURCE_NAME_INVALID",
                                 {{"name", "machines/a/b"}, {"expected", "machines/{machine}"}}}));
  request.set_machine_id("m");
  for (const int count : {-1, 513}) {
    request.mutable_machine()->set_vcpu_count(count);
    EXPECT_EQ(create(), (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "machine.vcpu_count"}}}));
  }
  request.mutable_machine()->set_vcpu_count(512);
  EXPECT_EQ(create(), RpcResult());
  EXPECT_EQ(create(), (RpcResult{StatusCode::ALREADY_EXISTS, "MACHINE_EXISTS", {{"name", "machines/m"}}}));
  request.mutable_machine()->set_cpu_profile("cpuProfiles/cortex-z1");
  EXPECT_EQ(create(), (RpcResult{StatusCode::NOT_FOUND, "CPU_PROFILE_NOT_FOUND", {{"name", "cpuProfiles/cortex-z1"}}}));
}

TEST_F(EngineServiceTest, PagesOfMachinesAndDeletion) {
  for (const char* id : {"c", "a", "b"}) CreateMachine(id, kA57);
  v1::ListMachinesRequest request;
  request.set_page_size(2);
  v1::ListMachinesResponse response;
  ASSERT_EQ(Call(engine(), &EngineStub::ListMachines, request, &response), RpcResult());
  ASSERT_EQ(response.machines_size(), 2);
  EXPECT_EQ(response.machines(0).name(), "machines/a");
  EXPECT_EQ(response.machines(1).name(), "machines/b");
  request.set_page_token(response.next_page_token());
  ASSERT_EQ(Call(engine(), &EngineStub::ListMachines, request, &response), RpcResult());
  ASSERT_EQ(response.machines_size(), 1);
  EXPECT_EQ(response.machines(0).name(), "machines/c");
  EXPECT_EQ(response.next_page_token(), "");
  request.set_page_token("x");
  EXPECT_EQ(Call(engine(), &EngineStub::ListMachines, request).reason, "PAGE_TOKEN_INVALID");

  v1::DeleteMachineRequest deletion;
  deletion.set_name("machines/c");
  EXPECT_EQ(Call(engine(), &EngineStub::DeleteMachine, deletion), RpcResult());
  EXPECT_EQ(Call(engine(), &EngineStub::DeleteMachine, deletion).reason, "MACHINE_NOT_FOUND");
  CreateMachine("c", kA57);
}

TEST_F(EngineServiceTest, WrittenRegistersOutliveTheServer) {
  CreateMachine("m", kA57, 2);
  const v1::RestoreReport report = Write(1, Registers({{kX0, 0x1122334455667788}, {kSctlrEl1, 0x30d5d91d}}));
  EXPECT_EQ(report.verdict(), v1::VERDICT_ACCEPTED);
  ASSERT_EQ(report.vcpus_size(), 1);
  EXPECT_EQ(report.vcpus(0).vcpu_index(), 1);
  EXPECT_EQ(report.vcpus(0).written_count(), 2);
  // A write is not a restore: it says nothing about registers that it does not name.
  EXPECT_THAT(report.vcpus(0).registers(), IsEmpty());
  Restart();
  v1::RegisterList read;
  ASSERT_EQ(Read(1, {kSctlrEl1, kX0, kSctlrEl1}, &read), RpcResult());
  EXPECT_THAT(read.ids(), ElementsAre(kX0, kSctlrEl1));
  EXPECT_EQ(ValueOf(read, kX0), 0x1122334455667788u);
  EXPECT_EQ(ValueOf(read, kSctlrEl1), 0x30d5d91du);
  EXPECT_EQ(ReadOne(0, kX0), 0u);

  v1::ResetMachineRequest reset;
  reset.set_name("machines/m");
  v1::Machine machine;
  EXPECT_EQ(Call(engine(), &EngineStub::ResetMachine, reset, &machine), RpcResult());
  EXPECT_EQ(machine.vcpu_count(), 2);
  Restart();
  EXPECT_EQ(ReadOne(1, kX0), 0u);
  EXPECT_EQ(ReadOne(1, kSctlrEl1), 0xc50838u);
}

TEST_F(EngineServiceTest, AConstantIsNamedAndNothingIsWritten) {
  CreateMachine("m", kA57);
  const v1::RegisterList registers = Registers({{kX0, 7}, {kCtrEl0, 0x84448004}});
  const v1::RestoreReport report = Write(0, registers);
  EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED);
  EXPECT_TRUE(report.rolled_back());
  ASSERT_EQ(report.vcpus(0).registers_size(), 1);
  const v1::RegisterReport& ctr = report.vcpus(0).registers(0);
  EXPECT_EQ(ctr.name(), "CTR_EL0");
  EXPECT_EQ(ctr.outcome(), v1::REGISTER_OUTCOME_IGNORED);
  EXPECT_EQ(ctr.got(), std::string("\x04\xc0\x44\x84\0\0\0\0", 8));
  EXPECT_EQ(ReadOne(0, kX0), 0u);

  EXPECT_EQ(Write(0, registers, /*keep_going=*/true).verdict(), v1::VERDICT_REFUSED);
  EXPECT_EQ(ReadOne(0, kX0), 7u);
  EXPECT_EQ(ReadOne(0, kCtrEl0), 0x8444c004u);
  // Its own value is no change.
  EXPECT_EQ(Write(0, Registers({{kCtrEl0, 0x8444c004}})).verdict(), v1::VERDICT_ACCEPTED);
}

TEST_F(EngineServiceTest, AnUnknownRegisterIsNamedAndNothingIsWritten) {
  CreateMachine("m", kA57);
  const v1::RestoreReport report = Write(0, Registers({{kX0, 7}, {0x6030000000140000, 0x10002}}));
  EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED);
  EXPECT_TRUE(report.rolled_back());
  ASSERT_EQ(report.vcpus(0).registers_size(), 1);
  EXPECT_EQ(report.vcpus(0).registers(0).register_id(), 0x6030000000140000u);
  EXPECT_EQ(report.vcpus(0).registers(0).outcome(), v1::REGISTER_OUTCOME_UNKNOWN);
  EXPECT_EQ(ReadOne(0, kX0), 0u);
}

TEST_F(EngineServiceTest, WritesThatAreErrors) {
  CreateMachine("m", kA57);
  v1::WriteRegistersRequest request;
  request.set_machine("machines/m");
  *request.mutable_registers() = Registers({{kX1, 1}, {kX0, 2}});
  EXPECT_EQ(Call(engine(), &EngineStub::WriteRegisters, request),
            (RpcResult{StatusCode::INVALID_ARGUMENT,
                       "REGISTER_LIST_MALFORMED",
                       {{"field", "registers"}, {"position", "1"}, {"register_id", "0x6030000000100000"}}}));
  *request.mutable_registers() = Registers({{kX0, 1}});
  request.set_vcpu_index(1);
  EXPECT_EQ(Call(engine(), &EngineStub::WriteRegisters, request),
            (RpcResult{StatusCode::NOT_FOUND, "VCPU_NOT_FOUND", {{"name", "machines/m"}, {"vcpu_index", "1"}}}));
  request.set_machine("machines/none");
  EXPECT_EQ(Call(engine(), &EngineStub::WriteRegisters, request), kNoMachine);
}

TEST_F(EngineServiceTest, ReadsThatAreErrors) {
  CreateMachine("m", kA57);
  v1::RegisterList none;
  EXPECT_EQ(Read(0, {kX0, 0x6030000000140000}, &none),
            (RpcResult{StatusCode::NOT_FOUND, "REGISTER_NOT_FOUND", {{"register_id", "0x6030000000140000"}}}));
  EXPECT_EQ(Read(0, {7}, &none),
            (RpcResult{StatusCode::NOT_FOUND, "REGISTER_NOT_FOUND", {{"register_id", "0x0000000000000007"}}}));
  EXPECT_EQ(Read(-1, {}, &none),
            (RpcResult{StatusCode::NOT_FOUND, "VCPU_NOT_FOUND", {{"name", "machines/m"}, {"vcpu_index", "-1"}}}));
  v1::ReadRegistersRequest read;
  read.set_machine("machines/none");
  EXPECT_EQ(Call(engine(), &EngineStub::ReadRegisters, read), kNoMachine);
  v1::GetMachineRequest get;
  get.set_name("machines/none");
  EXPECT_EQ(Call(engine(), &EngineStub::GetMachine, get), kNoMachine);
  v1::ResetMachineRequest reset;
  reset.set_name("machines/none");
  EXPECT_EQ(Call(engine(), &EngineStub::ResetMachine, reset), kNoMachine);
}

// A machine that this server cannot use is listed with the reason and hides no other.
TEST_F(EngineServiceTest, ListGoesOnAfterAMachineThatCannotBeRead) {
  CreateMachine("a", kA57);
  CreateMachine("c", kA57);
  Stop();
  {
    auto storage = RocksDbStorage::Open(data_dir(), StorageOptions());
    ASSERT_TRUE(storage.ok()) << storage.status();
    ASSERT_TRUE((*storage)->records().Put(RecordKind::kMachine, "b", "no machine record").ok());
    storage::v1::MachineRecord orphan;
    orphan.mutable_machine()->set_name("machines/d");
    orphan.mutable_machine()->set_cpu_profile("cpuProfiles/gone");
    ASSERT_TRUE((*storage)->records().Put(RecordKind::kMachine, "d", orphan.SerializeAsString()).ok());
  }
  Start();
  v1::ListMachinesResponse list;
  EXPECT_EQ(Call(engine(), &EngineStub::ListMachines, v1::ListMachinesRequest(), &list), RpcResult());
  ASSERT_EQ(list.machines_size(), 4);
  EXPECT_EQ(list.machines(1).name(), "machines/b");
  EXPECT_EQ(list.machines(1).error().message(), "a stored machine cannot be read");
  EXPECT_EQ(list.machines(2).name(), "machines/c");
  EXPECT_FALSE(list.machines(2).has_error());
  EXPECT_THAT(list.machines(3).error().message(), HasSubstr("no CPU profile gone"));
  v1::GetMachineRequest get;
  get.set_name("machines/b");
  EXPECT_EQ(Call(engine(), &EngineStub::GetMachine, get).reason, "RECORD_DAMAGED");
  get.set_name("machines/d");
  EXPECT_EQ(Call(engine(), &EngineStub::GetMachine, get),
            (RpcResult{StatusCode::FAILED_PRECONDITION,
                       "MACHINE_UNUSABLE",
                       {{"name", "machines/d"}, {"cpu_profile", "cpuProfiles/gone"}}}));
}

}  // namespace
}  // namespace armstate
