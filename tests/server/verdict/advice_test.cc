// The built-in advice on recorded guests and hosts: what each row says, and of which registers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/qemu/capture.h"
#include "server/probe/recording.h"
#include "server/profiles/registry.h"
#include "server/restores/host_targets.h"
#include "server/verdict/built_in_advice.h"
#include "server/verdict/judgement.h"
#include "server/verdict/server_advice.h"
#include "server/verdict/server_tolerances.h"
#include "server/verdict/vm_restore.h"
#include "tests/server/kvm_corpus.h"
#include "tests/server/kvm_targets.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using Changes = std::vector<std::pair<const char*, uint64_t>>;

RegisterList With(const RegisterList& list, const char* name, uint64_t value, IdScheme scheme) {
  const RegisterId wanted = *ParseRegisterName(name, scheme);
  EXPECT_TRUE(list.Find(wanted)) << name << " is not in the recorded list";
  RegisterListBuilder builder;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list.id(i) != wanted) builder.AddBytes(list.id(i), list.value(i));
  }
  builder.Add(wanted, value);
  return *std::move(builder).Build();
}

// "max7@6.12/full", as recorded in state "ran".
VerdictInput KvmGuest(const std::string& name, const std::string& state = "ran") {
  const std::string host = name.substr(0, name.find('/'));
  return CheckpointOf(ReadRecordedVms(host).at({name.substr(host.size() + 1), state}), ReadHostProbe(host));
}

ResolvedTarget KvmTarget(const std::string& name) {
  const std::string host = name.substr(0, name.find('/'));
  return TargetOf(KvmProfile(ReadHostProbe(host), name.substr(host.size() + 1)));
}

// The same of a probe that armstate-kvm wrote.
ResolvedTarget ProbedTarget(const std::string& name) {
  const std::string host = name.substr(0, name.find('/'));
  absl::StatusOr<ProbeRecording> probe = ParseProbeRecording({{"probe", ReadArmstateKvmProbe(host)}});
  EXPECT_TRUE(probe.ok()) << host << ": " << probe.status();
  return TargetOf(KvmProfile(*probe, name.substr(host.size() + 1)));
}

// A stream in tests/data.
VerdictInput QemuGuest(const std::string& file, IdScheme scheme = IdScheme::kTcg) {
  absl::StatusOr<QemuCapture> capture = CaptureQemuStream(ReadZstdFile(absl::StrCat("tests/data/", file, ".mig.zst")));
  EXPECT_TRUE(capture.ok()) << file << ": " << capture.status();
  VerdictInput checkpoint;
  checkpoint.scheme = scheme;
  checkpoint.loaded.vcpus = std::move(capture->vcpus);
  return checkpoint;
}

VerdictInput QemuKvmGuest(const std::string& host) { return QemuGuest("qemu-kvm/" + host, IdScheme::kKvm); }

ResolvedTarget QemuTarget(const std::string& profile) {
  static const ProfileRegistry* profiles = ProfileRegistry::BuiltIn()->release();
  const auto entry = profiles->Find(absl::StrCat("cpuProfiles/", profile));
  EXPECT_TRUE(entry.ok()) << profile;
  return TargetOfProfile(*entry);
}

// A guest that has just started: what the profile's QEMU saved then.
VerdictInput ResetGuest(const std::string& profile) {
  VerdictInput checkpoint;
  checkpoint.scheme = IdScheme::kTcg;
  checkpoint.loaded.vcpus.resize(1);
  checkpoint.loaded.vcpus[0].registers = QemuTarget(profile).profile(0)->reset();
  return checkpoint;
}

VerdictInput ChangedVcpu(VerdictInput checkpoint, size_t vcpu, const Changes& changes) {
  RegisterList& list = checkpoint.loaded.vcpus[vcpu].registers;
  for (const auto& [name, value] : changes) list = With(list, name, value, *checkpoint.scheme);
  return checkpoint;
}

VerdictInput Changed(VerdictInput checkpoint, const Changes& changes) {
  for (size_t i = 0; i < checkpoint.loaded.vcpus.size(); ++i)
    checkpoint = ChangedVcpu(std::move(checkpoint), i, changes);
  return checkpoint;
}

VerdictInput Renamed(VerdictInput checkpoint, const char* from, const char* to) {
  for (VcpuState& vcpu : checkpoint.loaded.vcpus) {
    const RegisterId old_id = *ParseRegisterName(from, *checkpoint.scheme);
    EXPECT_TRUE(vcpu.registers.Find(old_id)) << from;
    RegisterListBuilder builder;
    for (size_t i = 0; i < vcpu.registers.size(); ++i) {
      const RegisterId id = vcpu.registers.id(i);
      builder.AddBytes(id == old_id ? *ParseRegisterName(to, *checkpoint.scheme) : id, vcpu.registers.value(i));
    }
    vcpu.registers = *std::move(builder).Build();
  }
  return checkpoint;
}

