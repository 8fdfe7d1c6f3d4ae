// The rules by which a guest goes on with another CPU, one by one, on small CPUs. What the registers are is the Arm
// ARM's (DDI 0487), what the two releases of QEMU make of them is in their profiles.
#include "core/conversion.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/engine_vcpu.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Values = std::map<uint64_t, uint64_t>;

constexpr uint64_t kDbgdevid1 = 0x40200000200e3802;  // p14,0,c7,c0,2: a constant, outside of the ID registers
constexpr uint64_t kPar32 = 0x40200000200f3a00;      // p15,0,c7,c4,0
constexpr uint64_t kIsar0 = 0x603000000013c030;      // ID_AA64ISAR0_EL1
constexpr uint64_t kSctlr = 0x603000000013c080;
constexpr uint64_t kTcr2 = 0x603000000013c103;
constexpr uint64_t kPar = 0x603000000013c3a0;  // "PAR_EL1 bits [31:0] are architecturally mapped to PAR[31:0]"
constexpr uint64_t kCntfrq = 0x603000000013df00;
constexpr uint64_t kPstate = 0x6030000000100042;
constexpr uint64_t kHcr = 0x603000000013e088;

RegisterId Id(uint64_t raw) { return *RegisterId::Create(raw); }

std::string Bytes(RegisterId id, uint64_t value) {
  std::string bytes(id.width(), '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(value >> 8 * i);
  return bytes;
}

RegisterRule Rule(uint64_t raw, uint64_t reset, uint64_t writable) {
  return {Id(raw), Bytes(Id(raw), reset), Bytes(Id(raw), writable)};
}
RegisterRule Stored(uint64_t raw) { return Rule(raw, 0, ~uint64_t{0}); }

using Profile = std::shared_ptr<const CpuProfile>;

Profile Cpu(std::vector<RegisterRule> rules) {
  absl::StatusOr<Profile> profile = CpuProfile::Create("p", IdScheme::kTcg, std::move(rules));
  EXPECT_TRUE(profile.ok()) << profile.status();
  return *profile;
}

// What becomes of a guest with these values on `target`. `source`: its own CPU, or null.
RestoreReport Convert(const Values& guest, const Profile& source, const Profile& target,
                      const std::vector<std::string>& accepted = {}) {
  RegisterListBuilder builder;
  for (const auto& [id, value] : guest) builder.Add(Id(id), value);
  const RegisterList list = *std::move(builder).Build();
  EngineVcpu vcpu(target);
  RestoreReport report = RestoreRegisters(list, vcpu, OnRefusal::kKeepGoing);
  ApplyConversion(list, {source.get(), {}}, *target, vcpu.ShownValues(), accepted, report);
  return report;
}

// "tolerance" or "!accept_as" for each finding.
std::vector<std::string> Names(const RestoreReport& report) {
  std::vector<std::string> names;
  for (const RegisterFinding& finding : report.findings) {
    names.push_back(finding.tolerance.empty() ? "!" + finding.accept_as : finding.tolerance);
  }
  return names;
}

TEST(Conversion, WhatOnlyTheTargetHasIsKept) {
  const RestoreReport report = Convert({{kSctlr, 5}}, nullptr, Cpu({Stored(kSctlr), Rule(kTcr2, 7, ~uint64_t{0})}));
  EXPECT_THAT(Names(report), ElementsAre("kept-at-reset"));
  EXPECT_EQ(LowWord(report.findings[0].got), 7u);
  EXPECT_EQ(report.verdict, Verdict::kAcceptedWithChanges);
}

TEST(Conversion, WhatIsLeftOutMustHaveHeldNothing) {
  const Profile source = Cpu({Stored(kSctlr), Rule(kTcr2, 7, ~uint64_t{0})}), target = Cpu({Stored(kSctlr)});
  EXPECT_THAT(Names(Convert({{kSctlr, 5}, {kTcr2, 7}}, source, target)), ElementsAre("held-nothing"));
  const RestoreReport lost = Convert({{kSctlr, 5}, {kTcr2, 0}}, source, target);
  EXPECT_THAT(Names(lost), ElementsAre("!state-lost"));
  EXPECT_EQ(lost.verdict, Verdict::kRefused);
  // Without the guest's CPU only 0 is known to be nothing.
  EXPECT_THAT(Names(Convert({{kSctlr, 5}, {kTcr2, 0}}, nullptr, target)), ElementsAre("held-nothing"));
  const RestoreReport unknown = Convert({{kSctlr, 5}, {kTcr2, 7}}, nullptr, target);
  EXPECT_THAT(Names(unknown), ElementsAre("!state-lost"));
  EXPECT_THAT(unknown.findings[0].reason, HasSubstr("0x7"));
}

TEST(Conversion, AViewIsKeptInItsOwner) {
  RegisterRule view = Stored(kPar32);
  view.view = RegisterRule::View{Id(kPar), 0};
  const Profile source = Cpu({view, Stored(kPar)});
  const Values guest = {{kPar32, 0x801}, {kPar, 0x801}};
  EXPECT_THAT(Names(Convert(guest, source, Cpu({Stored(kPar)}))), ElementsAre("kept-elsewhere"));
  // A target that has neither has no place for it.
  EXPECT_THAT(Names(Convert(guest, source, Cpu({Stored(kSctlr)}))),
              ElementsAre("!state-lost", "kept-at-reset", "!state-lost"));
}

TEST(Conversion, AnIdRegisterThatTheTargetDoesNotListIsTheTargets) {
  EXPECT_THAT(Names(Convert({{kIsar0, 0x11120}, {kSctlr, 0}}, nullptr, Cpu({Stored(kSctlr)}))),
              ElementsAre("shown-otherwise"));
}

TEST(Conversion, APromiseIsKeptOrNamed) {
  const Profile less = Cpu({Rule(kIsar0, 0x10, 0)}), more = Cpu({Rule(kIsar0, 0x11120, 0)});
  EXPECT_THAT(Names(Convert({{kIsar0, 0x10}}, less, more)), ElementsAre("shown-otherwise"));
  const RestoreReport gone = Convert({{kIsar0, 0x11120}}, more, less);
  EXPECT_THAT(Names(gone), ElementsAre("!feature-gone"));
  EXPECT_THAT(gone.findings[0].reason, HasSubstr("CRC32 was 1 (implemented) and is 0 (not implemented), "
                                                 "SHA2 was 1 (SHA256) and is 0 (not implemented), "
                                                 "SHA1 was 1 (implemented) and is 0 (not implemented), "
                                                 "AES was 2 (AES and PMULL) and is 1 (AES)"));
  EXPECT_EQ(LowWord(gone.findings[0].wanted), 0x11120u);
  EXPECT_EQ(LowWord(gone.findings[0].got), 0x10u);
  EXPECT_EQ(gone.verdict, Verdict::kRefused);
}

TEST(Conversion, AConstantIsTheTargetsUnlessTheGuestWroteIt) {
  // QEMU 7.2 and 10.0, cortex-a15 with EL2: HCR_EL2.RW, which a CPU without AArch64 does not have.
  const uint64_t rw = uint64_t{1} << 31;
  const Profile with = Cpu({Rule(kHcr, rw, ~rw)}), without = Cpu({Rule(kHcr, 0, ~rw)});
  const RestoreReport kept = Convert({{kHcr, rw | 0x20}}, with, without);
  EXPECT_THAT(Names(kept), ElementsAre("shown-otherwise"));
  EXPECT_EQ(LowWord(kept.findings[0].got), 0x20u);  // the guest's own bit
  // A guest that could write the bit has written it.
  EXPECT_THAT(Names(Convert({{kHcr, rw | 0x20}}, Cpu({Stored(kHcr)}), without)), ElementsAre("!state-lost"));
  // Nor is it known to be a constant where the guest's CPU is not known.
  EXPECT_THAT(Names(Convert({{kDbgdevid1, 0x1110f13}}, nullptr, Cpu({Rule(kDbgdevid1, 0x110f13, 0)}))),
              ElementsAre("!state-lost"));
  EXPECT_THAT(Names(Convert({{kDbgdevid1, 0x1110f13}}, Cpu({Rule(kDbgdevid1, 0x1110f13, 0)}),
                            Cpu({Rule(kDbgdevid1, 0x110f13, 0)}))),
              ElementsAre("shown-otherwise"));
}

TEST(Conversion, TheCountersRateIsNotTheRegistersValue) {
  // QEMU's `max`: 62.5 MHz up to machine type 9.0, then 1 GHz.
  const Profile slow = Cpu({Rule(kCntfrq, 62500000, ~uint64_t{0})}),
                fast = Cpu({Rule(kCntfrq, 1000000000, ~uint64_t{0})});
  const RestoreReport report = Convert({{kCntfrq, 62500000}}, slow, fast);
  EXPECT_THAT(Names(report), ElementsAre("!counter-frequency"));
  EXPECT_THAT(
      report.findings[0].reason,
      HasSubstr(
          "62.5 MHz and would run at 1 GHz, without the guest knowing: its clock would be wrong, 16 times as fast"));
  EXPECT_EQ(report.verdict, Verdict::kRefused);
  EXPECT_EQ(Convert({{kCntfrq, 62500000}}, slow, fast, {"counter-frequency"}).verdict, Verdict::kAcceptedWithChanges);
  // "The register is only a number that software at the highest EL has put there": it sets no rate.
  EXPECT_THAT(Names(Convert({{kCntfrq, 1000000}}, slow, slow)), IsEmpty());
  EXPECT_THAT(Names(Convert({{kCntfrq, 1000000000}}, slow, fast)), ElementsAre("!counter-frequency"));
}

// PSTATE.EL is bits 3-2, as KVM and QEMU have it: 9 is EL2h, 5 EL1h.
TEST(Conversion, ExceptionLevelsStay) {
  const Profile with = Cpu({Stored(kPstate), Stored(kHcr)}), without = Cpu({Stored(kPstate)});
  const Values at_el1 = {{kPstate, 0x3c5}, {kHcr, 0}}, at_el2 = {{kPstate, 0x3c9}, {kHcr, 0}};
  EXPECT_THAT(Names(Convert(at_el2, with, with)), IsEmpty());
  EXPECT_THAT(Names(Convert(at_el1, with, without)), ElementsAre("!exception-levels"));
  EXPECT_EQ(Convert(at_el1, with, without, {"exception-levels"}).verdict, Verdict::kAcceptedWithChanges);
  EXPECT_THAT(Names(Convert({{kPstate, 0x3c5}}, without, with)), ElementsAre("!exception-levels"));
  // There is nowhere to run.
  const RestoreReport nowhere = Convert(at_el2, with, without, {"exception-levels", "state-lost"});
  EXPECT_EQ(nowhere.verdict, Verdict::kRefused);
  EXPECT_THAT(Names(nowhere), ElementsAre("!"));
}

TEST(Conversion, AcceptingOneNameLeavesTheOthers) {
  const Profile source = Cpu({Rule(kIsar0, 0x11120, 0), Stored(kTcr2)}), target = Cpu({Rule(kIsar0, 0x10, 0)});
  const Values guest = {{kIsar0, 0x11120}, {kTcr2, 1}};
  EXPECT_THAT(Names(Convert(guest, source, target)), ElementsAre("!feature-gone", "!state-lost"));
  const RestoreReport one = Convert(guest, source, target, {"feature-gone"});
  EXPECT_THAT(Names(one), ElementsAre("feature-gone", "!state-lost"));
  EXPECT_EQ(one.verdict, Verdict::kRefused);
  EXPECT_EQ(Convert(guest, source, target, {"state-lost", "feature-gone"}).verdict, Verdict::kAcceptedWithChanges);
}

TEST(OnlyLostFeatures, OtherFieldsAreAsTheTargetHasThem) {
  RestoreReport report;
  report.findings.push_back(
      {Id(kIsar0), RegisterOutcome::kIgnored, Bytes(Id(kIsar0), 0x10120), Bytes(Id(kIsar0), 0x21010)});
  // CRC32 1 -> 2 and SHA2 0 -> 1 are more, SHA1 1 -> 0 and AES 2 -> 1 less.
  EXPECT_EQ(LowWord(OnlyLostFeatures(report, IdScheme::kTcg).findings[0].wanted), 0x21120u);
}

}  // namespace
}  // namespace armstate
