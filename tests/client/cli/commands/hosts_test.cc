// armstate host ..., and armstate profile import.
#include <fstream>
#include <string>

#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/commands/run_command.h"
#include "tests/client/fake_server.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Pair;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

v1::Host SmallHost() {
  v1::Host host;
  host.set_name("hosts/rack4");
  host.set_accelerator(v1::ACCELERATOR_KVM);
  host.set_kernel("6.12.117");
  host.set_cpu_model("cortex-a72");
  (*host.mutable_labels())["zone"] = "b";
  (*host.mutable_labels())["rack"] = "4";
  host.mutable_update_time()->set_seconds(1700000000);
  v1::HostProfile* profile = host.add_profiles();
  profile->set_cpu_profile("cpuProfiles/kvm.pmu-1a2b3c4d");
  profile->set_feature_set("pmu");
  profile->set_vcpu_features(0xc);
  profile->set_memory_tagging(true);
  host.add_profiles()->set_cpu_profile("cpuProfiles/other");
  v1::UnsupportedFeature* feature = host.add_unsupported_features();
  feature->set_feature("sve");
  feature->set_call("KVM_ARM_VCPU_INIT");
  feature->set_error("EINVAL");
  return host;
}

constexpr char kLine[] =
    "HOST   ACCELERATOR  KERNEL    CPU         PROFILES  UPDATED               LABELS\n"
    "rack4  KVM          6.12.117  cortex-a72  2         2023-11-14 22:13:20Z  rack=4,zone=b\n";

constexpr char kWhole[] =
    "\n"
    "FEATURE SET  PROFILE           VCPU FEATURES\n"
    "pmu          kvm.pmu-1a2b3c4d  psci_0_2,pmu_v3,mte\n"
    "-            other\n"
    "\n"
    "WITHOUT  CALL               ANSWERS\n"
    "sve      KVM_ARM_VCPU_INIT  EINVAL\n";

class HostCommand : public testing::Test {
 protected:
  std::string File(const std::string& name, const std::string& content) {
    const std::string path = dir_.path() + "/" + name;
    std::ofstream(path) << content;
    return path;
  }
  CommandResult Run(std::vector<std::string> arguments) { return RunCommand(server_.target(), std::move(arguments)); }

  FakeServer server_;

 private:
  TempDir dir_;
};