// The recorded vCPU 0 of the first and vCPU 1 of the second.
VerdictInput Mixed(VerdictInput first, const VerdictInput& second) {
  first.loaded.vcpus[1].registers = second.loaded.vcpus[1].registers;
  return first;
}

std::vector<Advice> AdviceOn(const VerdictInput& checkpoint, const ResolvedTarget& target) {
  static const auto* advice = new ServerAdvice(*ServerAdvice::Load(""));
  static const auto* tolerances = new TolerancesByScheme(
      *ServerTolerances::Load("")->With(google::protobuf::RepeatedPtrField<v1::Tolerance>(), ToleranceUse::kServerToo));
  return advice->For(checkpoint, target, *Judge(checkpoint, target, *tolerances));
}

struct Case {
  const char* rule;
  VerdictInput checkpoint;
  ResolvedTarget target;
  const char* sentence;  // a part of it
  size_t registers;
  const char* one_register;  // one of them; empty if there are none
  std::vector<int> vcpus = {0, 1};
};

std::vector<Case> Cases() {
  return {
#include "tests/server/verdict/advice_cases.inc"
  };
}

std::set<std::string> RuleNames() {
  std::set<std::string> names;
  const std::vector<AdviceRule> rules = *BuiltInAdvice();
  for (const AdviceRule& rule : rules) names.insert(rule.name);
  return names;
}

TEST(BuiltInAdvice, EveryRowSpeaksOfARecordedGuest) {
  std::set<std::string> spoken;
  for (const Case& c : Cases()) {
    SCOPED_TRACE(c.rule);
    spoken.insert(c.rule);
    std::string others;
    const Advice* found = nullptr;
    const std::vector<Advice> all = AdviceOn(c.checkpoint, c.target);
    for (const Advice& advice : all) {
      absl::StrAppend(&others, "\n", advice.name, ": ", advice.sentence, " ", advice.registers.size());
      if (advice.name == c.rule) found = &advice;
    }
    EXPECT_NE(found, nullptr) << "there is only" << others;
    if (found == nullptr) continue;
    EXPECT_THAT(found->sentence, HasSubstr(c.sentence));
    EXPECT_EQ(found->registers.size(), c.registers) << others;
    EXPECT_EQ(found->vcpus, c.vcpus);
    std::set<std::string> names;
    for (const RegisterId id : found->registers) names.insert(RegisterName(id, c.target.scheme()));
    if (*c.one_register != '\0') EXPECT_EQ(names.count(c.one_register), 1u) << testing::PrintToString(names);
  }
  EXPECT_EQ(spoken, RuleNames()) << "each row needs a case";
}

// A guest on its own host: nothing but what is so of the guest anywhere.
TEST(BuiltInAdvice, NothingOnTheHostItself) {
  for (const char* vm : {"cortex-a72@6.12/pmu", "neoverse-n1@6.18/pmu", "max7@6.12/full", "max7@6.1/base"}) {
    for (const Advice& advice : AdviceOn(KvmGuest(vm), KvmTarget(vm))) {
      if (advice.kind != AdviceKind::kCheckpoint) ADD_FAILURE() << vm << ": " << advice.name << ": " << advice.sentence;
    }
  }
}

// A guest of the target's own release and board, with more features: these are the cause.
TEST(BuiltInAdvice, FeaturesAreNotTakenForAnotherRelease) {
  const auto names = [](const VerdictInput& guest, const char* target) {
    std::set<std::string> result;
    for (const Advice& advice : AdviceOn(guest, QemuTarget(target))) {
      if (advice.kind == AdviceKind::kCause) result.insert(advice.name);
    }
    return result;
  };
  using Names = std::set<std::string>;
  EXPECT_EQ(names(ResetGuest("qemu-7.2.virt.max.mte"), "qemu-7.2.virt.max"), Names{"mte"});
  EXPECT_EQ(names(QemuGuest("qemu-7.2/streams/virt.cortex-a15.sec.smp1"), "qemu-7.2.virt.cortex-a15"), Names{"el3"});
  EXPECT_EQ(names(QemuGuest("qemu-7.2/streams/virt.cortex-a57.el3.smp1"), "qemu-7.2.virt.cortex-a57"), Names{"el3"});
  EXPECT_EQ(names(QemuGuest("qemu-7.2/streams/virt.cortex-a57.el2.smp1"), "qemu-7.2.virt.cortex-a57"), Names{"el2"});
}

