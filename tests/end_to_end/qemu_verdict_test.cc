// The verdict on a damaged or foreign stream, and what real QEMU said when it loaded it: equal, or stricter where
// docs/register-lists.md and docs/qemu-stream.md say that QEMU loads what it should not.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "client/qemu/capture.h"
#include "client/qemu/restore.h"
#include "core/catalog.h"
#include "core/engine_vcpu.h"
#include "core/error.h"
#include "core/restore.h"
#include "server/profiles/registry.h"
#include "tests/client/qemu/corpus.h"

namespace armstate {
namespace {

// Loaded by QEMU 7.2 without complaint, refused by us.
const std::map<std::string, std::string>& StricterCases() {
  static const auto* cases = new std::map<std::string, std::string>{
      {"005.mig.zst", "an unknown ID above all own ones is dropped in silence"},
      {"025.mig.zst", "an unknown ID above all own ones is dropped in silence"},
      {"012.mig.zst", "the last two entries are swapped"},
      {"032.mig.zst", "the last two entries are swapped"},
      {"099.mig.zst", "the vCPU sections are exchanged"},
  };
  return *cases;
}

struct OurVerdict {
  bool refused = false;
  std::string why;  // all findings that refuse, by register name, or the error
};

OurVerdict Judge(const std::string& stream, const std::string& target) {
  static const ProfileRegistry* registry = ProfileRegistry::BuiltIn()->release();
  const absl::StatusOr<QemuCapture> capture = CaptureQemuStream(stream);
  if (!capture.ok()) return {true, std::string(capture.status().message())};
  OurVerdict verdict;
  const auto profile = registry->Find(CorpusProfile(target));
  if (!profile.ok()) return {true, std::string(profile.status().message())};
  for (const VcpuState& vcpu : capture->vcpus) {
    EngineVcpu scratch((*profile)->profile, {vcpu.vcpu_index, static_cast<int>(capture->vcpus.size())});
    for (const RegisterFinding& finding : RestoreRegisters(vcpu.registers, scratch, OnRefusal::kKeepGoing).findings) {
      if (!Refuses(finding.outcome)) continue;
      verdict.refused = true;
      verdict.why += RegisterName(finding.id, IdScheme::kTcg) + ": " + finding.reason + "\n";
    }
  }
  const auto restore = RestoreIntoQemuStream(capture->vcpus, capture->machine_type, CorpusStream(target));
  if (!restore.ok()) return {true, verdict.why + std::string(restore.status().message())};
  verdict.refused = verdict.refused || restore->verdict == Verdict::kRefused;
  return verdict;
}

class QemuVerdictTest : public testing::TestWithParam<nlohmann::json> {};

TEST_P(QemuVerdictTest, IsQemusOrStricter) {
  const std::string file = GetParam()["file"];
  SCOPED_TRACE(GetParam()["case"].get<std::string>() + ", " + GetParam()["source"].get<std::string>() + " into " +
               GetParam()["target"].get<std::string>());
  const bool qemu_refused = GetParam()["qemu_verdict"] == "reject";
  const OurVerdict ours = Judge(BadStream(file), GetParam()["target"]);
  const auto stricter = StricterCases().find(file);
  EXPECT_EQ(ours.refused, qemu_refused || stricter != StricterCases().end()) << ours.why;
  if (stricter != StricterCases().end()) EXPECT_FALSE(qemu_refused) << "no longer stricter: " << stricter->second;
}

INSTANTIATE_TEST_SUITE_P(Manifest, QemuVerdictTest, testing::ValuesIn(BadManifest()), [](const auto& info) {
  return "File" + info.param["file"].template get<std::string>().substr(0, 3);
});

// QEMU names no register; we do.
TEST(QemuVerdictTest, NamesTheRegister) {
  const struct {
    const char* file;
    const char* target;
    const char* name;
  } kCases[] = {
      {"063.mig.zst", "virt.cortex-a53.smp1", "REVIDR_EL1"},
      {"065.mig.zst", "virt.cortex-a53.smp1", "CTR_EL0"},
      {"066.mig.zst", "virt.cortex-a15.smp1", "ID_MMFR0"},
      {"067.mig.zst", "virt.cortex-a53.smp1", "ID_AA64MMFR0_EL1"},
      {"068.mig.zst", "virt.cortex-a53.smp1", "ID_AA64ISAR0_EL1"},
      {"072.mig.zst", "virt.cortex-a53.smp1", "ID_ISAR0_EL1"},
      {"075.mig.zst", "virt.cortex-a15.smp1", "0x40200000200f1800"},
      {"076.mig.zst", "virt.cortex-a15.smp1", "0x40200000200f6801"},
  };
  for (const auto& c : kCases) {
    const OurVerdict ours = Judge(BadStream(c.file), c.target);
    EXPECT_TRUE(ours.refused) << c.file;
    EXPECT_NE(ours.why.find(c.name), std::string::npos) << c.file << ": " << ours.why;
  }
}

}  // namespace
}  // namespace armstate
