// Checkpoints across hypervisors, with recorded lists on both sides: what QEMU's emulation saved, restored onto the
// profile of a real KVM host of the same CPU, and the other way round.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "client/qemu/capture.h"
#include "core/engine_vm.h"
#include "core/tolerance_set.h"
#include "core/translate.h"
#include "proto/cpu_profile_conversion.h"
#include "server/probe/infer_profiles.h"
#include "server/profiles/registry.h"
#include "server/verdict/built_in_tolerances.h"
#include "tests/client/qemu/corpus.h"
#include "tests/client/qemu/expected_registers.h"
#include "tests/server/kvm_corpus.h"

namespace armstate {
namespace {

using Profile = std::shared_ptr<const CpuProfile>;

// One vCPU's restore.
struct Outcome {
  RestoreReport report;
  RegisterList after;
};

struct Restored {
  Verdict verdict = Verdict::kAccepted;
  std::vector<Outcome> vcpus;
};

Restored RestoreAcross(const std::vector<RegisterList>& lists, const Profile& target) {
  const bool to_kvm = target->scheme() == IdScheme::kKvm;
  const IdScheme source = to_kvm ? IdScheme::kTcg : IdScheme::kKvm;
  const ToleranceSet rules = *ToleranceSet::Create(*BuiltInTolerances(), source, target->scheme());
  std::vector<RegisterList> translated;
  for (const RegisterList& list : lists) {
    translated.push_back(TranslateList(list, source, target->scheme(), *target->layout()).registers);
  }
  std::vector<const RegisterList*> pointers;
  for (const RegisterList& list : translated) pointers.push_back(&list);
  std::vector<EngineVcpu> vcpus = MakeVcpus(target, static_cast<int>(lists.size()));
  Restored restored;
  std::vector<RestoreReport> reports = *RestoreVcpus(pointers, absl::MakeSpan(vcpus));
  for (size_t i = 0; i < reports.size(); ++i) {
    rules.Apply(translated[i], target->reset(), vcpus[i].ShownValues(), reports[i]);
    restored.verdict = std::max(restored.verdict, reports[i].verdict);
    restored.vcpus.push_back({reports[i], *RegisterList::Create(target->layout(), vcpus[i].ShownValues())});
  }
  return restored;
}

Profile KvmProfile(const std::string& host, const std::string& feature_class = "pmu") {
  static auto* profiles = new std::map<std::string, Profile>;
  Profile& profile = (*profiles)[host + "." + feature_class];
  if (profile != nullptr) return profile;
  const ProbeRecording probe = ReadHostProbe(host);
  for (const ProbeRecording::FeatureClass& c : probe.classes) {
    if (c.name == feature_class) profile = *CpuProfileFromProto(*ProfileFromProbe(probe, c, ImplementationId::kFixed));
  }
  return profile;
}

Profile TcgProfile(const std::string& cpu) {
  static const ProfileRegistry* registry = ProfileRegistry::BuiltIn()->release();
  return (*registry->Find("cpuProfiles/qemu-7.2.virt." + cpu))->profile;
}

std::vector<RegisterList> TcgLists(const std::string& configuration) {
  const absl::StatusOr<QemuCapture> capture = CaptureQemuStream(CorpusStream(configuration));
  EXPECT_TRUE(capture.ok()) << capture.status();
  std::vector<RegisterList> lists;
  for (const VcpuState& vcpu : capture->vcpus) lists.push_back(vcpu.registers);
  return lists;
}

std::vector<RegisterList> With(std::vector<RegisterList> lists, uint64_t id, uint64_t value) {
  RegisterListBuilder builder;
  bool found = false;
  for (size_t i = 0; i < lists[0].size(); ++i) {
    const bool here = lists[0].id(i).raw() == id;
    found = found || here;
    if (here) {
      builder.Add(lists[0].id(i), value);
    } else {
      builder.AddBytes(lists[0].id(i), lists[0].value(i));
    }
  }
  EXPECT_TRUE(found) << "no register " << id;
  lists[0] = *std::move(builder).Build();
  return lists;
}

// The registers that refuse, by name on the target.
std::set<std::string> Refusing(const Restored& restored, const Profile& target) {
  std::set<std::string> names;
  for (const Outcome& vcpu : restored.vcpus) {
    for (const RegisterFinding& finding : vcpu.report.findings) {
      const bool counts = Refuses(finding.outcome) || finding.outcome == RegisterOutcome::kNotInCheckpoint;
      if (counts && finding.tolerance.empty()) names.insert(RegisterName(finding.id, target->scheme()));
    }
  }
  return names;
}

// How often each rule was used on vCPU 0.
std::map<std::string, int> RulesUsed(const Restored& restored) {
  std::map<std::string, int> used;
  for (const RegisterFinding& finding : restored.vcpus[0].report.findings) ++used[finding.tolerance];
  return used;
}

struct Move {
  const char* source;  // a configuration of QEMU's, or a KVM host
  const char* target;
};

class TcgToKvmTest : public testing::TestWithParam<Move> {};

// QEMU's values are those that an independent parser found in the stream.
TEST_P(TcgToKvmTest, TheGuestsStateArrives) {
  const Profile target = KvmProfile(GetParam().target);
  const Restored restored = RestoreAcross(TcgLists(GetParam().source), target);
  EXPECT_EQ(restored.verdict, Verdict::kAcceptedWithChanges);
  EXPECT_EQ(Refusing(restored, target), std::set<std::string>());
  const std::vector<nlohmann::json> saved = CorpusLists(GetParam().source);
  ASSERT_EQ(restored.vcpus.size(), saved.size());
  for (size_t i = 0; i < saved.size(); ++i) {
    const RegisterList& after = restored.vcpus[i].after;
    std::map<uint64_t, std::string> expected = ExpectedRegisters(saved[i]);
    // KVM's IDs of what QEMU's emulation has under another one.
    const std::map<uint64_t, uint64_t> kOtherIds = {{0x603000000013df02, 0x603000000013df1a},
                                                    {0x603000000013c3a0, 0x40300000200f0380},
                                                    {0x603000000013dcf0, 0x40200000200f4f00}};
    for (const auto& [kvm, tcg] : kOtherIds) {
      EXPECT_EQ(LowWord(*after.Find(*RegisterId::Create(kvm))), std::stoull(expected.at(tcg), nullptr, 16)) << kvm;
      expected.erase(tcg);
    }
    int compared = 0;
    for (const auto& [id, value] : expected) {
      const absl::optional<absl::string_view> got = after.Find(*RegisterId::Create(id));
      if (!got) continue;                      // a finding, with a rule
      if (id == 0x603000000013dce0) continue;  // PMCR_EL0: IMP and IDCODE differ, with a rule
      EXPECT_EQ(FormatValue(*got), value) << RegisterId::Create(id)->ToString();
      ++compared;
    }
    // X0-X30, SP, PC, PSTATE, SP_EL1, ELR_EL1, 5 SPSRs, V0-V31, FPSR, FPCR, and system registers.
    EXPECT_GE(compared, 75 + 90);
    for (const uint64_t id : {0x6030000000100000, 0x603000000010003c, 0x603000000010003e, 0x6030000000100040,
                              0x6030000000100042, 0x6040000000100054, 0x60400000001000d0, 0x60200000001000d4,
                              0x603000000013c080, 0x603000000013c100, 0x603000000013c600, 0x603000000013c684}) {
      EXPECT_EQ(expected.count(id), 1u) << "not compared: " << RegisterId::Create(id)->ToString();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    SameCpu, TcgToKvmTest,
    testing::Values(Move{"virt.cortex-a53.smp1", "cortex-a53@6.12"}, Move{"virt.cortex-a53.smp4", "cortex-a53@6.12"},
                    Move{"virt.cortex-a57.smp2", "cortex-a57@6.12"}, Move{"virt.cortex-a72.smp1", "cortex-a72@6.12"},
                    Move{"virt.cortex-a72.smp2", "cortex-a72@6.18"}, Move{"virt.cortex-a72.smp4", "cortex-a72@6.12"}));

class KvmToTcgTest : public testing::TestWithParam<Move> {};

TEST_P(KvmToTcgTest, TheGuestsStateArrives) {
  const Profile target = TcgProfile(GetParam().target);
  for (const char* state : {"reset", "ran"}) {
    const std::vector<RegisterList> lists = ReadRecordedVms(GetParam().source).at({"pmu", state}).vcpus;
    const Restored restored = RestoreAcross(lists, target);
    EXPECT_EQ(restored.verdict, Verdict::kAcceptedWithChanges) << state;
    EXPECT_EQ(Refusing(restored, target), std::set<std::string>()) << state;
    for (size_t i = 0; i < lists.size(); ++i) {
      const RegisterList& after = restored.vcpus[i].after;
      std::set<uint64_t> changed = {0x603000000013df1a};  // KVM's TIMER_CNT is QEMU's CNTV_CVAL_EL0
      for (const RegisterFinding& finding : restored.vcpus[i].report.findings) changed.insert(finding.id.raw());
      for (size_t r = 0; r < lists[i].size(); ++r) {
        if (changed.count(lists[i].id(r).raw()) > 0) continue;
        const absl::optional<absl::string_view> got = after.Find(lists[i].id(r));
        if (!got) continue;  // what QEMU has under another ID: below
        EXPECT_EQ(FormatValue(*got), FormatValue(lists[i].value(r))) << lists[i].id(r).ToString();
      }
      const auto same = [&](uint64_t tcg, uint64_t kvm) {
        EXPECT_EQ(LowWord(*after.Find(*RegisterId::Create(tcg))), LowWord(*lists[i].Find(*RegisterId::Create(kvm))));
      };
      same(0x603000000013df1a, 0x603000000013df02);  // CNTV_CVAL_EL0
      same(0x603000000013da21, 0x60200000001000d4);  // FPSR
      same(0x603000000013da20, 0x60200000001000d5);  // FPCR
      same(0x40300000200f0380, 0x603000000013c3a0);  // PAR_EL1
      same(0x40200000200f4f00, 0x603000000013dcf0);  // PMUSERENR_EL0
      same(0x40200000200f4e03, 0x603000000013dcf3);  // PMOVSSET_EL0
    }
  }
}

INSTANTIATE_TEST_SUITE_P(SameCpu, KvmToTcgTest,
                         testing::Values(Move{"cortex-a53@6.12", "cortex-a53"}, Move{"cortex-a57@6.12", "cortex-a57"},
                                         Move{"cortex-a72@6.12", "cortex-a72"}, Move{"cortex-a72@6.18", "cortex-a72"},
                                         Move{"neoverse-n1@6.12", "neoverse-n1"},
                                         Move{"neoverse-n1@6.18", "neoverse-n1"}));

TEST(AcrossTest, EveryRegisterOfOneSideIsDroppedOrKeptByANamedRule) {
  const Restored to_kvm = RestoreAcross(TcgLists("virt.cortex-a72.smp1"), KvmProfile("cortex-a72@6.12"));
  const std::map<std::string, int> kToKvm = {{"across-aarch32-constant", 26},
                                             {"across-aarch32-unused", 46},
                                             {"across-aarch32-view", 37},
                                             {"across-absent-counters", 50},  // PMEVCNTR6-30, PMEVTYPER6-30
                                             {"across-affinity", 1},
                                             {"across-breakpoints", 45},  // BVR, BCR 6-15, WVR, WCR 4-15, DBGVCR32
                                             {"across-cache-size", 14},   // 7 levels, data and instruction
                                             {"across-counter-frequency", 1},
                                             {"across-counters", 2},
                                             {"across-debug-channel", 1},
                                             {"across-debug-constant", 3},
                                             {"across-deferred-error", 1},
                                             {"across-firmware", 7},
                                             {"across-fp-exception", 1},
                                             {"across-higher-levels", 6},
                                             {"across-identity-cortex-a72", 3},  // MIDR, ID_AA64PFR0, ID_PFR1
                                             {"across-implementation-defined", 8},
                                             {"across-permission-indirection", 3},
                                             {"across-pmu-clear", 3},
                                             {"across-pmu-events", 2},
                                             {"across-reset-address", 1},
                                             {"across-software-increment", 1},
                                             {"pmu-identity", 1}};
  EXPECT_EQ(RulesUsed(to_kvm), kToKvm);
}

TEST(AcrossTest, AnotherCpuIsRefusedByName) {
  const Profile n1 = KvmProfile("neoverse-n1@6.12");
  // PAN, HPDS, VH ... of ID_AA64MMFR1_EL1 cannot be taken away on KVM, and SMC is hidden from AArch32.
  EXPECT_EQ(Refusing(RestoreAcross(TcgLists("virt.cortex-a72.smp1"), n1), n1),
            (std::set<std::string>{"MIDR_EL1", "ID_AA64PFR0_EL1", "ID_PFR1_EL1", "ID_ISAR4_EL1", "ID_AA64MMFR1_EL1"}));
  const Profile a72 = KvmProfile("cortex-a72@6.12");
  EXPECT_EQ(Refusing(RestoreAcross(TcgLists("virt.cortex-a53.smp1"), a72), a72),
            (std::set<std::string>{"MIDR_EL1", "ID_AA64PFR0_EL1", "ID_PFR1_EL1", "CTR_EL0"}));
  const Profile a57 = TcgProfile("cortex-a57");
  EXPECT_EQ(Refusing(RestoreAcross(ReadRecordedVms("cortex-a72@6.12").at({"pmu", "ran"}).vcpus, a57), a57),
            (std::set<std::string>{"MIDR_EL1", "ID_AA64PFR0_EL1", "ID_PFR1_EL1", "ID_MMFR0_EL1"}));
}

TEST(AcrossTest, WhatAGuestMayUseIsRefused) {
  const Profile a72 = KvmProfile("cortex-a72@6.12");
  const std::vector<RegisterList> lists = TcgLists("virt.cortex-a72.smp1");
  struct {
    const char* what;
    uint64_t id;
    uint64_t value;
    std::set<std::string> refusing;
  } kCases[] = {
      {"the virtual timer is armed", 0x603000000013df19, 1, {"TIMER_CNT", "CNTPCT_EL0"}},
      {"the physical timer is armed", 0x603000000013df11, 5, {"TIMER_CNT", "CNTPCT_EL0"}},
      {"another counter frequency", 0x603000000013df00, 25000000, {"CNTFRQ_EL0"}},
      {"a register of EL3 was set", 0x603000000013f510, 0xff, {"MAIR_EL3"}},
      {"the FCSE process ID was set", 0x40200000200f6800, 0x2000000, {"FCSEIDR_NS"}},
      {"another CPU by its PMU", 0x603000000013dce0, 0x41013000, {"MIDR_EL1", "ID_AA64PFR0_EL1", "ID_PFR1_EL1"}},
      {"permission indirection is there",
       0x603000000013c03b,
       0x100,
       {"PIR_EL1", "PIRE0_EL1", "TCR2_EL1", "ID_AA64MMFR3_EL1"}},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Refusing(RestoreAcross(With(lists, c.id, c.value), a72), a72), c.refusing) << c.what;
  }
}

TEST(AcrossTest, AGuestWithEl2OrWithoutItsPmuIsRefused) {
  const Profile a57 = KvmProfile("cortex-a57@6.12");
  const std::set<std::string> el2 = Refusing(RestoreAcross(TcgLists("virt.cortex-a57.el2.smp1"), a57), a57);
  EXPECT_EQ(el2.count("HCR_EL2"), 1u);
  EXPECT_EQ(el2.count("SCTLR_EL2"), 1u);
  EXPECT_EQ(el2.count("PSTATE"), 1u);
  const Profile base = KvmProfile("cortex-a72@6.12", "base");
  const std::set<std::string> pmu = Refusing(RestoreAcross(TcgLists("virt.cortex-a72.smp1"), base), base);
  EXPECT_EQ(pmu.count("ID_AA64DFR0_EL1"), 1u);
  EXPECT_EQ(pmu.count("PMCR_EL0"), 1u);
}

// QEMU's `pmu=off` and a KVM vCPU without KVM_ARM_VCPU_PMU_V3: the guest was started without a PMU.
TEST(AcrossTest, AGuestWithoutPmu) {
  const absl::StatusOr<QemuCapture> capture = CaptureQemuStream(MoreStream("virt.cortex-a72.pmu-off.smp1.mig"));
  ASSERT_TRUE(capture.ok()) << capture.status();
  const Profile base = KvmProfile("cortex-a72@6.12", "base");
  const Restored to_kvm = RestoreAcross({capture->vcpus[0].registers}, base);
  EXPECT_EQ(to_kvm.verdict, Verdict::kAcceptedWithChanges);
  EXPECT_EQ(Refusing(to_kvm, base), std::set<std::string>());
  for (const Move& move : {Move{"cortex-a72@6.12", "cortex-a72"}, Move{"neoverse-n1@6.18", "neoverse-n1"}}) {
    const Profile target = TcgProfile(move.target);
    const Restored to_tcg = RestoreAcross(ReadRecordedVms(move.source).at({"base", "ran"}).vcpus, target);
    EXPECT_EQ(to_tcg.verdict, Verdict::kAcceptedWithChanges) << move.source;
    EXPECT_EQ(Refusing(to_tcg, target), std::set<std::string>()) << move.source;
  }
}

// Linux 6.1 does not list the physical timer, so it is unknown whether the timer is armed.
TEST(AcrossTest, AKernelThatDoesNotListThePhysicalTimer) {
  const Profile a72 = TcgProfile("cortex-a72");
  EXPECT_EQ(Refusing(RestoreAcross(ReadRecordedVms("cortex-a72@6.1").at({"pmu", "ran"}).vcpus, a72), a72),
            (std::set<std::string>{"CNTVCT_EL0", "CNTP_CTL_EL0", "CNTP_CVAL_EL0"}));
}

}  // namespace
}  // namespace armstate