// Apple's cores have a PMU of their own (PMUVer 15). A Cortex-A72 host on Linux 6.12 keeps 0 and 1, and makes 0 of 15.
TEST(Words, WhatAHostTakesAndWhatItRequiresAreTheSame) {
  const VerdictInput guest = Changed(KvmGuest("cortex-a72@6.12/pmu"), {{"ID_AA64DFR0_EL1", 0x10305f06}});
  const ResolvedTarget target = KvmTarget("cortex-a72@6.12/pmu");
  const v1::VcpuRestoreReport report = VcpuVerdictToProto(
      guest, target, *Judge(guest, target, *TolerancesByScheme::Create({})), 0, ReportedRegisters::kFindings);
  for (const v1::RegisterReport& finding : report.registers()) {
    if (finding.name() != "ID_AA64DFR0_EL1") continue;
    EXPECT_THAT(finding.advice(), testing::StartsWith("the target requires PMUVer = 0 or 1: "));
    ASSERT_EQ(finding.fields_size(), 1);
    EXPECT_THAT(finding.fields(0).accepted(), testing::ElementsAre(0, 1));
    EXPECT_EQ(finding.fields(0).wanted_meaning(), "IMPLEMENTATION DEFINED PMU");
    return;
  }
  FAIL() << "ID_AA64DFR0_EL1 is accepted";
}

// The value that the VM has in the end is that of the vCPU that is written last, also where a new VM has it.
TEST(Words, AVmWideRegisterHasTheLastVcpusValue) {
  for (const auto& [name, value, vcpu] :
       {std::make_tuple("STD_BMAP", 0, 1), std::make_tuple("PSCI_VERSION", 0x10000, 0)}) {
    const VerdictInput guest = ChangedVcpu(KvmGuest("cortex-a72@6.12/pmu"), vcpu, {{name, value}});
    const ResolvedTarget target = KvmTarget("cortex-a72@6.12/pmu");
    const VmVerdict verdict = *Judge(guest, target, *TolerancesByScheme::Create({}));
    ASSERT_EQ(verdict.reports.size(), 2u);
    std::string reason;
    for (const RegisterFinding& finding : verdict.reports[0].findings) {
      if (RegisterName(finding.id, IdScheme::kKvm) == name) reason = finding.reason;
    }
    EXPECT_THAT(reason, HasSubstr("another vCPU of the checkpoint gives another value")) << name;
  }
}