TEST_F(HostCommand, CreateSendsTheProbesFiles) {
  v1::CreateHostRequest seen;
  server_.handlers.create_host = [&seen](const v1::CreateHostRequest& request) {
    seen = request;
    return SmallHost();
  };
  const std::string first = File("first", std::string("\0\xff", 2));
  const std::string second = File("second", "two");
  const CommandResult result =
      Run({"host", "create", "rack4", "--probe", first, second, "--label", "rack=4", "--label", "zone=b"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_EQ(result.out, std::string(kLine) + kWhole);
  EXPECT_EQ(seen.host_id(), "rack4");
  EXPECT_THAT(seen.host().labels(), UnorderedElementsAre(Pair("rack", "4"), Pair("zone", "b")));
  ASSERT_EQ(seen.probe_size(), 2);
  EXPECT_EQ(seen.probe(0).name(), first);
  EXPECT_EQ(seen.probe(0).content(), std::string("\0\xff", 2));
  EXPECT_EQ(seen.probe(1).content(), "two");
  EXPECT_EQ(seen.host().profiles_size(), 0);
}

TEST_F(HostCommand, SeveralKindsOfCores) {
  v1::CreateHostRequest seen;
  server_.handlers.create_host = [&seen](const v1::CreateHostRequest& request) {
    seen = request;
    v1::Host host = SmallHost();
    host.set_cpu_model("cortex-a72, cortex-a53");
    host.add_core_kinds()->set_cpu_model("cortex-a72");
    host.mutable_core_kinds(0)->set_cpus("4-7");
    host.add_core_kinds()->set_cpu_model("cortex-a53");
    host.mutable_profiles(1)->set_core_kind(1);
    return host;
  };
  const std::string big = File("big", "1");
  const std::string little = File("little", "2");
  const CommandResult result = Run({"host", "create", "phone", "--probe", big, "--probe", little});
  EXPECT_EQ(result.exit_status, 0) << result;
  ASSERT_EQ(seen.probe_size(), 2);
  EXPECT_EQ(seen.probe(1).name(), little);
  EXPECT_THAT(result.out, HasSubstr("\n\nOn CPUs 4-7 (cortex-a72):\n"
                                    "FEATURE SET  PROFILE           VCPU FEATURES\n"
                                    "pmu          kvm.pmu-1a2b3c4d  psci_0_2,pmu_v3,mte\n"
                                    "\n"
                                    "WITHOUT  CALL               ANSWERS\n"
                                    "sve      KVM_ARM_VCPU_INIT  EINVAL\n"
                                    "\n"
                                    "On the cortex-a53 CPUs:\n"
                                    "FEATURE SET  PROFILE  VCPU FEATURES\n"
                                    "-            other\n"));
}

TEST_F(HostCommand, CreateOfKnownProfiles) {
  v1::CreateHostRequest seen;
  server_.handlers.create_host = [&seen](const v1::CreateHostRequest& request) {
    seen = request;
    return SmallHost();
  };
  EXPECT_EQ(Run({"host", "create", "h", "--profile", "p", "--profile", "cpuProfiles/q"}).exit_status, 0);
  ASSERT_EQ(seen.host().profiles_size(), 2);
  EXPECT_EQ(seen.host().profiles(0).cpu_profile(), "cpuProfiles/p");
  EXPECT_EQ(seen.host().profiles(1).cpu_profile(), "cpuProfiles/q");
  EXPECT_EQ(seen.probe_size(), 0);
}

TEST_F(HostCommand, FilesThatCannotBeSent) {
  const CommandResult missing = Run({"host", "create", "h", "--probe", "no/such/file"});
  EXPECT_EQ(missing.exit_status, 1);
  EXPECT_THAT(missing.err, HasSubstr("no/such/file"));
  const CommandResult large = Run({"host", "create", "h", "--probe", File("large", std::string(16 << 20, 'x'))});
  EXPECT_EQ(large.exit_status, 2);
  EXPECT_THAT(large.err, HasSubstr("compress it with zstd"));
}

TEST_F(HostCommand, ListPassesLabelsOnAndShowsDamage) {
  v1::ListHostsRequest seen;
  server_.handlers.list_hosts = [&seen](const v1::ListHostsRequest& request) {
    seen = request;
    v1::ListHostsResponse response;
    if (request.page_token().empty()) {
      *response.add_hosts() = SmallHost();
      response.set_next_page_token("more");
    } else {
      v1::Host* damaged = response.add_hosts();
      damaged->set_name("hosts/z");
      damaged->mutable_error()->set_message("a stored host cannot be read");
    }
    return response;
  };
  const CommandResult result = Run({"host", "list", "--label", "rack=4"});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_THAT(result.out, MatchesRegex("HOST .*\nrack4  .*\nz      DAMAGED .*a stored host cannot be read\n"));
  EXPECT_THAT(seen.labels(), ElementsAre(Pair("rack", "4")));
  EXPECT_EQ(seen.page_token(), "more");
  EXPECT_THAT(Run({"host", "list", "--output=json"}).out, HasSubstr("\"name\": \"hosts/z\""));

  server_.handlers.list_hosts = [](const v1::ListHostsRequest&) { return v1::ListHostsResponse(); };
  EXPECT_EQ(Run({"host", "list"}).out, "no hosts; 'armstate host create' makes one\n");
}

TEST_F(HostCommand, ShowAndDelete) {
  server_.handlers.get_host = [](const v1::GetHostRequest& request) {
    EXPECT_EQ(request.name(), "hosts/rack4");
    return SmallHost();
  };
  server_.handlers.delete_host = [](const v1::DeleteHostRequest& request) {
    EXPECT_EQ(request.name(), "hosts/rack4");
    return google::protobuf::Empty();
  };
  EXPECT_EQ(Run({"host", "show", "rack4"}).out, std::string(kLine) + kWhole);
  EXPECT_THAT(Run({"host", "show", "rack4", "--output=json"}).out, HasSubstr("\"featureSet\": \"pmu\""));
  EXPECT_EQ(Run({"host", "delete", "hosts/rack4"}).out, "hosts/rack4: deleted\n");
  EXPECT_EQ(Run({"host", "delete", "rack4", "--output=json"}).out, "{}\n");
}

TEST_F(HostCommand, UpdateNamesWhatItChanges) {
  v1::UpdateHostRequest seen;
  server_.handlers.update_host = [&seen](const v1::UpdateHostRequest& request) {
    seen = request;
    return SmallHost();
  };
  EXPECT_EQ(Run({"host", "update", "rack4", "--label", "rack=5"}).out, std::string(kLine) + kWhole);
  EXPECT_EQ(seen.host().name(), "hosts/rack4");
  EXPECT_THAT(seen.host().labels(), ElementsAre(Pair("rack", "5")));
  EXPECT_THAT(seen.update_mask().paths(), ElementsAre("labels"));
  Run({"host", "update", "rack4", "--no-labels", "--profile", "p"});
  EXPECT_THAT(seen.update_mask().paths(), ElementsAre("labels", "profiles"));
  EXPECT_THAT(seen.host().labels(), IsEmpty());
  Run({"host", "update", "rack4", "--probe", File("probe", "x")});
  EXPECT_THAT(seen.update_mask().paths(), ElementsAre("profiles"));
  ASSERT_EQ(seen.probe_size(), 1);
}

TEST_F(HostCommand, ErrorsSayWhatToDoNext) {
  const struct {
    absl::StatusCode code;
    ErrorReason reason;
    const char* next;
  } cases[] = {
      {absl::StatusCode::kNotFound, ErrorReason::kHostNotFound, "armstate host list"},
      {absl::StatusCode::kAlreadyExists, ErrorReason::kHostExists, "armstate host update"},
      {absl::StatusCode::kAlreadyExists, ErrorReason::kCpuProfileExists, "another name"},
      {absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed, "create it again"},
      {absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged, "armstate host delete"},
  };
  for (const auto& test : cases) {
    server_.handlers.get_host = [&test](const v1::GetHostRequest&) -> absl::StatusOr<v1::Host> {
      return MakeError(test.code, test.reason, "said by the server", {{"record", "hosts/h"}});
    };
    const CommandResult result = Run({"host", "show", "h"});
    EXPECT_EQ(result.exit_status, 1);
    EXPECT_THAT(result.err, StartsWith("armstate: said by the server\narmstate: ")) << test.next;
    EXPECT_THAT(result.err, HasSubstr(test.next));
  }
}

TEST_F(HostCommand, ProfileImportOfJsonAndText) {
  std::vector<v1::ImportCpuProfileRequest> seen;
  server_.handlers.import_cpu_profile = [&seen](const v1::ImportCpuProfileRequest& request) {
    seen.push_back(request);
    v1::ImportCpuProfileResponse response;
    *response.add_cpu_profiles() = request.cpu_profile();
    return response;
  };
  const std::string json = File("a.json", R"({"name": "cpuProfiles/a", "accelerator": "ACCELERATOR_KVM", "registers": [
      {"id": "6922219102838931584", "reset": ["12912696"]}]})");
  const std::string text =
      File("b.textproto", "name: \"cpuProfiles/b\" accelerator: ACCELERATOR_TCG registers { id: 0x603000000013c080 }");
  const CommandResult result = Run({"profile", "import", json, text});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_THAT(result.out, MatchesRegex("PROFILE  SOURCE .*\na        KVM .*\nb        TCG .*\n"));
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].cpu_profile().registers(0).reset(0), 12912696u);
  EXPECT_EQ(seen[1].cpu_profile().registers(0).id(), 0x603000000013c080u);

  const CommandResult no_json = Run({"profile", "import", File("c.json", "{\"nam\": 1}")});
  EXPECT_EQ(no_json.exit_status, 2) << no_json;
  EXPECT_THAT(no_json.err, HasSubstr("c.json is no CPU profile in JSON"));
  EXPECT_THAT(no_json.err, HasSubstr("--probe"));
  const CommandResult no_text = Run({"profile", "import", File("d.textproto", "name: 1")});
  EXPECT_EQ(no_text.exit_status, 1) << no_text;
  EXPECT_THAT(no_text.err, HasSubstr("d.textproto: line 1"));
  EXPECT_EQ(seen.size(), 2u);
}

TEST_F(HostCommand, ProfileImportOfAProbe) {
  v1::ImportCpuProfileRequest seen;
  server_.handlers.import_cpu_profile = [&seen](const v1::ImportCpuProfileRequest& request) {
    seen = request;
    return v1::ImportCpuProfileResponse();
  };
  EXPECT_EQ(Run({"profile", "import", "--probe", File("a", "1"), File("b", "2")}).exit_status, 0);
  ASSERT_EQ(seen.probe_size(), 2);
  EXPECT_EQ(seen.probe(1).content(), "2");
  EXPECT_FALSE(seen.has_cpu_profile());
}

}  // namespace
}  // namespace armstate
