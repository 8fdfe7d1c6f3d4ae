// The port and the restore, with right and wrong answers of KVM.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "core/error.h"
#include "tests/client/kvm/port_fixture.h"

namespace armstate {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr uint64_t kSctlr = 0x603000000013c080;
constexpr uint64_t kIdPfr0 = 0x603000000013c020;       // ID_AA64PFR0_EL1
constexpr uint64_t kPsciVersion = 0x6030000000140000;  // a firmware register
constexpr uint64_t kX0 = 0x6030000000100000;
constexpr uint64_t kTimerCount = 0x603000000013df1a;
constexpr uint64_t kZ0 = 0x6080000000150000;

TEST_F(KvmPortTest, OnlyTheTimersCountersMove) {
  FakeKvm vm(recorded_.host(), 1);
  KvmRestorer restorer = Start(vm);
  std::vector<uint64_t> moving;
  for (size_t i = 0; i < restorer.vcpus()[0].layout()->size(); ++i) {
    if (restorer.vcpus()[0].is_moving(i)) moving.push_back(restorer.vcpus()[0].layout()->id(i).raw());
  }
  EXPECT_THAT(moving, ElementsAre(0x603000000013df01, kTimerCount));
}

TEST_F(KvmPortTest, CountersAreWrittenLastAndIdRegistersFirst) {
  FakeKvm vm(recorded_.host(), 1);
  KvmRestorer restorer = Start(vm);
  std::vector<VcpuState> states = StatesOf(vm);
  vm.calls.clear();
  restorer.Write(states);
  const auto position = [&](const char* call) {
    return std::find(vm.calls.begin(), vm.calls.end(), call) - vm.calls.begin();
  };
  const auto end = static_cast<ptrdiff_t>(vm.calls.size());
  ASSERT_LT(position("0 set 0x603000000013df1a"), end);
  EXPECT_LT(position("0 set 0x6030000000100000"), position("0 set 0x603000000013c080"));  // x0, SCTLR_EL1
  EXPECT_LT(position("0 set 0x603000000013c080"), position("0 set 0x603000000013df1a"));  // ..., TIMER_CNT
  EXPECT_LT(position("0 set 0x603000000013c4f2"), position("0 set 0x603000000013c4f1"));  // PMINTENCLR, PMINTENSET
  EXPECT_LT(position("0 set 0x603000000013df1a"), position("0 set events serror=0"));
  EXPECT_LT(position("0 set events serror=0"), position("0 set mp_state 0"));
}

TEST_F(KvmPortTest, CountersThatTheGuestClearedAreCleared) {
  constexpr uint64_t kSet = 0x603000000013dce1;    // PMCNTENSET_EL0
  constexpr uint64_t kClear = 0x603000000013dce2;  // PMCNTENCLR_EL0
  FakeKvm vm(recorded_.host(), 1);
  KvmRestorer restorer = Start(vm);
  std::vector<VcpuState> states = StatesOf(vm);
  ASSERT_EQ(LowWord(*states[0].registers.Find(RegisterId::Known<kSet>())), 0x8000001eu) << "of a fresh vCPU";
  states[0].registers = With(With(states[0].registers, kSet, 0), kClear, 0);
  EXPECT_TRUE(restorer.Write(states).complete());
  EXPECT_EQ(LowWord(*StatesOf(vm)[0].registers.Find(RegisterId::Known<kSet>())), 0u);
}

TEST_F(KvmPortTest, WhatTheVmSharesIsWrittenOnce) {
  FakeKvm vm(recorded_.host(), 2);
  KvmRestorer restorer = Start(vm);
  std::vector<VcpuState> states = StatesOf(vm);
  const uint64_t pfr0 = LowWord(*states[0].registers.Find(RegisterId::Known<kIdPfr0>()));
  // CSV3, bits 63-60, may be lowered to 0 on this host.
  ASSERT_NE(pfr0 >> 60, 0u);
  for (VcpuState& state : states) state.registers = With(state.registers, kIdPfr0, pfr0 & ~(uint64_t{0xf} << 60));
  vm.calls.clear();
  const KvmRestoreResult result = restorer.Write(states);
  EXPECT_TRUE(result.complete());
  EXPECT_THAT(vm.calls, Contains("0 set 0x603000000013c020"));
  EXPECT_THAT(vm.calls, Not(Contains("1 set 0x603000000013c020")));
  // Each vCPU's own is written on each.
  EXPECT_THAT(vm.calls, AllOf(Contains("0 set 0x603000000013c080"), Contains("1 set 0x603000000013c080")));
}

TEST_F(KvmPortTest, ARefusedRegisterIsReportedWithItsErrnoAndTheOthersAreWritten) {
  FakeKvm vm(recorded_.host(), 2);
  KvmRestorer restorer = Start(vm);
  std::vector<VcpuState> states = StatesOf(vm);
  for (VcpuState& state : states) {
    state.registers = With(With(state.registers, kSctlr, 0x30c50830), kX0, 0x1234);
  }
  vm.faults.set[kPsciVersion] = EBUSY;
  vm.faults.set[kX0] = EPERM;
  for (VcpuState& state : states) state.registers = With(state.registers, kPsciVersion, 0x10000);
  const KvmRestoreResult result = restorer.Write(states);
  EXPECT_FALSE(result.complete());
  for (const RestoreReport& report : result.reports) {
    const RegisterFinding* const x0 = FindingOf(report, kX0);
    ASSERT_NE(x0, nullptr);
    EXPECT_EQ(x0->outcome, RegisterOutcome::kWriteRefused);
    EXPECT_EQ(x0->error, "EPERM");
    EXPECT_EQ(LowWord(x0->wanted), 0x1234u);
    EXPECT_EQ(LowWord(x0->got), 0u);
    const RegisterFinding* const psci = FindingOf(report, kPsciVersion);
    ASSERT_NE(psci, nullptr);
    EXPECT_EQ(psci->error, "EBUSY");
    EXPECT_EQ(FindingOf(report, kSctlr), nullptr);
  }
  std::string value(8, '\0');
  ASSERT_EQ(vm.vcpus()[1]->GetRegister(kSctlr, absl::MakeSpan(&value[0], 8)), 0);
  EXPECT_EQ(LowWord(value), 0x30c50830u);
}

TEST_F(KvmPortTest, ARegisterThatTheHostLacksIsUnknown) {
  FakeKvm vm(recorded_.host(), 1);
  KvmRestorer restorer = Start(vm);
  std::vector<VcpuState> states = StatesOf(vm);
  RegisterListBuilder builder;
  for (size_t i = 0; i < states[0].registers.size(); ++i) {
    builder.AddBytes(states[0].registers.id(i), states[0].registers.value(i));
  }
  constexpr uint64_t kNowhere = 0x603000000013ffff;  // S3_7_C15_C15_7
  builder.Add(RegisterId::Known<kNowhere>(), 0);
  states[0].registers = *std::move(builder).Build();
  const KvmRestoreResult result = restorer.Write(states);
  const RegisterFinding* const finding = FindingOf(result.reports[0], kNowhere);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->outcome, RegisterOutcome::kUnknown);
  EXPECT_FALSE(result.complete());
}

