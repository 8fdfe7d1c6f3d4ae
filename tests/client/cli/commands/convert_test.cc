// convert, and restore --into a stream of another release, against a real server. What the files hold are recorded
// guests of QEMU 7.2, 10.0 and 11.1; what a release lists is known from its own streams.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/register_kind.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/vcpu_state_conversion.h"
#include "tests/client/cli/commands/run_command.h"
#include "tests/client/qemu/stream/cpu_sections.h"
#include "tests/end_to_end/saved_guest.h"
#include "tests/server/server_fixture.h"
#include "tests/testing/run_shell.h"
#include "tests/testing/whole_file.h"

namespace armstate {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const SavedGuest kA57 = {"virt-7.2", "cortex-a57", ""};
const SavedGuest kA72 = {"virt-7.2", "cortex-a72", ""};
const SavedGuest kMax = {"virt-7.2", "max", ""};

class ConvertCommandTest : public ServerTest {
 protected:
  CommandResult Run(std::vector<std::string> arguments) { return RunCommand(target(), std::move(arguments)); }

  std::string Path(const std::string& name) const { return dir_.path() + "/" + name; }
  std::string Write(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
    return Path(name);
  }
  std::string Write(const SavedGuest& guest, const std::string& release) const {
    return Write(absl::StrCat(guest.cpu, ".", release), guest.Stream(release));
  }
  // A recorded file with its holes.
  std::string Unpack(const std::string& name) const {
    RunShell(absl::StrCat("zstd -dqf --sparse tests/data/", name, ".zst -o ", Path("unpacked")));
    return Path("unpacked");
  }

  // All names in the folder that the test writes to.
  std::set<std::string> Files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) names.insert(entry.path().filename());
    return names;
  }

  TempDir dir_;
};

TEST_F(ConvertCommandTest, HelpSaysWhatCanBeGiven) {
  const CommandResult help = Run({"convert", "--help"});
  EXPECT_EQ(help.exit_status, 0);
  EXPECT_THAT(help.out, AllOf(HasSubstr("--to PROFILE"), HasSubstr("--to-host HOST"), HasSubstr("--out FILE"),
                              HasSubstr("--accept"), HasSubstr("feature-gone")));
}

TEST_F(ConvertCommandTest, AnAcceptedGuestIsWritten) {
  const std::string file = Write(kA57, "7.2");
  const CommandResult result = Run({"convert", file, "--to", "qemu-11.1.virt.cortex-a57", "--out", Path("out")});
  EXPECT_EQ(result.exit_status, 0) << result;
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, StartsWith(absl::StrCat("ACCEPTED WITH CHANGES: ", file,
                                                  " (cpuProfiles/qemu-7.2.virt.cortex-a57) for "
                                                  "cpuProfiles/qemu-11.1.virt.cortex-a57")));
  EXPECT_THAT(result.out, HasSubstr(Path("out") + ": written\n"));
  EXPECT_TRUE(Captured(ReadFile(Path("out"))).vcpus[0].registers.layout() ==
              Captured(kA57.Stream("11.1")).vcpus[0].registers.layout());
  EXPECT_TRUE(ReadFile(file) == kA57.Stream("7.2"));
}

TEST_F(ConvertCommandTest, ARefusedGuestIsNotWritten) {
  const std::string file = Write(kMax, "7.2");
  const std::vector<std::string> line = {"convert", file, "--to", "qemu-10.0.virt.max", "--out", Path("out")};
  const CommandResult refused = Run(line);
  EXPECT_EQ(refused.exit_status, 3) << refused;
  EXPECT_THAT(refused.out, AllOf(StartsWith("REFUSED: "), HasSubstr("ID_AA64ISAR1_EL1"), HasSubstr("APA was 1"),
                                 HasSubstr("--accept feature-gone"), Not(HasSubstr("written\n"))));
  EXPECT_THAT(Files(), ElementsAre("max.7.2"));
  // Nor what stands there touched.
  Write("out", "mine");
  std::vector<std::string> forced = line;
  forced.push_back("--force");
  EXPECT_EQ(Run(forced).exit_status, 3);
  EXPECT_EQ(ReadFile(Path("out")), "mine");
  EXPECT_THAT(Files(), ElementsAre("max.7.2", "out"));

  std::vector<std::string> accepted = line;
  accepted.insert(accepted.end(), {"--accept", "feature-gone"});
  EXPECT_EQ(Run(accepted).exit_status, 1);  // there is a file
  EXPECT_EQ(ReadFile(Path("out")), "mine");
  accepted.push_back("--force");
  EXPECT_EQ(Run(accepted).exit_status, 0);
  EXPECT_TRUE(Captured(ReadFile(Path("out"))).vcpus[0].registers.layout() ==
              Captured(kMax.Stream("10.0")).vcpus[0].registers.layout());
  EXPECT_THAT(Files(), ElementsAre("max.7.2", "out"));
}

