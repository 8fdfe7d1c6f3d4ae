// profile and machine: CPU profiles, and the virtual machines that the engine makes by them.
#include <string>

#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/commands/run_command.h"
#include "tests/client/fake_server.h"

namespace armstate {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr uint64_t kSctlrEl1 = 0x603000000013c080;
constexpr uint64_t kTpidrEl0 = 0x603000000013de82;

v1::CpuProfile SmallProfile() {
  v1::CpuProfile profile;
  profile.set_name("cpuProfiles/p");
  profile.set_accelerator(v1::ACCELERATOR_TCG);
  profile.set_hypervisor("QEMU");
  profile.set_hypervisor_version("7.2.22");
  profile.set_machine_type("virt-7.2");
  profile.set_cpu_model("cortex-a57");
  profile.add_machine_options("secure=on");
  profile.add_machine_options("virtualization=on");
  profile.set_register_count(2);
  v1::RegisterRule* rule = profile.add_registers();
  rule->set_id(kSctlrEl1);
  rule->add_reset(0xc50838);
  rule->add_writable(0xff);
  rule = profile.add_registers();
  rule->set_id(kTpidrEl0);
  return profile;
}

TEST(Profile, List) {
  FakeServer server;
  server.handlers.list_cpu_profiles = [](const v1::ListCpuProfilesRequest&) {
    v1::ListCpuProfilesResponse response;
    *response.add_cpu_profiles() = SmallProfile();
    return response;
  };
  EXPECT_EQ(RunCommand(server.target(), {"profile", "list"}).out,
            "PROFILE  SOURCE  HYPERVISOR   MACHINE   CPU         OPTIONS                      REGISTERS\n"
            "p        TCG     QEMU 7.2.22  virt-7.2  cortex-a57  secure=on,virtualization=on  2\n");
}

TEST(Profile, Show) {
  FakeServer server;
  server.handlers.get_cpu_profile = [](const v1::GetCpuProfileRequest& request) {
    EXPECT_EQ(request.name(), "cpuProfiles/p");
    return SmallProfile();
  };
  EXPECT_EQ(RunCommand(server.target(), {"profile", "show", "p"}).out,
            "REGISTER   RESET               WRITABLE BITS\n"
            "SCTLR_EL1  0x0000000000c50838  0x00000000000000ff\n"
            "TPIDR_EL0  0x0000000000000000  0x0000000000000000\n");
  EXPECT_THAT(RunCommand(server.target(), {"profile", "show", "p", "TPIDR_EL0"}).out, Not(HasSubstr("SCTLR_EL1")));
  const CommandResult json = RunCommand(server.target(), {"profile", "show", "p", "TPIDR_EL0", "--output=json"});
  // kTpidrEl0 and kSctlrEl1 in decimal.
  EXPECT_THAT(json.out, AllOf(HasSubstr("\"6931039826524495490\""), Not(HasSubstr("\"6931039826524487808\""))));
  const CommandResult mapped = RunCommand(server.target(), {"profile", "show", "p", "SCTLR", "--output=json"});
  EXPECT_THAT(mapped.out, AllOf(HasSubstr("\"6931039826524487808\""), Not(HasSubstr("\"6931039826524495490\""))));
  const CommandResult missing = RunCommand(server.target(), {"profile", "show", "p", "VBAR_EL1"});
  EXPECT_EQ(missing.exit_status, 1);
  EXPECT_THAT(missing.err, HasSubstr("VBAR_EL1"));
}

TEST(Profile, AnUnknownOneSaysWhereToLook) {
  FakeServer server;
  server.handlers.get_cpu_profile = [](const v1::GetCpuProfileRequest&) {
    return MakeError(absl::StatusCode::kNotFound, ErrorReason::kCpuProfileNotFound, "no CPU profile x", {});
  };
  const CommandResult result = RunCommand(server.target(), {"profile", "show", "x"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.err, "armstate: no CPU profile x\narmstate: 'armstate profile list' shows the profiles\n");
}

v1::Machine SmallMachine() {
  v1::Machine machine;
  machine.set_name("machines/m1");
  machine.set_cpu_profile("cpuProfiles/p");
  machine.set_vcpu_count(2);
  machine.set_register_count(2);
  machine.mutable_create_time()->set_seconds(1700000000);
  return machine;
}

constexpr char kSmallMachineTable[] =
    "MACHINE  PROFILE  VCPUS  REGISTERS  CREATED\n"
    "m1       p        2      2          2023-11-14 22:13:20Z\n";

TEST(Machine, CreateGetListResetDelete) {
  FakeServer server;
  server.handlers.create_machine = [](const v1::CreateMachineRequest& request) {
    EXPECT_EQ(request.machine_id(), "m1");
    EXPECT_EQ(request.machine().cpu_profile(), "cpuProfiles/p");
    EXPECT_EQ(request.machine().vcpu_count(), 2);
    return SmallMachine();
  };
  server.handlers.get_machine = [](const v1::GetMachineRequest& request) {
    EXPECT_EQ(request.name(), "machines/m1");
    return SmallMachine();
  };
  server.handlers.list_machines = [](const v1::ListMachinesRequest&) {
    v1::ListMachinesResponse response;
    *response.add_machines() = SmallMachine();
    return response;
  };
  server.handlers.reset_machine = [](const v1::ResetMachineRequest& request) {
    EXPECT_EQ(request.name(), "machines/m1");
    return SmallMachine();
  };
  server.handlers.delete_machine = [](const v1::DeleteMachineRequest& request) {
    EXPECT_EQ(request.name(), "machines/m1");
    return google::protobuf::Empty();
  };
  const std::string at = server.target();
  EXPECT_EQ(RunCommand(at, {"machine", "create", "m1", "--profile", "p", "--vcpus", "2"}).out, kSmallMachineTable);
  EXPECT_EQ(RunCommand(at, {"machine", "get", "m1"}).out, kSmallMachineTable);
  EXPECT_EQ(RunCommand(at, {"machine", "list"}).out, kSmallMachineTable);
  EXPECT_EQ(RunCommand(at, {"machine", "reset", "m1"}).out, kSmallMachineTable);
  EXPECT_EQ(RunCommand(at, {"machine", "delete", "m1"}).out, "machines/m1: deleted\n");
  EXPECT_THAT(RunCommand(at, {"machine", "get", "m1", "--output", "json"}).out, HasSubstr("\"vcpuCount\": 2"));
}

void ServeMachine(FakeServer& server) {
  server.handlers.get_machine = [](const v1::GetMachineRequest&) { return SmallMachine(); };
  server.handlers.get_cpu_profile = [](const v1::GetCpuProfileRequest&) { return SmallProfile(); };
}

TEST(Machine, Read) {
  FakeServer server;
  ServeMachine(server);
  v1::ReadRegistersRequest seen;
  server.handlers.read_registers = [&](const v1::ReadRegistersRequest& request) {
    seen = request;
    v1::ReadRegistersResponse response;
    response.mutable_registers()->add_ids(kTpidrEl0);
    response.mutable_registers()->set_values(std::string("\x01\x02\x03\x04\x05\x06\x07\x08", 8));
    return response;
  };
  EXPECT_EQ(RunCommand(server.target(), {"machine", "read", "m1", "TPIDR_EL0", "--vcpu", "1"}).out,
            "TPIDR_EL0  0x603000000013de82  0x0807060504030201\n");
  EXPECT_EQ(seen.machine(), "machines/m1");
  EXPECT_EQ(seen.vcpu_index(), 1);
  EXPECT_THAT(seen.register_ids(), ElementsAre(kTpidrEl0));
  EXPECT_EQ(RunCommand(server.target(), {"machine", "read", "m1"}).out,
            "REGISTER   VALUE\n"
            "TPIDR_EL0  0x0807060504030201\n");
  EXPECT_THAT(seen.register_ids(), IsEmpty());
}

TEST(Machine, ReadByAnAArch32Name) {
  FakeServer server;
  ServeMachine(server);
  server.handlers.read_registers = [](const v1::ReadRegistersRequest& request) {
    EXPECT_THAT(request.register_ids(), ElementsAre(kSctlrEl1));
    v1::ReadRegistersResponse response;
    response.mutable_registers()->add_ids(kSctlrEl1);
    response.mutable_registers()->set_values(std::string("\x01\0\0\0\0\0\0\0", 8));
    return response;
  };
  EXPECT_THAT(RunCommand(server.target(), {"machine", "read", "m1", "SCTLR"}).out,
              StartsWith("SCTLR_EL1  0x603000000013c080  0x0000000000000001  (AArch64; SCTLR is mapped to it)\n"));
}

TEST(Machine, Write) {
  FakeServer server;
  ServeMachine(server);
  v1::WriteRegistersRequest seen;
  server.handlers.write_registers = [&](const v1::WriteRegistersRequest& request) {
    seen = request;
    v1::WriteRegistersResponse response;
    response.mutable_report()->set_verdict(v1::VERDICT_ACCEPTED);
    response.mutable_report()->add_vcpus()->set_written_count(2);
    return response;
  };
  // Any order; the list is sorted.
  const CommandResult result = RunCommand(
      server.target(), {"machine", "write", "m1", "TPIDR_EL0=0x0102030405060708", "SCTLR_EL1=258", "--keep-going"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_EQ(result.out, "ACCEPTED: machines/m1\nvCPU 0: 0 refused, 2 written, 0 unchanged\n");
  EXPECT_TRUE(seen.keep_going());
  EXPECT_THAT(seen.registers().ids(), ElementsAre(kSctlrEl1, kTpidrEl0));
  EXPECT_EQ(seen.registers().values(), std::string("\x02\x01\0\0\0\0\0\0\x08\x07\x06\x05\x04\x03\x02\x01", 16));
}

TEST(Machine, WriteRefusesWhatIsNoAssignment) {
  FakeServer server;
  ServeMachine(server);
  for (const char* assignment : {"TPIDR_EL0", "TPIDR_EL0=", "TPIDR_EL0=x", "TPIDR_EL0=-1", "TPIDR_EL0=0x",
                                 "TPIDR_EL0=0x10000000000000000", "TPIDR_EL0=18446744073709551616", "TPIDR_EL0=1 2"}) {
    const CommandResult result = RunCommand(server.target(), {"machine", "write", "m1", assignment});
    EXPECT_EQ(result.exit_status, 2) << assignment << result;
    EXPECT_THAT(result.err, HasSubstr(assignment));
  }
  EXPECT_EQ(RunCommand(server.target(), {"machine", "write", "m1", "TPDIR_EL0=1"}).exit_status, 1);
  EXPECT_EQ(RunCommand(server.target(), {"machine", "write", "m1", "TPIDR_EL0=1", "TPIDR_EL0=1"}).exit_status, 1);
}

TEST(Machine, Capture) {
  FakeServer server;
  v1::CaptureMachineRequest seen;
  server.handlers.capture_machine = [&](const v1::CaptureMachineRequest& request) {
    seen = request;
    v1::Checkpoint checkpoint;
    checkpoint.set_name("vms/web-1/checkpoints/7");
    checkpoint.set_vcpu_count(1);
    checkpoint.set_register_count(1);
    return checkpoint;
  };
  EXPECT_EQ(RunCommand(server.target(), {"machine", "capture", "m1", "web-1", "--label", "a=b"}).out,
            "vms/web-1/checkpoints/7: 1 vCPU, 1 register\n");
  EXPECT_EQ(seen.machine(), "machines/m1");
  EXPECT_EQ(seen.parent(), "vms/web-1");
  EXPECT_EQ(seen.labels().at("a"), "b");
}

}  // namespace
}  // namespace armstate
