// The built-in tolerances on real drift: VMs of one CPU model between three kernels, and of different CPU models, as
// recorded; the engine predicts what each host answers (kvm_restores_test), the rules say what of it does no harm.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/engine_vm.h"
#include "core/tolerance_set.h"
#include "proto/cpu_profile_conversion.h"
#include "server/probe/infer_profiles.h"
#include "server/verdict/built_in_tolerances.h"
#include "tests/server/kvm_corpus.h"

namespace armstate {
namespace {

using Names = std::set<std::string>;
using Rules = std::map<std::string, Names>;  // by rule: the registers that it covers

struct Judged {
  Verdict verdict = Verdict::kAccepted;
  Names refusing;
  Rules covered;
};

std::shared_ptr<const CpuProfile> PmuProfile(const std::string& host) {
  static auto* profiles = new std::map<std::string, std::shared_ptr<const CpuProfile>>;
  std::shared_ptr<const CpuProfile>& profile = (*profiles)[host];
  if (profile != nullptr) return profile;
  const ProbeRecording probe = ReadHostProbe(host);
  for (const ProbeRecording::FeatureClass& c : probe.classes) {
    if (c.name == "pmu") profile = *CpuProfileFromProto(*ProfileFromProbe(probe, c, ImplementationId::kFixed));
  }
  return profile;
}

Judged Judge(const RegisterList& list, const std::string& target) {
  static const auto* rules =
      new ToleranceSet(*ToleranceSet::Create(*BuiltInTolerances(), IdScheme::kKvm, IdScheme::kKvm));
  const auto profile = PmuProfile(target);
  EngineVcpu vcpu(profile);
  RestoreReport report = RestoreRegisters(list, vcpu, OnRefusal::kKeepGoing);
  const std::vector<RegisterOutcome> outcomes = report.outcomes;
  rules->Apply(list, profile->reset(), vcpu.ShownValues(), report);
  EXPECT_EQ(report.outcomes, outcomes) << "a rule does not change what the host does";
  Judged judged;
  judged.verdict = report.verdict;
  for (const RegisterFinding& finding : report.findings) {
    const std::string name = RegisterName(finding.id, IdScheme::kKvm);
    if (!finding.tolerance.empty()) {
      judged.covered[finding.tolerance].insert(name);
    } else if (Refuses(finding.outcome)) {
      judged.refusing.insert(name);
    }
  }
  return judged;
}

RegisterList Captured(const std::string& host, const std::string& state) {
  return ReadRecordedVms(host).at({"pmu", state}).vcpus[0];
}

RegisterList With(const RegisterList& list, const std::string& name, uint64_t value) {
  const RegisterId wanted = *ParseRegisterName(name, IdScheme::kKvm);
  RegisterListBuilder builder;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list.id(i) != wanted) builder.AddBytes(list.id(i), list.value(i));
  }
  builder.Add(wanted, value);
  return *std::move(builder).Build();
}

const Names kTimer = {"CNTPCT_EL0", "CNTP_CTL_EL0", "CNTP_CVAL_EL0"};
const Names kCacheSizes = {"CCSIDR_L1D", "CCSIDR_L1I", "CCSIDR_L2D", "CCSIDR_L2I", "CCSIDR_L3D",
                           "CCSIDR_L3I", "CCSIDR_L4D", "CCSIDR_L4I", "CCSIDR_L5D", "CCSIDR_L5I",
                           "CCSIDR_L6D", "CCSIDR_L6I", "CCSIDR_L7D", "CCSIDR_L7I"};

TEST(BuiltInTolerances, OneCpuBetweenKernels) {
  struct {
    const char* source;
    const char* state;
    const char* target;
    Names refusing;
    Rules covered;
  } kCases[] = {
      {"cortex-a72@6.1", "ran", "cortex-a72@6.12", {}, {{"pmu-identity", {"PMCR_EL0"}}}},
      {"cortex-a72@6.12",
       "ran",
       "cortex-a72@6.18",
       {},
       {{"hidden-tcr2", {"TCR2_EL1"}}, {"hidden-pir", {"PIR_EL1", "PIRE0_EL1"}}, {"timer-status", {"CNTP_CTL_EL0"}}}},
      {"cortex-a72@6.18",
       "ran",
       "cortex-a72@6.12",
       {},
       {{"hidden-vendor-hyp-bmap-2", {"VENDOR_HYP_BMAP_2"}},
        {"psci-minor-version", {"PSCI_VERSION"}},
        {"timer-status", {"CNTP_CTL_EL0"}}}},
      {"cortex-a72@6.18",
       "reset",
       "cortex-a72@6.1",
       {},
       {{"hidden-cache-size", kCacheSizes},
        {"cache-levels", {"CLIDR_EL1"}},
        {"hidden-physical-timer", kTimer},
        {"timer-status", {"CNTV_CTL_EL0"}},
        {"psci-minor-version", {"PSCI_VERSION"}},
        {"hidden-vendor-hyp-bmap-2", {"VENDOR_HYP_BMAP_2"}}}},
      // This guest lets user programs read the physical counter (CNTKCTL_EL1.EL0PCTEN), which would jump.
      {"neoverse-n1@6.12",
       "ran",
       "neoverse-n1@6.1",
       kTimer,
       {{"hidden-cache-size", kCacheSizes},
        {"cache-levels", {"CLIDR_EL1"}},
        {"debug-version", {"ID_AA64DFR0_EL1"}},
        {"hidden-tcr2", {"TCR2_EL1"}},
        {"hidden-pir", {"PIR_EL1", "PIRE0_EL1"}}}},
      {"max7@6.1", "ran", "max7@6.12", {}, {{"hcx-without-el2", {"ID_AA64MMFR1_EL1"}}, {"pmu-identity", {"PMCR_EL0"}}}},
      // 64-bit event counters (PMUVer 6) are gone on 6.1.
      {"max7@6.12",
       "reset",
       "max7@6.1",
       {"ID_AA64DFR0_EL1", "ID_DFR0_EL1"},
       {{"hidden-cache-size", kCacheSizes},
        {"cache-levels", {"CLIDR_EL1"}},
        {"hcx-without-el2", {"ID_AA64MMFR1_EL1"}},
        {"hidden-tcr2", {"TCR2_EL1"}},
        {"hidden-pir", {"PIR_EL1", "PIRE0_EL1"}},
        {"hidden-physical-timer", kTimer}}},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(std::string(c.source) + " " + c.state + " -> " + c.target);
    const Judged judged = Judge(Captured(c.source, c.state), c.target);
    EXPECT_EQ(judged.verdict, c.refusing.empty() ? Verdict::kAcceptedWithChanges : Verdict::kRefused);
    EXPECT_EQ(judged.refusing, c.refusing);
    EXPECT_EQ(judged.covered, c.covered);
  }
}