TEST_F(KvmPortTest, ARegisterThatCannotBeReadBackIsNotRestored) {
  FakeKvm vm(recorded_.host(), 1);
  KvmRestorer restorer = Start(vm);
  std::vector<VcpuState> states = StatesOf(vm);
  vm.faults.get[kSctlr] = EFAULT;
  const KvmRestoreResult result = restorer.Write(states);
  const RegisterFinding* const finding = FindingOf(result.reports[0], kSctlr);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->outcome, RegisterOutcome::kWriteRefused);
  EXPECT_EQ(finding->reason, "KVM_GET_ONE_REG: EFAULT");
}

// CNTV_CTL_EL0: ENABLE with ISTATUS, as of a timer that was over; on the new VM its counter has not come so far.
TEST_F(KvmPortTest, AStatusThatTheTimerChangesRefusesNothing) {
  constexpr uint64_t kControl = 0x603000000013df19;
  FakeKvm vm(recorded_.host(), 1);
  KvmRestorer restorer = Start(vm);
  std::vector<VcpuState> states = StatesOf(vm);
  constexpr uint64_t kCompare = 0x603000000013df02;
  states[0].registers = With(With(states[0].registers, kCompare, ~uint64_t{0}), kControl, 0b101);
  const KvmRestoreResult result = restorer.Write(states);
  const RegisterFinding* const finding = FindingOf(result.reports[0], kControl);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(LowWord(finding->got), 0b001u);
  EXPECT_EQ(finding->tolerance, "timer-status");
  EXPECT_TRUE(result.complete());
}

