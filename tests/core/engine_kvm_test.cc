// The engine as a KVM host: registers that depend on each other, and on other vCPUs. What the host answers is what
// real ones answered (docs/kvm-restore-rules.md).
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/engine_vm.h"
#include "core/error.h"
#include "core/port_errors.h"

namespace armstate {
namespace {

constexpr uint64_t kWorkaround2 = 0x6030000000140002;
constexpr uint64_t kPfr1 = 0x603000000013c021;
constexpr uint64_t kMidr = 0x603000000013c000;
constexpr uint64_t kPmintenset = 0x603000000013c4f1;
constexpr uint64_t kPmintenclr = 0x603000000013c4f2;
constexpr uint64_t kPmcr = 0x603000000013dce0;
constexpr uint64_t kMpidr = 0x603000000013c005;
constexpr uint64_t kTimerCount = 0x603000000013df1a;
constexpr uint64_t kTimerControl = 0x603000000013df19;
constexpr uint64_t kTimerCompare = 0x603000000013df02;
constexpr uint64_t kZ0 = 0x6080000000150000;
constexpr uint64_t kP0 = 0x6050000000150400;
constexpr uint64_t kLengths = 0x606000000015ffff;

RegisterId Id(uint64_t raw) { return *RegisterId::Create(raw); }

std::string Word(uint64_t word) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(word >> 8 * i);
  return bytes;
}

RegisterRule Stored(uint64_t id, uint64_t reset) { return {Id(id), Word(reset), std::string(8, '\xff')}; }

// Collects rules in any order.
class Host {
 public:
  RegisterRule& Add(RegisterRule rule) { return rules_.insert_or_assign(rule.id.raw(), rule).first->second; }

  absl::StatusOr<std::shared_ptr<const CpuProfile>> TryProfile() const {
    std::vector<RegisterRule> rules;
    for (const auto& [id, rule] : rules_) rules.push_back(rule);
    return CpuProfile::Create("host", IdScheme::kKvm, rules);
  }
  std::shared_ptr<const CpuProfile> Profile() const {
    auto profile = TryProfile();
    EXPECT_TRUE(profile.ok()) << profile.status();
    return *profile;
  }

 private:
  std::map<uint64_t, RegisterRule> rules_;
};

size_t IndexOf(const EngineVcpu& vcpu, uint64_t id) { return *vcpu.layout()->Find(Id(id)); }

// "OK", the errno or "?".
std::string Write(EngineVcpu& vcpu, uint64_t id, const std::string& value) {
  const absl::Status status = vcpu.Write(IndexOf(vcpu, id), value);
  return status.ok() ? "OK" : IsUndetermined(status) ? "?" : std::string(status.message());
}
std::string Write(EngineVcpu& vcpu, uint64_t id, uint64_t value) { return Write(vcpu, id, Word(value)); }

std::string Bytes(EngineVcpu& vcpu, uint64_t id) {
  std::string value(Id(id).width(), '\0');
  EXPECT_TRUE(vcpu.Read(IndexOf(vcpu, id), absl::MakeSpan(value)).ok());
  return value;
}
uint64_t Read(EngineVcpu& vcpu, uint64_t id) { return LowWord(Bytes(vcpu, id)); }

// Six counters; PMINTEN as on Linux 6.12 (SET ors, CLR clears) or 6.18 (both store).
Host PmuHost(CounterBitsBehaviour::Write set, CounterBitsBehaviour::Write clear) {
  Host host;
  host.Add(Stored(kPmcr, 0x3000)).behaviour = CounterControlBehaviour{};
  RegisterRule& shown = host.Add(Stored(kPmintenset, 0));
  shown.behaviour = CounterBitsBehaviour{set};
  shown.view = RegisterRule::View{Id(kPmintenclr), 0};
  host.Add(Stored(kPmintenclr, 0)).behaviour = CounterBitsBehaviour{clear};
  return host;
}

// Linux, api.rst, 4.68 KVM_SET_ONE_REG.
TEST(EngineKvmTest, ARegisterThatTheHostDoesNotListIsRefusedWithEnoent) {
  Host host;
  host.Add(Stored(kMidr, 1));
  EngineVcpu vcpu(host.Profile());
  RegisterListBuilder builder;
  builder.Add(Id(kMidr), 1);
  builder.Add(Id(kPfr1), 2);
  const RestoreReport report = RestoreRegisters(*std::move(builder).Build(), vcpu, OnRefusal::kKeepGoing);
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].outcome, RegisterOutcome::kUnknown);
  EXPECT_EQ(report.findings[0].error, "ENOENT");
}