TEST(BuiltInTolerances, WorkaroundLevelsOnlyWhereTheHostNeedsNoMore) {
  // Cortex-A53 needs none of the workarounds; the emulated Cortex-A57 has none.
  const Judged better = Judge(Captured("cortex-a57@6.12", "ran"), "cortex-a53@6.12");
  EXPECT_EQ(better.covered.at("workaround-level"), (Names{"SMCCC_ARCH_WORKAROUND_1", "SMCCC_ARCH_WORKAROUND_3"}));
  EXPECT_EQ(better.covered.at("workaround-2-not-required"), Names{"SMCCC_ARCH_WORKAROUND_2"});
  const Judged worse = Judge(Captured("cortex-a53@6.12", "ran"), "cortex-a57@6.12");
  for (const char* name : {"SMCCC_ARCH_WORKAROUND_1", "SMCCC_ARCH_WORKAROUND_2", "SMCCC_ARCH_WORKAROUND_3"}) {
    EXPECT_EQ(worse.refusing.count(name), 1u) << name;
  }
}

TEST(BuiltInTolerances, AnotherCpuModelIsNotTolerated) {
  const Judged judged = Judge(Captured("neoverse-n1@6.12", "ran"), "cortex-a72@6.12");
  EXPECT_EQ(judged.verdict, Verdict::kRefused);
  EXPECT_EQ(judged.covered, Rules());
  for (const char* name : {"MIDR_EL1", "ID_AA64ISAR0_EL1", "ID_AA64MMFR1_EL1", "CTR_EL0", "CLIDR_EL1"}) {
    EXPECT_EQ(judged.refusing.count(name), 1u) << name;
  }
}

// Each rule's condition, broken: the register refuses again.
TEST(BuiltInTolerances, AGuestThatCanTellIsRefused) {
  struct {
    const char* what;
    const char* source;
    const char* target;
    const char* changed;
    uint64_t value;
    const char* refusing;
  } kCases[] = {
      {"TCR2_EL1 is offered", "cortex-a72@6.12", "cortex-a72@6.18", "ID_AA64MMFR3_EL1", 1, "TCR2_EL1"},
      {"vendor hypercalls are offered", "cortex-a72@6.18", "cortex-a72@6.12", "VENDOR_HYP_BMAP_2", 1,
       "VENDOR_HYP_BMAP_2"},
      {"the physical timer is on", "cortex-a72@6.12", "cortex-a72@6.1", "CNTP_CTL_EL0", 1, "CNTP_CTL_EL0"},
      {"the physical timer was set", "cortex-a72@6.12", "cortex-a72@6.1", "CNTP_CVAL_EL0", 1, "CNTP_CVAL_EL0"},
      {"a PSCI version that nobody knows", "cortex-a72@6.18", "cortex-a72@6.12", "PSCI_VERSION", 0x10004,
       "PSCI_VERSION"},
      // LoUU = LoUIS = 0: this guest does not clean data caches to the point of unification.
      {"caches that the guest does not clean", "cortex-a72@6.12", "cortex-a72@6.1", "CLIDR_EL1", 0x01000003,
       "CLIDR_EL1"},
      {"another number of event counters", "cortex-a72@6.1", "cortex-a72@6.12", "PMCR_EL0", 0x4102b050, "PMCR_EL0"},
      {"a debug architecture of Armv8.8", "neoverse-n1@6.12", "neoverse-n1@6.1", "ID_AA64DFR0_EL1", 0x1030540a,
       "ID_AA64DFR0_EL1"},
  };
  for (const auto& c : kCases) {
    const Judged judged = Judge(With(Captured(c.source, "reset"), c.changed, c.value), c.target);
    EXPECT_EQ(judged.refusing.count(c.refusing), 1u) << c.what;
  }
}

}  // namespace
}  // namespace armstate