TEST_F(ConvertCommandTest, WhatNobodyKnowsIsNotWritten) {
  const CommandResult result =
      Run({"convert", Write(kA57, "7.2"), "--to", "qemu-9.1.virt.cortex-a57", "--out", Path("out")});
  EXPECT_EQ(result.exit_status, 3) << result;
  EXPECT_THAT(result.out, StartsWith("UNDETERMINED: "));
  EXPECT_THAT(Files(), ElementsAre("cortex-a57.7.2"));
}

TEST_F(ConvertCommandTest, WhatCannotBeReadIsAnError) {
  const std::string stream = Write(kA57, "7.2");
  const std::string cut = Write("cut", kA57.Stream("7.2").substr(0, 100000));
  const std::string json = Write("json", "{}");
  const std::vector<std::pair<std::string, std::string>> lines = {{Path("none"), "qemu-11.1.virt.cortex-a57"},
                                                                  {cut, "qemu-11.1.virt.cortex-a57"},
                                                                  {json, "qemu-11.1.virt.cortex-a57"},
                                                                  {stream, "qemu-11.1.virt.cortex-a5700"}};
  for (const auto& [file, profile] : lines) {
    const CommandResult result = Run({"convert", file, "--to", profile, "--out", Path("out")});
    EXPECT_EQ(result.exit_status, 1) << result;
    EXPECT_THAT(result.err, HasSubstr(file)) << result;
    EXPECT_EQ(result.out, "") << result;
  }
  EXPECT_THAT(Files(), ElementsAre("cortex-a57.7.2", "cut", "json"));
}

TEST_F(ConvertCommandTest, WhatIsSaidWrongIsAUsageError) {
  const std::string file = Write(kA57, "7.2"), out = Path("out");
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"convert", file, "--out", out},
           {"convert", file, "--to", "p"},
           {"convert", "--to", "p", "--out", out},
           {"convert", file, "--to", "p", "--to-host", "h", "--out", out},
           {"convert", file, "--to", "p", "--out", "-"},
           {"convert", file, "--to", "qemu-11.1.virt.cortex-a57", "--out", out, "--accept", "features-gone"}}) {
    const CommandResult result = Run(line);
    EXPECT_EQ(result.exit_status, 2) << result;
    EXPECT_NE(result.err, "");
  }
  EXPECT_THAT(Files(), ElementsAre("cortex-a57.7.2"));
}

TEST_F(ConvertCommandTest, JsonHasTheVerdict) {
  const std::string file = Write(kMax, "7.2");
  std::vector<std::string> line = {"--output=json",      "convert", file,       "--to",
                                   "qemu-10.0.virt.max", "--out",   Path("out")};
  const CommandResult refused = Run(line);
  EXPECT_EQ(refused.exit_status, 3);
  const nlohmann::json answer = nlohmann::json::parse(refused.out);
  EXPECT_EQ(answer["report"]["verdict"], "VERDICT_REFUSED");
  EXPECT_EQ(answer["sourceProfile"], "cpuProfiles/qemu-7.2.virt.max");
  EXPECT_EQ(answer["target"]["name"], "cpuProfiles/qemu-10.0.virt-9.0.max");
  EXPECT_TRUE(answer["vcpus"].empty());
  std::vector<std::string> accept_as;
  for (const nlohmann::json& finding : answer["report"]["vcpus"][0]["registers"]) {
    const std::string name = finding["acceptAs"];
    if (!name.empty()) accept_as.push_back(absl::StrCat(finding["name"].get<std::string>(), " ", name));
  }
  EXPECT_THAT(accept_as, ElementsAre("ID_AA64ISAR1_EL1 feature-gone"));

  line.insert(line.end(), {"--accept", "feature-gone"});
  const CommandResult accepted = Run(line);
  EXPECT_EQ(accepted.exit_status, 0);
  EXPECT_EQ(nlohmann::json::parse(accepted.out)["report"]["verdict"], "VERDICT_ACCEPTED_WITH_CHANGES");
  EXPECT_TRUE(nlohmann::json::parse(accepted.out)["vcpus"].empty());  // they are in the file
}