TEST_F(KvmPortTest, OnlyTheRegistersOfAPlanAreWrittenInItsOrder) {
  FakeKvm vm(recorded_.host(), 1);
  KvmRestorer restorer = Start(vm);
  std::vector<VcpuState> states = StatesOf(vm);
  vm.calls.clear();
  restorer.Write(states, {{kSctlr, 0x6030000000ffffff, kX0}});
  EXPECT_THAT(vm.calls, ElementsAre("0 set 0x603000000013c080", "0 set 0x6030000000100000", "0 set events serror=0",
                                    "0 set mp_state 0"));
}

TEST_F(KvmPortTest, VectorLengthsAreWrittenBeforeTheVcpuIsFinalised) {
  FakeKvm source(recorded_.host(), 2);
  Start(source, kPmuAndSve);
  std::vector<VcpuState> states = StatesOf(source);
  ASSERT_TRUE(states[0].registers.Find(RegisterId::Known<kZ0>()).has_value());

  FakeKvm vm(recorded_.host(), 2);
  KvmRestorer restorer = Start(vm, kPmuAndSve, states);
  EXPECT_THAT(vm.calls,
              ElementsAre("0 init target=5 features=0x1c", "1 init target=5 features=0x1c", "0 set 0x606000000015ffff",
                          "0 finalize 4", "1 set 0x606000000015ffff", "1 finalize 4"));
  const KvmRestoreResult result = restorer.Write(states);
  EXPECT_TRUE(result.complete());
  EXPECT_EQ(std::count(vm.calls.begin(), vm.calls.end(), "0 set 0x606000000015ffff"), 1);
}

TEST_F(KvmPortTest, RefusedVectorLengthsAreReported) {
  FakeKvm source(recorded_.host(), 1);
  Start(source, kPmuAndSve);
  std::vector<VcpuState> states = StatesOf(source);
  states[0].registers = With(states[0].registers, kKvmSveVectorLengths, 0);  // no length at all
  FakeKvm vm(recorded_.host(), 1);
  KvmRestorer restorer = Start(vm, kPmuAndSve, states);
  const KvmRestoreResult result = restorer.Write(states);
  const RegisterFinding* const finding = FindingOf(result.reports[0], kKvmSveVectorLengths);
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->outcome, RegisterOutcome::kWriteRefused);
  EXPECT_EQ(finding->error, "EINVAL");
}

TEST_F(KvmPortTest, FeaturesThatTheHostLacksAreNamedAndTheRestIsRestored) {
  RecordedHost small("cortex-a72@6.12");
  FakeKvm source(recorded_.host(), 2);
  Start(source, kPmuAndSve);
  const std::vector<VcpuState> states = StatesOf(source);
  FakeKvm vm(small.host(), 2);
  VcpuFeatures wanted = kPmuAndSve;
  wanted.memory_tagging = true;
  KvmRestorer restorer = Start(vm, wanted, states);
  EXPECT_FALSE(restorer.features().memory_tagging);
  EXPECT_FALSE(restorer.features().has(VcpuFeature::kSve));
  EXPECT_TRUE(restorer.features().has(VcpuFeature::kPmuV3));
  const std::vector<MissingKvmFeature>& missing = restorer.missing();
  ASSERT_EQ(missing.size(), 2u);
  EXPECT_EQ(missing[0].feature, "mte");
  EXPECT_EQ(missing[0].call, "KVM_ENABLE_CAP");
  EXPECT_EQ(missing[1].feature, "sve");
  EXPECT_EQ(missing[1].call, "KVM_ARM_VCPU_INIT");
  EXPECT_EQ(missing[1].error, "EINVAL");
  EXPECT_THAT(vm.calls, Contains("1 init target=5 features=0xc"));
  const KvmRestoreResult result = restorer.Write(states);
  const RegisterFinding* const z0 = FindingOf(result.reports[1], kZ0);
  ASSERT_NE(z0, nullptr);
  EXPECT_EQ(z0->outcome, RegisterOutcome::kUnknown);
  EXPECT_EQ(result.missing.size(), 2u);
  EXPECT_FALSE(result.complete());
}

