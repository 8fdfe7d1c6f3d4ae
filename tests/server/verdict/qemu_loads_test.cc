// The registers that real QEMU held after it had loaded a damaged or foreign stream, register by register, as far as it
// accepted it: the engine holds the same.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "client/qemu/capture.h"
#include "core/engine_vcpu.h"
#include "core/restore.h"
#include "server/profiles/registry.h"
#include "tests/client/qemu/corpus.h"

namespace armstate {
namespace {

// Where QEMU holds something else than the engine: how many registers of the engine differ from the source's then.
// QEMU loads a register that the stream lacks as 0 or heap garbage; the engine keeps its reset value, or what a view of
// it holds (docs/register-lists.md, "Merge").
const std::map<std::string, int>& MissingRegisters() {
  static const auto* cases = new std::map<std::string, int>{
      {"070.mig.zst", 0},  // TTBR0 is left out, its other view is there
      {"071.mig.zst", 0},  // CONTEXTIDR
      {"127.mig.zst", 0},  // a machine with EL2, whose MIDR reads the missing VPIDR
  };
  return *cases;
}

// Refused by us: see tests/end_to_end/qemu_verdict_test.cc, which has all verdicts.
bool IsStricter(const std::string& file) {
  return file == "012.mig.zst" || file == "032.mig.zst" || file == "099.mig.zst";
}

// How many listed registers differ from those of the stream that this one was made of.
int CountChanged(const nlohmann::json& row) {
  static const ProfileRegistry* registry = ProfileRegistry::BuiltIn()->release();
  const absl::StatusOr<QemuCapture> capture = CaptureQemuStream(BadStream(row["file"]));
  EXPECT_TRUE(capture.ok()) << capture.status();
  if (!capture.ok()) return -1;
  const auto profile = (*registry->Find(CorpusProfile(row["target"])))->profile;
  const std::vector<nlohmann::json> source = CorpusLists(row["source"]);
  int changed = 0;
  for (const VcpuState& state : capture->vcpus) {
    EngineVcpu vcpu(profile, {state.vcpu_index, static_cast<int>(capture->vcpus.size())});
    RestoreRegisters(state.registers, vcpu, OnRefusal::kKeepGoing);
    const RegisterList after = *RegisterList::Create(profile->layout(), vcpu.ShownValues());
    for (const nlohmann::json& entry : source[state.vcpu_index]["regs"]) {
      const RegisterId id = *RegisterId::Create(std::stoull(entry[0].get<std::string>(), nullptr, 16));
      const absl::optional<absl::string_view> value = after.Find(id);
      if (!value || LowWord(*value) != std::stoull(entry[1].get<std::string>(), nullptr, 16)) ++changed;
    }
  }
  return changed;
}

TEST(QemuLoads, TheEngineHoldsWhatQemuHeld) {
  int accepted = 0;
  for (const nlohmann::json& row : BadManifest()) {
    const std::string file = row["file"];
    if (row["qemu_verdict"] != "accept" || IsStricter(file)) continue;
    ++accepted;
    const auto missing = MissingRegisters().find(file);
    const int expected = missing == MissingRegisters().end() ? row["registers_changed"].get<int>() : missing->second;
    EXPECT_EQ(CountChanged(row), expected)
        << file << ", " << row["case"] << ", " << row["source"] << " into " << row["target"];
    if (missing != MissingRegisters().end()) EXPECT_NE(row["registers_changed"], expected) << "no exception: " << file;
  }
  EXPECT_EQ(accepted, 21);
}

}  // namespace
}  // namespace armstate
