// push, pull, list and delete.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/commands/run_command.h"
#include "tests/client/fake_server.h"
#include "tests/client/qemu/corpus.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/whole_file.h"

namespace armstate {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

size_t CountFiles(const TempDir& dir) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) count += entry.exists();
  return count;
}

v1::Checkpoint Stored(int64_t version) {
  v1::Checkpoint checkpoint;
  checkpoint.set_name("vms/web-1/checkpoints/" + std::to_string(version));
  checkpoint.set_version(version);
  checkpoint.set_vcpu_count(2);
  checkpoint.set_register_count(650);
  checkpoint.mutable_create_time()->set_seconds(1700000000);  // 2023-11-14 22:13:20 UTC
  checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
  checkpoint.mutable_source()->set_machine_type("virt-7.2");
  checkpoint.mutable_source()->set_cpu_model("cortex-a53");
  return checkpoint;
}

TEST(Push, AQemuStreamBecomesACheckpoint) {
  FakeServer server;
  v1::CreateCheckpointRequest seen;
  server.handlers.create_checkpoint = [&](const v1::CreateCheckpointRequest& request) {
    seen = request;
    return Stored(1);
  };
  const TempDir dir;
  const std::string file = WriteFile(dir, "a.mig", CorpusStream("virt.cortex-a53.smp2"));
  const CommandResult result = RunCommand(
      server.target(), {"push", "web-1", file, "--cpu-model", "cortex-a53", "--label", "a=b", "--label", "why=x=y",
                        "--host", "h1", "--hypervisor-version", "7.2.22", "--host-kernel", "6.1.0"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_THAT(result.out, StartsWith("vms/web-1/checkpoints/1: 2 vCPUs, 650 registers\n"));
  EXPECT_EQ(seen.parent(), "vms/web-1");
  EXPECT_FALSE(seen.request_id().empty());
  EXPECT_FALSE(seen.has_expected_latest_version());
  const v1::Source& source = seen.checkpoint().source();
  EXPECT_EQ(source.accelerator(), v1::ACCELERATOR_TCG);
  EXPECT_EQ(source.hypervisor(), "QEMU");
  EXPECT_EQ(source.hypervisor_version(), "7.2.22");
  EXPECT_EQ(source.host_kernel(), "6.1.0");
  EXPECT_EQ(source.machine_type(), "virt-7.2");
  EXPECT_EQ(source.cpu_model(), "cortex-a53");
  EXPECT_EQ(source.host(), "h1");
  EXPECT_EQ(seen.checkpoint().labels().at("a"), "b");
  EXPECT_EQ(seen.checkpoint().labels().at("why"), "x=y");
  ASSERT_EQ(seen.checkpoint().vcpus_size(), 2);
  EXPECT_EQ(seen.checkpoint().vcpus(1).vcpu_index(), 1);
}

TEST(Push, SaysWhatTheRulesSay) {
  FakeServer server;
  server.handlers.create_checkpoint = [](const v1::CreateCheckpointRequest&) { return Stored(7); };
  server.handlers.get_checkpoint = [](const v1::GetCheckpointRequest& request) {
    EXPECT_EQ(request.name(), "vms/web-1/checkpoints/7");
    EXPECT_EQ(request.view(), v1::CHECKPOINT_VIEW_BASIC);
    EXPECT_TRUE(request.include_advice());
    v1::Checkpoint answer = Stored(7);
    v1::Advice* advice = answer.add_advice();
    advice->set_kind(v1::ADVICE_KIND_CHECKPOINT);
    advice->set_severity(v1::ADVICE_SEVERITY_WARNING);
    advice->set_sentence("the OS lock is held");
    advice->add_vcpu_indexes(0);
    advice->add_vcpu_indexes(1);
    return answer;
  };
  const TempDir dir;
  const std::string file = WriteFile(dir, "a.json", "{}");
  EXPECT_EQ(RunCommand(server.target(), {"push", "web-1", file}).out,
            "vms/web-1/checkpoints/7: 2 vCPUs, 650 registers\nwarning: the OS lock is held (vCPUs 0 and 1)\n");
  EXPECT_THAT(RunCommand(server.target(), {"push", "web-1", file, "--output=json"}).out,
              HasSubstr("\"sentence\": \"the OS lock is held\""));

  // It is stored, whatever becomes of the question.
  server.handlers.get_checkpoint = [](const v1::GetCheckpointRequest&) -> absl::StatusOr<v1::Checkpoint> {
    return absl::UnimplementedError("too old");
  };
  const CommandResult result = RunCommand(server.target(), {"push", "web-1", file});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.out, "vms/web-1/checkpoints/7: 2 vCPUs, 650 registers\n");
  EXPECT_EQ(result.err, "armstate: stored, but not looked at: too old\n");
}

TEST(Push, OptionsReachTheServer) {
  FakeServer server;
  v1::CreateCheckpointRequest seen;
  server.handlers.create_checkpoint = [&](const v1::CreateCheckpointRequest& request) {
    seen = request;
    v1::Checkpoint checked;
    checked.set_vcpu_count(1);
    return checked;
  };
  const TempDir dir;
  const std::string file =
      WriteFile(dir, "a.json", R"( {"source": {"accelerator": "ACCELERATOR_KVM", "cpuModel": "old"}})");
  const CommandResult result =
      RunCommand(server.target(), {"push", "vms/web-1", file, "--expected-version", "0", "--request-id", "r1",
                                   "--validate-only", "--cpu-model", "new"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_THAT(result.out, HasSubstr("not stored"));
  EXPECT_EQ(seen.parent(), "vms/web-1");
  EXPECT_TRUE(seen.has_expected_latest_version());
  EXPECT_EQ(seen.expected_latest_version(), 0);
  EXPECT_EQ(seen.request_id(), "r1");
  EXPECT_TRUE(seen.validate_only());
  EXPECT_EQ(seen.checkpoint().source().accelerator(), v1::ACCELERATOR_KVM);
  EXPECT_EQ(seen.checkpoint().source().cpu_model(), "new");
}

TEST(Push, TheAcceleratorCanBeGiven) {
  FakeServer server;
  v1::Accelerator seen = v1::ACCELERATOR_UNSPECIFIED;
  server.handlers.create_checkpoint = [&](const v1::CreateCheckpointRequest& request) {
    seen = request.checkpoint().source().accelerator();
    return Stored(1);
  };
  const TempDir dir;
  const std::string file = WriteFile(dir, "a.json", "{}");
  EXPECT_EQ(RunCommand(server.target(), {"push", "a", file, "--accelerator", "kvm"}).exit_status, 0);
  EXPECT_EQ(seen, v1::ACCELERATOR_KVM);
}

TEST(Push, FilesThatAreNoCheckpointAreNotSent) {
  FakeServer server;
  const TempDir dir;
  const struct {
    const char* name;
    std::string content;
    const char* says;
  } kCases[] = {
      {"empty", "", "the file is empty"},
      {"text", "hello", "neither a saved state that armstate reads"},
      {"magic only", "QEVM", "offset"},
      {"wrong json field", R"({"registers": 1})", "registers"},
      {"broken json", R"({"source": )", "not JSON of an armstate.v1.Checkpoint"},
      {"deep json", std::string(100000, '{'), "not JSON of an armstate.v1.Checkpoint"},
  };
  for (const auto& test : kCases) {
    const std::string file = WriteFile(dir, "file", test.content);
    const CommandResult result = RunCommand(server.target(), {"push", "web-1", file});
    EXPECT_EQ(result.exit_status, 1) << test.name << result;
    EXPECT_THAT(result.err, StartsWith("armstate: " + file + ": ")) << test.name;
    EXPECT_THAT(result.err, HasSubstr(test.says)) << test.name;
  }
}

TEST(Push, AStreamErrorAsJsonHasItsReason) {
  FakeServer server;
  const TempDir dir;
  const std::string file = WriteFile(dir, "a.mig", "QEVM\x00\x00\x00\x09");
  const CommandResult result = RunCommand(server.target(), {"--output", "json", "push", "web-1", file});
  EXPECT_EQ(result.exit_status, 1) << result;
  EXPECT_THAT(result.err, AllOf(StartsWith("{"), HasSubstr("\"reason\": \"STREAM_MALFORMED\""),
                                HasSubstr("type.googleapis.com/google.rpc.ErrorInfo"), HasSubstr("\"offset\"")));
}

TEST(Push, AMissingFileIsNamed) {
  FakeServer server;
  const CommandResult result = RunCommand(server.target(), {"push", "web-1", "/no/such/file"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("/no/such/file: No such file or directory"));
}

TEST(Push, LabelsMustHaveAValueAndComeOnce) {
  FakeServer server;
  const TempDir dir;
  const std::string file = WriteFile(dir, "a.json", "{}");
  EXPECT_EQ(RunCommand(server.target(), {"push", "a", file, "--label", "x"}).exit_status, 2);
  EXPECT_EQ(RunCommand(server.target(), {"push", "a", file, "--label", "x=1", "--label", "x=2"}).exit_status, 2);
}

TEST(Push, AConflictSaysWhatToDo) {
  FakeServer server;
  server.handlers.create_checkpoint = [](const v1::CreateCheckpointRequest&) {
    return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kVersionConflict, "vms/web-1 is at version 5",
                     {{"expected_version", "3"}, {"latest_version", "5"}});
  };
  const TempDir dir;
  const std::string file = WriteFile(dir, "a.json", "{}");
  const CommandResult result = RunCommand(server.target(), {"push", "web-1", file, "--expected-version", "3"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, StartsWith("armstate: vms/web-1 is at version 5\narmstate: "));
  EXPECT_THAT(result.err, HasSubstr("--expected-version=5"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(Push, GapsAreShown) {
  FakeServer server;
  server.handlers.create_checkpoint = [](const v1::CreateCheckpointRequest&) { return Stored(1); };
  const TempDir dir;
  const std::string file =
      WriteFile(dir, "a.json", R"({"gaps": [{"vcpuIndex": 1, "reason": "vectors are cut to 1024 bits"}]})");
  const CommandResult result = RunCommand(server.target(), {"push", "web-1", file});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, HasSubstr("incomplete: vCPU 1: vectors are cut to 1024 bits"));
}

TEST(Pull, WritesWhatPushReads) {
  FakeServer server;
  v1::Checkpoint pushed;
  server.handlers.create_checkpoint = [&](const v1::CreateCheckpointRequest& request) {
    pushed = request.checkpoint();
    return Stored(1);
  };
  server.handlers.get_checkpoint = [&](const v1::GetCheckpointRequest& request) {
    if (request.include_advice()) return Stored(1);  // push
    EXPECT_EQ(request.name(), "vms/web-1/checkpoints/latest");
    EXPECT_EQ(request.view(), v1::CHECKPOINT_VIEW_FULL);
    return pushed;
  };
  const TempDir dir;
  const std::string stream = WriteFile(dir, "a.mig", CorpusStream("virt.cortex-a53.smp2"));
  ASSERT_EQ(RunCommand(server.target(), {"push", "web-1", stream}).exit_status, 0);
  const std::string from_stream = pushed.SerializeAsString();
  const std::string file = dir.path() + "/a.json";
  ASSERT_EQ(RunCommand(server.target(), {"pull", "web-1", "--out", file}).exit_status, 0);
  ASSERT_EQ(RunCommand(server.target(), {"push", "web-1", file}).exit_status, 0);
  EXPECT_EQ(pushed.SerializeAsString(), from_stream);
  EXPECT_EQ(RunCommand(server.target(), {"pull", "web-1", "--out", "-"}).out, ReadFile(file));
}

TEST(Pull, DoesNotReplaceAFileUnasked) {
  FakeServer server;
  server.handlers.get_checkpoint = [&](const v1::GetCheckpointRequest& request) {
    EXPECT_EQ(request.name(), "vms/web-1/checkpoints/3");
    return Stored(3);
  };
  const TempDir dir;
  const std::string file = WriteFile(dir, "a.json", "precious");
  const CommandResult refused = RunCommand(server.target(), {"pull", "web-1@3", "--out", file});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_EQ(ReadFile(file), "precious");
  EXPECT_EQ(RunCommand(server.target(), {"pull", "web-1@3", "--out", file, "--force"}).exit_status, 0);
  EXPECT_THAT(ReadFile(file), HasSubstr("vms/web-1/checkpoints/3"));
  EXPECT_EQ(CountFiles(dir), 1u) << "a temporary file is left";
}

TEST(Pull, AnErrorLeavesNoFile) {
  FakeServer server;
  server.handlers.get_checkpoint = [](const v1::GetCheckpointRequest&) {
    return MakeError(absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged, "record vms/web-1/3 is damaged",
                     {{"record", "vms/web-1/3"}});
  };
  const TempDir dir;
  const CommandResult result = RunCommand(server.target(), {"pull", "web-1@3", "--out", dir.path() + "/a.json"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_THAT(result.err, HasSubstr("record vms/web-1/3 is damaged"));
  EXPECT_EQ(CountFiles(dir), 0u);
}

TEST(List, Vms) {
  FakeServer server;
  server.handlers.list_vms = [](const v1::ListVmsRequest& request) {
    v1::ListVmsResponse response;
    v1::Vm* vm = response.add_vms();
    const bool first = request.page_token().empty();
    vm->set_name(first ? "vms/web-1" : "vms/long-name-2");
    vm->set_latest_version(first ? 12 : 1);
    vm->set_checkpoint_count(first ? 3 : 1);
    vm->mutable_update_time()->set_seconds(1700000000);
    if (first) vm->mutable_retention()->set_keep_last(3);
    vm->mutable_retention()->set_keep_labelled(true);  // keeps nothing from going by itself
    if (first) response.set_next_page_token("more");
    return response;
  };
  EXPECT_EQ(RunCommand(server.target(), {"list"}).out,
            "VM           LATEST  CHECKPOINTS  UPDATED               KEEPS\n"
            "web-1        12      3            2023-11-14 22:13:20Z  last 3, labelled\n"
            "long-name-2  1       1            2023-11-14 22:13:20Z  all\n");
  const CommandResult json = RunCommand(server.target(), {"list", "--output=json"});
  EXPECT_THAT(json.out, AllOf(StartsWith("{\n \"vms\": ["), HasSubstr("\"latestVersion\": \"12\""),
                              HasSubstr("vms/long-name-2")));
}

TEST(List, NoVms) {
  FakeServer server;
  server.handlers.list_vms = [](const v1::ListVmsRequest&) { return v1::ListVmsResponse(); };
  const CommandResult result = RunCommand(server.target(), {"list"});
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_THAT(result.out, HasSubstr("no VMs"));
}

TEST(List, Checkpoints) {
  FakeServer server;
  server.handlers.list_checkpoints = [](const v1::ListCheckpointsRequest& request) {
    EXPECT_EQ(request.parent(), "vms/web-1");
    v1::ListCheckpointsResponse response;
    *response.add_checkpoints() = Stored(3);
    v1::Checkpoint* engine = response.add_checkpoints();
    *engine = Stored(4);
    engine->set_is_protected(true);
    engine->mutable_source()->Clear();
    engine->mutable_source()->set_accelerator(v1::ACCELERATOR_ENGINE);
    engine->mutable_source()->set_cpu_profile("cpuProfiles/p");
    (*engine->mutable_labels())["b"] = "2";
    (*engine->mutable_labels())["a"] = "1";
    return response;
  };
  EXPECT_EQ(RunCommand(server.target(), {"list", "web-1"}).out,
            "VERSION  CREATED               SOURCE  MACHINE   CPU         VCPUS  REGISTERS  PROTECTED  LABELS\n"
            "3        2023-11-14 22:13:20Z  TCG     virt-7.2  cortex-a53  2      650\n"
            "4        2023-11-14 22:13:20Z  ENGINE            p           2      650        yes        a=1,b=2\n");
}

TEST(List, AnUnknownVm) {
  FakeServer server;
  server.handlers.list_checkpoints = [](const v1::ListCheckpointsRequest&) {
    return MakeError(absl::StatusCode::kNotFound, ErrorReason::kVmNotFound, "no VM vms/x", {{"name", "vms/x"}});
  };
  const CommandResult result = RunCommand(server.target(), {"list", "x"});
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.err, "armstate: no VM vms/x\narmstate: 'armstate list' shows the VMs\n");
}

// A label is free text: it must not move the cursor or end a line of somebody's terminal.
TEST(List, ControlCharactersDoNotReachTheTerminal) {
  FakeServer server;
  server.handlers.list_checkpoints = [](const v1::ListCheckpointsRequest&) {
    v1::ListCheckpointsResponse response;
    *response.add_checkpoints() = Stored(1);
    (*response.mutable_checkpoints(0)->mutable_labels())["a"] = "\x1b[2J\n";
    return response;
  };
  const CommandResult result = RunCommand(server.target(), {"list", "web-1"});
  EXPECT_THAT(result.out, AllOf(HasSubstr("a=?[2J?\n"), Not(HasSubstr("\x1b"))));
}

TEST(Delete, OneCheckpointOrTheWholeVm) {
  FakeServer server;
  std::vector<std::string> deleted;
  server.handlers.delete_checkpoint = [&](const v1::DeleteCheckpointRequest& request) {
    deleted.push_back(request.name());
    return google::protobuf::Empty();
  };
  server.handlers.delete_vm = [&](const v1::DeleteVmRequest& request) {
    deleted.push_back(request.name());
    return google::protobuf::Empty();
  };
  EXPECT_EQ(RunCommand(server.target(), {"delete", "web-1@3"}).out, "vms/web-1/checkpoints/3: deleted\n");
  EXPECT_EQ(RunCommand(server.target(), {"delete", "web-1", "--all"}).out, "vms/web-1: deleted\n");
  EXPECT_EQ(RunCommand(server.target(), {"delete", "web-2", "--yes", "--output", "json"}).out, "{}\n");
  EXPECT_THAT(deleted, ::testing::ElementsAre("vms/web-1/checkpoints/3", "vms/web-1", "vms/web-2"));
}

}  // namespace
}  // namespace armstate