TEST(EngineKvmTest, SetOrsAndClearClears) {
  EngineVcpu vcpu(PmuHost(CounterBitsBehaviour::Write::kSet, CounterBitsBehaviour::Write::kClear).Profile());
  EXPECT_EQ(Write(vcpu, kPmintenset, 0x8000000a), "OK");
  EXPECT_EQ(Write(vcpu, kPmintenset, 0xffffffff'00000014), "OK");
  EXPECT_EQ(Read(vcpu, kPmintenset), 0x8000001eu);
  EXPECT_EQ(Read(vcpu, kPmintenclr), 0x8000001eu);
  EXPECT_EQ(Write(vcpu, kPmintenclr, 0x80000002), "OK");
  EXPECT_EQ(Read(vcpu, kPmintenset), 0x1cu);
}

// A fresh vCPU has the bits of 0x8000001e, on all kernels; the list comes from a QEMU/KVM guest that cleared them.
TEST(EngineKvmTest, ARestoreClearsAPairBeforeItSetsIt) {
  using Write = CounterBitsBehaviour::Write;
  struct Kernel {
    const char* name;
    Write set, clear;
    RegisterOutcome as_listed;
  };
  for (const Kernel& kernel : {Kernel{"6.12", Write::kSet, Write::kClear, RegisterOutcome::kIgnored},
                               Kernel{"6.18", Write::kAssign, Write::kAssign, RegisterOutcome::kWritten}}) {
    SCOPED_TRACE(kernel.name);
    Host host = PmuHost(kernel.set, kernel.clear);
    host.Add({Id(kPmintenset), Word(0x8000001e), std::string(8, '\xff'), RegisterRule::View{Id(kPmintenclr), 0}})
        .behaviour = CounterBitsBehaviour{kernel.set};
    host.Add(Stored(kPmintenclr, 0x8000001e)).behaviour = CounterBitsBehaviour{kernel.clear};
    const auto profile = host.Profile();
    const auto list = [](std::vector<uint64_t> ids, uint64_t value) {
      RegisterListBuilder builder;
      for (const uint64_t id : ids) builder.Add(Id(id), value);
      builder.Add(Id(kPmcr), 0x3000);
      return *std::move(builder).Build();
    };
    EngineVcpu vcpu(profile);
    RestoreReport report = RestoreRegisters(list({kPmintenset, kPmintenclr}, 0), vcpu, OnRefusal::kPutBack);
    EXPECT_EQ(report.verdict, Verdict::kAccepted);
    EXPECT_EQ(Read(vcpu, kPmintenset), 0u);
    EXPECT_EQ(Read(vcpu, kPmintenclr), 0u) << "it shows what is set";

    // A list of QEMU's emulation has no PMINTENCLR_EL1; it is cleared all the same.
    EngineVcpu from_emulation(profile);
    report = RestoreRegisters(list({kPmintenset}, 0x21), from_emulation, OnRefusal::kPutBack);
    EXPECT_EQ(Read(from_emulation, kPmintenset), 0x21u);
    ASSERT_EQ(report.findings.size(), 1u);
    EXPECT_EQ(report.findings[0].outcome, RegisterOutcome::kNotInCheckpoint);

    std::vector<EngineVcpu> as_listed = MakeVcpus(profile, 1);
    const RegisterList zeros = list({kPmintenset, kPmintenclr}, 0);
    const RestoreReport written =
        RestoreVcpus({&zeros}, absl::MakeSpan(as_listed), profile->restore_order(), CounterPairWrites::kAsListed)
            ->at(0);
    EXPECT_EQ(written.outcomes[IndexOf(as_listed[0], kPmintenset)], kernel.as_listed);
  }
}

TEST(EngineKvmTest, APairThatIsPutBackHasItsOldBits) {
  Host host = PmuHost(CounterBitsBehaviour::Write::kSet, CounterBitsBehaviour::Write::kClear);
  host.Add(Stored(kMidr, 1)).write.emplace().refused = {{~uint64_t{0}, "EINVAL"}};
  EngineVcpu vcpu(host.Profile());
  EXPECT_EQ(Write(vcpu, kPmintenset, 0x6), "OK");
  RegisterListBuilder builder;
  builder.Add(Id(kMidr), 2);
  builder.Add(Id(kPmintenset), 0x9);
  builder.Add(Id(kPmintenclr), 0x9);
  const RestoreReport report = RestoreRegisters(*std::move(builder).Build(), vcpu, OnRefusal::kPutBack);
  EXPECT_EQ(report.verdict, Verdict::kRefused);
  EXPECT_TRUE(report.rolled_back);
  EXPECT_EQ(Read(vcpu, kPmintenset), 0x6u);
}

TEST(EngineKvmTest, CountersAreCutToTheNumberOfTheVm) {
  const auto profile = PmuHost(CounterBitsBehaviour::Write::kAssign, CounterBitsBehaviour::Write::kAssign).Profile();
  std::vector<EngineVcpu> vm = MakeVcpus(profile, 2);
  EXPECT_EQ(Write(vm[0], kPmintenset, 0xffffffff), "OK");
  EXPECT_EQ(Read(vm[0], kPmintenset), 0x8000003fu);
  EXPECT_EQ(Write(vm[1], kPmcr, 0x1001), "OK");  // two counters
  vm[0].AdoptVmWide(vm[1]);
  EXPECT_EQ(Read(vm[0], kPmcr), 0x1000u) << "N is the VM's, E the vCPU's";
  EXPECT_EQ(Read(vm[0], kPmintenset), 0x80000003u);
  EXPECT_EQ(Write(vm[0], kPmcr, 0x3800), "OK");  // seven
  EXPECT_EQ(Read(vm[0], kPmcr), 0x1000u) << "more than the host has are not taken";
  EXPECT_EQ(Write(vm[0], kPmcr, 0x3000), "OK");
  EXPECT_EQ(Read(vm[0], kPmintenset), 0x8000003fu) << "what was stored shows again";
}

TEST(EngineKvmTest, WorkaroundLevelFollowsWhatTheGuestIsTold) {
  Host host;
  RegisterRule& workaround = host.Add(Stored(kWorkaround2, 0));
  workaround.write.emplace();
  workaround.write->values = {{0, "", 0}, {1, "", 0}, {3, "EINVAL", 0}, {0x12, "EINVAL", 0}};
  workaround.behaviour = FirmwareLevelBehaviour{Id(kPfr1), 0xf0, 3, {0x12}};
  host.Add(Stored(kPfr1, 0x20)).vm_wide = true;
  std::vector<EngineVcpu> vm = MakeVcpus(host.Profile(), 2);
  EXPECT_EQ(Write(vm[0], kWorkaround2, 3), "EINVAL");
  EXPECT_EQ(Write(vm[0], kPfr1, 0), "OK");
  EXPECT_EQ(Read(vm[0], kWorkaround2), 3u);
  EXPECT_EQ(Write(vm[0], kWorkaround2, 3), "OK");
  EXPECT_EQ(Write(vm[0], kWorkaround2, 0), "OK");
  EXPECT_EQ(Read(vm[0], kWorkaround2), 3u);
  EXPECT_EQ(Write(vm[0], kWorkaround2, 0x12), "OK") << "the workaround, switched on: tried at this level, and ignored";
  EXPECT_EQ(Write(vm[0], kWorkaround2, 0x10), "EINVAL") << "switched on, but not there: real KVM 6.18 on max";
  EXPECT_EQ(Read(vm[0], kWorkaround2), 3u);
  EXPECT_EQ(Read(vm[1], kWorkaround2), 0u);
  vm[1].AdoptVmWide(vm[0]);
  EXPECT_EQ(Read(vm[1], kWorkaround2), 3u);
}

TEST(EngineKvmTest, WhatWasNotTriedAtThisLevelIsNotKnown) {
  Host host;
  RegisterRule& workaround = host.Add(Stored(kWorkaround2, 0));
  workaround.write.emplace();
  workaround.write->values = {{0, "", 0}, {0x12, "EINVAL", 0}};
  workaround.behaviour = FirmwareLevelBehaviour{Id(kPfr1), 0xf0, 3, {}};
  host.Add(Stored(kPfr1, 0));
  EngineVcpu vcpu(host.Profile());
  EXPECT_EQ(Write(vcpu, kWorkaround2, 0x12), "?") << "tried at the other level only";
}

// Real KVM (6.1, 6.12, 6.18), whatever the order of the writes.
TEST(EngineKvmTest, AArch32ModesHaveGeneralRegistersOf32Bits) {
  constexpr uint64_t kX14 = 0x603000000010001c, kX15 = 0x603000000010001e, kPstate = 0x6030000000100042;
  Host host;
  host.Add(Stored(kX14, 0)).behaviour = NarrowInAArch32Behaviour{Id(kPstate), /*in_user_mode=*/true};
  host.Add(Stored(kX15, 0)).behaviour = NarrowInAArch32Behaviour{Id(kPstate), /*in_user_mode=*/false};
  host.Add(Stored(kPstate, 0x3c5));
  EngineVcpu vcpu(host.Profile());
  for (const uint64_t x : {kX14, kX15}) EXPECT_EQ(Write(vcpu, x, 0x123456789abcdef0), "OK");
  EXPECT_EQ(Read(vcpu, kX14), 0x123456789abcdef0u);
  EXPECT_EQ(Write(vcpu, kPstate, 0x10), "OK");
  EXPECT_EQ(Read(vcpu, kX14), 0x9abcdef0u);
  EXPECT_EQ(Read(vcpu, kX15), 0x123456789abcdef0u) << "User mode has R0 to R14";
  EXPECT_EQ(Write(vcpu, kPstate, 0x13), "OK");
  EXPECT_EQ(Read(vcpu, kX15), 0x9abcdef0u) << "Supervisor mode";
}

// Real KVM 6.12 on max, which has PMUv3p5, given the VM of a neoverse-n1.
TEST(EngineKvmTest, EventCountersHave64BitsFromPmuV3p5On) {
  constexpr uint64_t kEventCounter = 0x603000000013df40, kDfr0 = 0x603000000013c028;
  Host host;
  host.Add(Stored(kEventCounter, 0));
  host.Add(Stored(kDfr0, 0x10305609)).vm_wide = true;
  host.Add(Stored(kTimerCount, 0)).behaviour = MovingCounterBehaviour{};
  EngineVcpu vcpu(host.Profile());
  EXPECT_EQ(Write(vcpu, kEventCounter, 0x80000000dbadc0de), "OK");
  EXPECT_EQ(Read(vcpu, kEventCounter), 0x80000000dbadc0deu);
  EXPECT_EQ(Write(vcpu, kDfr0, 0x10305409), "OK");
  EXPECT_EQ(Read(vcpu, kEventCounter), 0xdbadc0deu);
}

// Real KVM: vCPU 0 was given 0x1000000000, then vCPU 1 0x2000000000, and both read the second one.
TEST(EngineKvmTest, CountersAreTheVms) {
  Host host;
  RegisterRule& counter = host.Add(Stored(kTimerCount, 0));
  counter.behaviour = MovingCounterBehaviour{};
  counter.vm_wide = true;
  const std::shared_ptr<const CpuProfile> profile = host.Profile();
  std::vector<EngineVcpu> vcpus = MakeVcpus(profile, 2);
  RegisterListBuilder first, second;
  first.Add(Id(kTimerCount), 0x1000000000);
  second.Add(Id(kTimerCount), 0x2000000000);
  const RegisterList lists[] = {*std::move(first).Build(), *std::move(second).Build()};
  const auto reports = RestoreVcpus({&lists[0], &lists[1]}, absl::MakeSpan(vcpus));
  ASSERT_TRUE(reports.ok()) << reports.status();
  EXPECT_EQ((*reports)[0].outcomes[0], RegisterOutcome::kDiffers);
  EXPECT_EQ(LowWord((*reports)[0].findings[0].got), 0x2000000000u);
  EXPECT_EQ((*reports)[1].outcomes[0], RegisterOutcome::kMoving);
}

// As real KVM: vCPU 16 is 0.0.1.0.
TEST(EngineKvmTest, SixteenVcpusDifferInTheLowestAffinity) {
  Host host;
  host.Add(Stored(kMpidr, 0x80000000)).reset_growth = {0, 1, 0, /*vcpus_per_aff1=*/16};
  std::vector<EngineVcpu> vcpus = MakeVcpus(host.Profile(), 33);
  EXPECT_EQ(Read(vcpus[15], kMpidr), 0x8000000fu);
  EXPECT_EQ(Read(vcpus[16], kMpidr), 0x80000100u);
  EXPECT_EQ(Read(vcpus[17], kMpidr), 0x80000101u);
  EXPECT_EQ(Read(vcpus[32], kMpidr), 0x80000200u);
}

TEST(EngineKvmTest, TimerStatusIsComputedWhenAllIsWritten) {
  Host host;
  host.Add({Id(kTimerControl), Word(4), Word(0xfffffffb)}).behaviour =
      TimerControlBehaviour{Id(kTimerCompare), Id(kTimerCount)};
  host.Add(Stored(kTimerCompare, 0));
  host.Add(Stored(kTimerCount, 0)).behaviour = MovingCounterBehaviour{};
  EngineVcpu vcpu(host.Profile());
  EXPECT_EQ(Read(vcpu, kTimerControl), 4u);
  RegisterListBuilder builder;
  builder.Add(Id(kTimerControl), 1);  // its own bit 2 is 0, and the timer expires far in the future
  builder.Add(Id(kTimerCompare), 0x7fffffffffffffff);
  builder.Add(Id(kTimerCount), 1000);
  const RestoreReport report = RestoreRegisters(*std::move(builder).Build(), vcpu, OnRefusal::kKeepGoing);
  EXPECT_EQ(report.verdict, Verdict::kAccepted);
  EXPECT_EQ(report.outcomes[IndexOf(vcpu, kTimerControl)], RegisterOutcome::kWritten);
  EXPECT_EQ(report.outcomes[IndexOf(vcpu, kTimerCount)], RegisterOutcome::kMoving);
  EXPECT_EQ(Read(vcpu, kTimerControl), 1u);
  EXPECT_EQ(Write(vcpu, kTimerCompare, 1000), "OK");
  EXPECT_EQ(Read(vcpu, kTimerControl), 5u);
}

std::string Lengths(uint64_t set) { return Word(set) + std::string(56, '\0'); }

Host SveHost() {
  Host host;
  // Lengths of 1, 2, 4 and 8 quadwords.
  host.Add({Id(kLengths), Lengths(0x8b), std::string(64, '\xff')}).behaviour = VectorLengthsBehaviour{};
  host.Add({Id(kZ0), std::string(256, '\0'), std::string(256, '\xff')}).behaviour = VectorDataBehaviour{128};
  host.Add({Id(kP0), std::string(32, '\0'), std::string(32, '\xff')}).behaviour = VectorDataBehaviour{16};
  return host;
}

TEST(EngineKvmTest, VectorLengthsMustBeTheHostsUpToTheLargest) {
  const auto profile = SveHost().Profile();
  const std::map<uint64_t, std::string> answers = {
      {0x0, "EINVAL"}, {0x1, "OK"},     {0x3, "OK"},     {0xb, "OK"},      {0x8b, "OK"},      {0x2, "EINVAL"},
      {0x9, "EINVAL"}, {0x7, "EINVAL"}, {0xf, "EINVAL"}, {0x83, "EINVAL"}, {0x100, "EINVAL"}, {0x18b, "EINVAL"}};
  for (const auto& [set, answer] : answers) {
    EngineVcpu vcpu(profile);
    EXPECT_EQ(Write(vcpu, kLengths, Lengths(set)), answer) << std::hex << set;
    EXPECT_EQ(Read(vcpu, kLengths), answer == "OK" ? set : 0x8b) << std::hex << set;
  }
}

TEST(EngineKvmTest, VectorsAreCutToTheLargestLength) {
  EngineVcpu vcpu(SveHost().Profile());
  EXPECT_EQ(Write(vcpu, kLengths, Lengths(0x3)), "OK");  // two quadwords: 32 bytes, and 4 of a predicate
  EXPECT_EQ(Write(vcpu, kZ0, std::string(256, '\xff')), "OK");
  EXPECT_EQ(Write(vcpu, kP0, std::string(32, '\xff')), "OK");
  EXPECT_EQ(Bytes(vcpu, kZ0), std::string(32, '\xff') + std::string(224, '\0'));
  EXPECT_EQ(Bytes(vcpu, kP0), std::string(4, '\xff') + std::string(28, '\0'));
}

TEST(EngineKvmTest, UndeterminedIsAVerdictBelowRefused) {
  Host host;
  host.Add(Stored(kPfr1, 0)).write.emplace().undetermined = 0xf;
  host.Add(Stored(kMidr, 0)).write.emplace().refused = {{~uint64_t{0}, "EINVAL"}};
  const auto profile = host.Profile();
  const auto restore = [&](uint64_t midr) {
    RegisterListBuilder builder;
    builder.Add(Id(kMidr), midr);
    builder.Add(Id(kPfr1), 1);
    EngineVcpu vcpu(profile);
    return RestoreRegisters(*std::move(builder).Build(), vcpu, OnRefusal::kKeepGoing);
  };
  const RestoreReport unknown = restore(0);
  EXPECT_EQ(unknown.verdict, Verdict::kUndetermined);
  ASSERT_EQ(unknown.findings.size(), 1u);
  EXPECT_EQ(unknown.findings[0].outcome, RegisterOutcome::kWriteUndetermined);
  EXPECT_EQ(unknown.findings[0].got, "");
  const RestoreReport refused = restore(1);
  EXPECT_EQ(refused.verdict, Verdict::kRefused);
  ASSERT_EQ(refused.findings.size(), 2u);
  EXPECT_EQ(refused.findings[0].outcome, RegisterOutcome::kWriteRefused);
  EXPECT_EQ(refused.findings[0].error, "EINVAL");
}

TEST(EngineKvmTest, AVmWideRegisterHoldsWhatTheLastVcpuWrote) {
  Host host;
  host.Add(Stored(kPfr1, 0x20)).vm_wide = true;
  host.Add(Stored(kMidr, 0)).write.emplace().refused = {{~uint64_t{0}, "EINVAL"}};
  std::vector<EngineVcpu> vm = MakeVcpus(host.Profile(), 2);
  std::vector<RegisterList> lists;
  for (const uint64_t value : {0x10, 0x00}) {
    RegisterListBuilder builder;
    builder.Add(Id(kMidr), 0);
    builder.Add(Id(kPfr1), value);
    lists.push_back(*std::move(builder).Build());
  }
  const std::vector<RestoreReport> reports =
      *RestoreVcpus({&lists[0], &lists[1]}, absl::MakeSpan(vm), vm[0].restore_order());
  EXPECT_EQ(reports[0].verdict, Verdict::kRefused);
  ASSERT_EQ(reports[0].findings.size(), 1u);
  EXPECT_EQ(reports[0].findings[0].outcome, RegisterOutcome::kDiffers);
  EXPECT_EQ(LowWord(reports[0].findings[0].got), 0u);
  EXPECT_EQ(reports[1].verdict, Verdict::kAccepted);
}

TEST(EngineKvmTest, RulesThatCannotBeAreRefusedByRegister) {
  const auto refuse = [](Host& host, uint64_t id) {
    const auto profile = host.TryProfile();
    EXPECT_EQ(profile.status().code(), absl::StatusCode::kInvalidArgument);
    const auto info = GetErrorInfo(profile.status());
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->reason, ErrorReason::kCpuProfileMalformed);
    EXPECT_EQ(info->metadata.at("register_id"), Id(id).ToString()) << profile.status();
  };
  Host no_pmcr;
  no_pmcr.Add(Stored(kPmintenclr, 0)).behaviour = CounterBitsBehaviour{};
  refuse(no_pmcr, kPmintenclr);
  Host no_compare;
  no_compare.Add(Stored(kTimerControl, 0)).behaviour = TimerControlBehaviour{Id(kTimerCompare), Id(kTimerCount)};
  refuse(no_compare, kTimerControl);
  Host no_error;
  no_error.Add(Stored(kMidr, 0)).write.emplace().fields = {{0, 4, 1, 2, {}}};
  refuse(no_error, kMidr);
  Host beyond;
  beyond.Add(Stored(kMidr, 0)).write.emplace().fields = {{62, 4, 1, 0, {}}};
  refuse(beyond, kMidr);
  Host both;
  both.Add(Stored(kMidr, 0)).write.emplace().fields = {{0, 4, 3, 2, {}}};
  refuse(both, kMidr);
  Host huge;
  huge.Add(Stored(kMidr, 0)).write.emplace().fields = {{0, 60, 3, 0, {}}};
  refuse(huge, kMidr);
  Host wide;
  wide.Add({Id(kZ0), std::string(256, '\0'), std::string(256, '\xff')}).write.emplace().refused = {{1, "EINVAL"}};
  refuse(wide, kZ0);
}

}  // namespace
}  // namespace armstate