TEST_F(KvmPortTest, AnInitThatFailsWithoutAMissingFeatureIsAnError) {
  FakeKvmHost host = recorded_.host();
  host.profile = [](const VcpuFeatures&) { return nullptr; };
  FakeKvm vm(host, 1);
  KvmRestorer restorer(vm);
  restorer.Prepare(kPmu);
  const absl::Status status = restorer.Init(vm.vcpus(), std::vector<VcpuState>(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("vCPU 0: KVM_ARM_VCPU_INIT: EINVAL"));
}

TEST_F(KvmPortTest, AnotherNumberOfVcpusIsRefused) {
  FakeKvm vm(recorded_.host(), 2);
  KvmRestorer restorer(vm);
  restorer.Prepare(kPmu);
  const absl::Status status = restorer.Init(vm.vcpus(), std::vector<VcpuState>(3));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(GetErrorInfo(status).has_value());
  EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kVcpuCountDiffers);
  EXPECT_THAT(vm.calls, IsEmpty());
}

TEST_F(KvmPortTest, EventsAndMpStateTravelWithTheVcpu) {
  FakeKvm source(recorded_.host(), 2);
  Start(source);
  KvmVcpuEvents events;
  events.serror_pending = 1;
  events.serror_esr = 0xbeef;
  ASSERT_EQ(source.vcpus()[0]->SetEvents(events), 0);
  ASSERT_EQ(source.vcpus()[1]->SetMpState(5), 0);  // KVM_MP_STATE_STOPPED
  const std::vector<VcpuState> states = StatesOf(source);
  FakeKvm vm(recorded_.host(), 2);
  KvmRestorer restorer = Start(vm);
  EXPECT_TRUE(restorer.Write(states).complete());
  KvmVcpuEvents restored;
  ASSERT_EQ(vm.vcpus()[0]->GetEvents(restored), 0);
  EXPECT_EQ(restored.serror_pending, 1);
  EXPECT_EQ(restored.serror_esr, 0xbeefu);
  uint32_t mp_state = 0;
  ASSERT_EQ(vm.vcpus()[1]->GetMpState(mp_state), 0);
  EXPECT_EQ(mp_state, 5u);
}

TEST_F(KvmPortTest, StateThatCannotBeRestoredIsAProblem) {
  FakeKvm vm(recorded_.host(), 1);
  KvmRestorer restorer = Start(vm);
  std::vector<VcpuState> states = StatesOf(vm);
  vm.faults.set_mp_state = EINVAL;
  states[0].opaque_fields[0].data.resize(63);
  const KvmRestoreResult result = restorer.Write(states);
  EXPECT_THAT(result.problems,
              ElementsAre("vCPU 0: kvm.vcpu_events has 63 bytes, not 64", "vCPU 0: KVM_SET_MP_STATE: EINVAL"));
  EXPECT_FALSE(result.complete());
}

TEST(KvmErrnoTest, Names) {
  EXPECT_EQ(ErrnoName(EINVAL), "EINVAL");
  EXPECT_EQ(ErrnoName(ENOENT), "ENOENT");
  EXPECT_EQ(ErrnoName(4711), "4711");
  EXPECT_EQ(KvmStatus("KVM_RUN", 0), absl::OkStatus());
}

}  // namespace
}  // namespace armstate
