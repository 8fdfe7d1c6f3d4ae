// The engine's reset state of every built-in profile equals that of the real QEMU: IDs and values.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "client/qemu/capture.h"
#include "client/qemu/qmp/connection.h"
#include "core/catalog.h"
#include "core/engine_vcpu.h"
#include "server/profiles/registry.h"
#include "tests/testing/qemu_process.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

struct Case {
  std::string profile;
  // 0: as many vCPUs as the machine has by default, of which only the first is compared: others of a board may be of
  // another kind. Else with -smp, and all are compared.
  int vcpu_count = 0;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.profile << " -smp " << c.vcpu_count; }

const ProfileRegistry& Registry() {
  static const ProfileRegistry& registry = **new std::unique_ptr<ProfileRegistry>(*ProfileRegistry::BuiltIn());
  return registry;
}

// The command that a profile was made with: the second line of its text, "# qemu-system-arm -M virt -cpu max -m 16M".
std::vector<std::string> CommandOf(const std::string& profile) {
  std::ifstream text("profiles/" + profile + ".textproto");
  std::string line;
  std::getline(text, line);
  std::getline(text, line);
  EXPECT_EQ(line.rfind("# qemu-system-", 0), 0u) << profile << ": " << line;
  return absl::StrSplit(line.substr(2), ' ');
}

// The devices' state of a QEMU that was started and has run nothing.
std::string ResetStream(const Case& c) {
  const TempDir folder;
  std::vector<std::string> command = CommandOf(c.profile);
  const std::string program = command.front();
  command.erase(command.begin());
  command.insert(command.end(), {"-S", "-nic", "none"});
  if (c.vcpu_count > 0) command.insert(command.end(), {"-smp", std::to_string(c.vcpu_count)});
  const QemuProcess qemu(program, command);
  auto qmp = QmpConnection::Open(qemu.qmp_path(), absl::Now() + absl::Seconds(30));
  EXPECT_TRUE(qmp.ok()) << program << " does not answer: " << qmp.status();
  if (!qmp.ok()) return "";
  const std::string path = folder.path() + "/devices";
  const auto saved = qmp->Execute("xen-save-devices-state", {{"filename", path}, {"live", false}});
  EXPECT_TRUE(saved.ok()) << saved.status();
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// One line for each register that is not the same in both.
std::string Differences(const RegisterList& engine, const RegisterList& qemu, IdScheme scheme) {
  std::string text;
  const auto add = [&](RegisterId id, absl::string_view in_engine, absl::string_view in_qemu) {
    absl::StrAppend(&text, "\n  ", id.ToString(), " ", RegisterName(id, scheme), ": engine ", in_engine, ", QEMU ",
                    in_qemu);
  };
  for (size_t i = 0; i < engine.size(); ++i) {
    const auto other = qemu.Find(engine.id(i));
    if (other == engine.value(i)) continue;
    add(engine.id(i), FormatValue(engine.value(i)), other ? FormatValue(*other) : "lacks it");
  }
  for (size_t i = 0; i < qemu.size(); ++i) {
    if (!engine.Find(qemu.id(i))) add(qemu.id(i), "lacks it", FormatValue(qemu.value(i)));
  }
  return text;
}

class QemuResetTest : public testing::TestWithParam<Case> {};

TEST_P(QemuResetTest, EngineEqualsQemu) {
  const auto found = Registry().Find("cpuProfiles/" + GetParam().profile);
  ASSERT_TRUE(found.ok()) << found.status();
  const std::shared_ptr<const CpuProfile>& profile = (*found)->profile;
  const auto capture = CaptureQemuStream(ResetStream(GetParam()));
  ASSERT_TRUE(capture.ok()) << capture.status();
  const int vcpu_count = static_cast<int>(capture->vcpus.size());
  if (GetParam().vcpu_count > 0) {
    ASSERT_EQ(vcpu_count, GetParam().vcpu_count);
  }
  for (int index = 0; index < (GetParam().vcpu_count > 0 ? vcpu_count : 1); ++index) {
    const EngineVcpu engine(profile, {index, vcpu_count});
    const auto reset = RegisterList::Create(profile->layout(), std::string(engine.values()));
    ASSERT_TRUE(reset.ok()) << reset.status();
    EXPECT_EQ(Differences(*reset, capture->vcpus[index].registers, profile->scheme()), "") << "vCPU " << index;
  }
}

std::vector<Case> AllProfiles() {
  std::vector<Case> cases;
  const BuiltInProfiles& built_in = Registry().built_in();
  for (size_t i = 0; i < built_in.size(); ++i) {
    // Those of the QEMU that is installed.
    if (absl::StartsWith(built_in.id(i), "qemu-7.2.")) cases.push_back({built_in.id(i)});
  }
  return cases;
}

std::string NameOf(const testing::TestParamInfo<Case>& info) {
  std::string name = absl::StrCat(info.param.profile, "_smp", info.param.vcpu_count);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Profiles, QemuResetTest, testing::ValuesIn(AllProfiles()), NameOf);

// Where a reset value depends on the number of vCPUs or on which it is (L2CTLR, VMPIDR_EL2), and boards with
// Cortex-A9s. Not sabrelite, whose Periphbase with more vCPUs no profile tells (profiles/README.md).
INSTANTIATE_TEST_SUITE_P(ManyVcpus, QemuResetTest,
                         testing::Values(Case{"qemu-7.2.virt.cortex-a15", 2}, Case{"qemu-7.2.virt.cortex-a15", 4},
                                         Case{"qemu-7.2.virt.cortex-a57", 2}, Case{"qemu-7.2.virt.cortex-a57.el2", 4},
                                         Case{"qemu-7.2.virt.cortex-a76.el2.el3", 2},
                                         Case{"qemu-7.2.virt.max.el2.el3.mte", 2}, Case{"qemu-7.2.virt.max32.el2", 4},
                                         Case{"qemu-7.2.vexpress-a9.cortex-a9", 4},
                                         Case{"qemu-7.2.realview-pbx-a9.cortex-a9", 2}),
                         NameOf);

TEST(QemuResetTest, ThereIsAProfileForEveryText) {
  size_t texts = 0;
  for (const auto& entry : std::filesystem::directory_iterator("profiles")) {
    texts += entry.path().extension() == ".textproto";
  }
  EXPECT_EQ(texts, Registry().built_in().size());
}

}  // namespace
}  // namespace armstate