// Software sets CNTFRQ_EL0, and need not.
TEST(BuiltInAdvice, AFrequencyThatIsNoneHasNoRatio) {
  const ResolvedTarget target = QemuTarget("qemu-11.1.virt.max");
  for (const uint64_t frequency : {uint64_t{0}, uint64_t{1}, uint64_t{999'999}, uint64_t{1} << 32, ~uint64_t{0}}) {
    const VerdictInput guest =
        Changed(QemuGuest("qemu-versions/streams/7.2.virt-7.2.max"), {{"CNTFRQ_EL0", frequency}});
    for (const Advice& advice : AdviceOn(guest, target)) {
      EXPECT_THAT(advice.name, testing::Not(testing::AnyOf("counter-faster", "counter-slower"))) << frequency;
    }
  }
}

// QEMU keeps bits 5 and 4 of SCR_EL3 as 3 (RES1) and takes either value of SMD beside them.
TEST(Words, Res1IsAFieldOfItsOwn) {
  const VerdictInput guest = Changed(QemuGuest("qemu-7.2/streams/virt.cortex-a57.el3.smp1"), {{"SCR_EL3", 0x400}});
  const ResolvedTarget target = QemuTarget("qemu-7.2.virt.cortex-a57.el3");
  const v1::VcpuRestoreReport report = VcpuVerdictToProto(
      guest, target, *Judge(guest, target, *TolerancesByScheme::Create({})), 0, ReportedRegisters::kFindings);
  std::string fields;
  for (const v1::RegisterReport& finding : report.registers()) {
    for (const v1::FieldDifference& field : finding.fields()) {
      if (finding.name() == "SCR_EL3") absl::StrAppend(&fields, field.ShortDebugString(), ";");
    }
  }
  EXPECT_EQ(fields, "field: \"RES1\" got: 3 accepted: 3;");
}

// QEMU 7.2 with -M virt-11.1 ends with "unsupported machine type", and with another -M it refuses the stream's.
TEST(BuiltInAdvice, NobodyIsToldToConvertWithoutTheMachineType) {
  VerdictInput guest = QemuGuest("qemu-versions/streams/11.1.virt-11.1.max");
  const auto actions = [&](const char* machine_type) {
    guest.loaded.basic.mutable_source()->set_machine_type(machine_type);
    std::string all;
    for (const Advice& advice : AdviceOn(guest, QemuTarget("qemu-7.2.virt.max"))) {
      if (advice.kind != AdviceKind::kCheckpoint) absl::StrAppend(&all, advice.action, "\n");
    }
    return all;
  };
  EXPECT_THAT(actions("virt-7.2"), HasSubstr("armstate convert"));
  EXPECT_THAT(actions("virt-11.1"), testing::MatchesRegex("\n+")) << "the notes say what can be done";
}

// A guest cannot leave its machine type, and a release has no later one than its own.
TEST(Notes, SayWhatCanBeDoneAboutTheMachineType) {
  VerdictInput guest = QemuGuest("qemu-versions/streams/11.1.virt-11.1.cortex-a57");
  guest.loaded.basic.mutable_source()->set_machine_type("virt-11.1");
  const auto notes = [&](const char* profile) {
    const ResolvedTarget target = QemuTarget(profile);
    const TolerancesByScheme none = *TolerancesByScheme::Create({});
    std::string all;
    const v1::RestoreReport report = VmVerdictToProto(guest, target, *Judge(guest, target, none));
    for (const std::string& note : report.notes()) absl::StrAppend(&all, note, "\n");
    return all;
  };
  EXPECT_THAT(
      notes("qemu-7.2.virt.cortex-a57"),
      HasSubstr("QEMU 7.2 has no machine type virt-11.1, which is later than it, and a guest cannot leave its machine "
                "type: start guests that are to go there with -M virt-7.2\n"));
  guest.loaded.basic.mutable_source()->set_machine_type("virt-7.2");
  EXPECT_THAT(notes("qemu-11.1.virt.cortex-a57"), HasSubstr("so start the target with -M virt-7.2\n"));
}

// Registers that QEMU has listed since 8.2 are no obstacle on KVM while they hold what a reset gives them. QEMU 11.1
// does not list ID_AA64ISAR0_EL1, so that nobody knows what the guest was told.
TEST(AcrossLaterReleases, RunOnKvmOfTheSameCpu) {
  const TolerancesByScheme tolerances =
      *ServerTolerances::Load("")->With(google::protobuf::RepeatedPtrField<v1::Tolerance>(), ToleranceUse::kServerToo);
  const auto obstacles = [&](const VerdictInput& guest, const std::string& host) {
    std::set<std::string> names;
    for (const RestoreReport& report : Judge(guest, KvmTarget(host), tolerances)->reports) {
      for (const RegisterFinding& finding : report.findings) {
        if (VerdictOf(finding) == Verdict::kRefused) names.insert(RegisterName(finding.id, IdScheme::kKvm));
      }
    }
    return names;
  };
  using Names = std::set<std::string>;
  for (const std::string cpu : {"cortex-a57", "cortex-a72"}) {
    const std::string host = cpu + "@6.12/pmu";
    const auto guest = [&cpu](const std::string& of) { return QemuGuest("qemu-versions/streams/" + of + "." + cpu); };
    EXPECT_EQ(obstacles(guest("7.2.virt-7.2"), host), Names());
    EXPECT_EQ(obstacles(guest("10.0.virt-10.0"), host), Names());
    EXPECT_EQ(obstacles(guest("11.1.virt-11.1"), host), Names{"ID_AA64ISAR0_EL1"});
    EXPECT_EQ(obstacles(Changed(guest("10.0.virt-10.0"), {{"DBGCLAIMCLR_EL1", 1}}), host), Names{"DBGCLAIMCLR_EL1"});
  }
}

// QEMU 7.2 ends with "Machine type received is 'mps2-an386' and local is 'mps2-an500'".
TEST(Notes, QemuTakesNoGuestOfAnotherBoard) {
  VerdictInput guest = QemuGuest("qemu-7.2/streams/mps2-an386.cortex-m4.smp1");
  const auto by_qemu = [&](const char* machine_type) {
    guest.loaded.basic.mutable_source()->set_machine_type(machine_type);
    return Judge(guest, QemuTarget("qemu-7.2.mps2-an500.cortex-m7"), *TolerancesByScheme::Create({}), v1::RESTORER_QEMU)
        ->verdict;
  };
  EXPECT_EQ(by_qemu("mps2-an386"), Verdict::kRefused);
  EXPECT_EQ(by_qemu("mps2-an500"), Verdict::kAccepted);
  EXPECT_EQ(by_qemu(""), Verdict::kAccepted) << "not known";
}

TEST(Notes, NameBothCpuModels) {
  VerdictInput guest = QemuGuest("qemu-7.2/streams/virt.cortex-a57.smp1");
  guest.loaded.basic.mutable_source()->set_cpu_model("cortex-a57");
  const auto notes = [&](const char* profile) {
    const std::vector<std::string> all = NotesFor(guest.loaded.basic, *QemuTarget(profile).profile_header);
    return absl::StrJoin(all, "\n");
  };
  EXPECT_THAT(notes("qemu-7.2.virt.cortex-a53"),
              HasSubstr("the guest has -cpu cortex-a57, and the profile is of -cpu cortex-a53"));
  EXPECT_EQ(notes("qemu-7.2.virt.cortex-a57"), "");
}

}  // namespace
}  // namespace armstate