// One Cortex-A57 guest of QEMU 11.1, whose machine type no older release has: it becomes a Cortex-A72. libvirt's has
// two vCPUs.
class ConvertFormsTest : public ConvertCommandTest, public testing::WithParamInterface<std::string> {};

TEST_P(ConvertFormsTest, WhatIsWrittenHasTheFormOfWhatWasRead) {
  const std::string file = Unpack(GetParam());
  const CommandResult converted = Run({"convert", file, "--to", "qemu-11.1.virt.cortex-a72", "--out", Path("out")});
  ASSERT_EQ(converted.exit_status, 0) << converted;
  EXPECT_EQ(RunShell("head -c 16 " + Path("out") + " | od -An -c"), RunShell("head -c 16 " + file + " | od -An -c"));
  EXPECT_THAT(Files(), ElementsAre("out", "unpacked"));
  const CommandResult before = Run({"push", "before", file}), after = Run({"push", "after", Path("out")});
  ASSERT_EQ(before.exit_status, 0) << before;
  ASSERT_EQ(after.exit_status, 0) << after;
  // libvirt's header names the domain.
  const std::string domain = "of the domain armvm, UUID 6b2f1c7e-5d0a-4c3b-9a53-0c1d2e3f4a5b";
  EXPECT_EQ(after.out.find(domain) == std::string::npos, before.out.find(domain) == std::string::npos);
  const v1::Checkpoint old = Get("vms/before/checkpoints/1"), now = Get("vms/after/checkpoints/1");
  EXPECT_EQ(now.source().machine_type(), "virt-11.1");
  ASSERT_EQ(now.vcpus_size(), old.vcpus_size());
  const SavedGuest a72 = {"virt-10.0", "cortex-a72", ""};
  const RegisterList own = Captured(a72.Stream("11.1")).vcpus[0].registers;
  for (int i = 0; i < now.vcpus_size(); ++i) {
    const RegisterList held = VcpuStateFromProto(v1::VcpuState(now.vcpus(i)), nullptr)->registers;
    const RegisterList guest = VcpuStateFromProto(v1::VcpuState(old.vcpus(i)), nullptr)->registers;
    EXPECT_TRUE(held.layout() == own.layout());
    for (size_t k = 0; k < held.size(); ++k) {
      const RegisterId id = held.id(k);
      const bool is_position = id == RegisterId::System(3, 0, 0, 0, 5);  // MPIDR_EL1
      const bool is_own = IsIdRegister(id) && !is_position;
      EXPECT_EQ(held.value(k), is_own ? own.value(k) : guest.Find(id).value_or("")) << id.ToString();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ConvertFormsTest,
                         testing::Values("qemu-versions/forms/11.1.cortex-a57.file",
                                         "qemu-versions/forms/11.1.cortex-a57.mapped-ram",
                                         "qemu-versions/forms/11.1.cortex-a57.savevm.qcow2",
                                         "libvirt/a57-2vcpu.qemu-11.1.raw.img", "libvirt/a57-2vcpu.qemu-11.1.zstd.img",
                                         "libvirt/a57-2vcpu.qemu-11.1.sparse.img"),
                         [](const auto& info) {
                           const std::string name = info.param.substr(info.param.find("11.1.") + 5);
                           return absl::StrReplaceAll(name, {{".", "_"}, {"-", "_"}});
                         });

TEST_F(ConvertCommandTest, OfSeveralSnapshotsTheNamedOneIsConverted) {
  const std::string file = Unpack("qemu-versions/forms/7.2.cortex-a57.two.qcow2");
  std::vector<std::string> line = {"convert", file, "--to", "qemu-11.1.virt.cortex-a57", "--out", Path("out")};
  EXPECT_EQ(Run(line).exit_status, 1);
  EXPECT_THAT(Files(), ElementsAre("unpacked"));
  line.insert(line.end(), {"--snapshot", "two"});
  const CommandResult converted = Run(line);
  ASSERT_EQ(converted.exit_status, 0) << converted;
  ASSERT_EQ(Run({"push", "one", Path("out"), "--snapshot", "one"}).exit_status, 0);
  ASSERT_EQ(Run({"push", "two", Path("out"), "--snapshot", "two"}).exit_status, 0);
  const auto ids = [&](const std::string& vm) {
    const v1::Checkpoint stored = Get(absl::StrCat("vms/", vm, "/checkpoints/1"));
    return VcpuStateFromProto(v1::VcpuState(stored.vcpus(0)), nullptr)->registers.shared_layout();
  };
  EXPECT_TRUE(*ids("one") == Captured(kA57.Stream("7.2")).vcpus[0].registers.layout());
  EXPECT_TRUE(*ids("two") == Captured(kA57.Stream("11.1")).vcpus[0].registers.layout());
}

TEST_F(ConvertCommandTest, AnOlderQemuHasNoLaterMachineType) {
  const std::string file = Unpack("qemu-versions/forms/11.1.cortex-a57.file");
  const CommandResult refused = Run({"convert", file, "--to", "qemu-10.0.virt.cortex-a57", "--out", Path("out")});
  EXPECT_EQ(refused.exit_status, 3) << refused;
  EXPECT_THAT(refused.out, HasSubstr("QEMU 10.0 has no machine type virt-11.1"));
  EXPECT_THAT(Files(), ElementsAre("unpacked"));
}

// restore --into: the guest of a stored checkpoint, RAM and devices of the file.
TEST_F(ConvertCommandTest, ACheckpointIsRestoredIntoAnotherReleasesStream) {
  ASSERT_EQ(Run({"push", "vm", Write(kA57, "7.2")}).exit_status, 0);
  for (const std::string release : {"10.0", "11.1"}) {
    const CommandResult restored =
        Run({"restore", "vm", "--into", Write(kA57, release), "--out", Path("out." + release)});
    ASSERT_EQ(restored.exit_status, 0) << restored;
    EXPECT_THAT(restored.out, StartsWith("ACCEPTED WITH CHANGES: "));
    const std::string target = kA57.Stream(release), out = ReadFile(Path("out." + release));
    const MigrationStream old = Outline(target), now = Outline(out);
    const size_t begin = old.vcpus[0].header.payload, end = begin + old.vcpus[0].cpu.size;
    const size_t new_end = begin + now.vcpus[0].cpu.size;
    EXPECT_TRUE(out.substr(0, begin) == target.substr(0, begin));
    EXPECT_TRUE(out.substr(new_end, now.end_of_stream - new_end) == target.substr(end, old.end_of_stream - end));
    const RegisterList guest = Captured(kA57.Stream("7.2")).vcpus[0].registers;
    const RegisterList own = Captured(target).vcpus[0].registers, held = Captured(out).vcpus[0].registers;
    ASSERT_TRUE(held.layout() == own.layout());
    for (size_t i = 0; i < held.size(); ++i) {
      const absl::optional<absl::string_view> saved = guest.Find(held.id(i));
      const bool is_guests = saved && !IsIdRegister(held.id(i));
      EXPECT_EQ(held.value(i), is_guests ? *saved : own.value(i)) << held.id(i).ToString();
    }
  }
}

TEST_F(ConvertCommandTest, ACheckpointIsNotRestoredIntoAnotherModelsStream) {
  ASSERT_EQ(Run({"push", "vm", Write(kA57, "7.2")}).exit_status, 0);
  const CommandResult refused = Run({"restore", "vm", "--into", Write(kA72, "11.1"), "--out", Path("out"), "--accept",
                                     "feature-gone", "--accept", "state-lost"});
  EXPECT_EQ(refused.exit_status, 3) << refused;
  // ID_MMFR0_EL1.AuxReg: a Cortex-A57 has ACTLR alone, a Cortex-A72 ADFSR and AIFSR, too.
  EXPECT_THAT(refused.out, AllOf(StartsWith("REFUSED: "), HasSubstr("AuxReg: wanted 1"), Not(HasSubstr("--accept"))));
  EXPECT_FALSE(std::filesystem::exists(Path("out")));
}

}  // namespace
}  // namespace armstate
