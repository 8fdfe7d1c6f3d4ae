#include "proto/restore_report_conversion.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace armstate {
namespace {

constexpr uint64_t kMidrEl1 = 0x603000000013c000;
constexpr uint64_t kSctlrEl1 = 0x603000000013c080;
constexpr uint64_t kTpidrEl0 = 0x603000000013de82;
constexpr uint64_t kTpidrEl1 = 0x603000000013c684;

RegisterId Id(uint64_t raw) { return *RegisterId::Create(raw); }

// MIDR_EL1 of Cortex-A53 r0p4 and of Cortex-A57 r1p0 (their TRMs).
const std::string kMidrA53("\x34\xd0\x0f\x41\0\0\0\0", 8);
const std::string kMidrA57("\x70\xd0\x1f\x41\0\0\0\0", 8);

RegisterFinding Finding(uint64_t raw, RegisterOutcome outcome) { return {Id(raw), outcome, "", "", "because", ""}; }

// A checkpoint of MIDR_EL1 = A53's, SCTLR_EL1 = 1 and TPIDR_EL1 = 2; a target with MIDR_EL1, SCTLR_EL1 and TPIDR_EL0,
// in ID order: MIDR is ignored, SCTLR written, TPIDR_EL1 unknown (and between the target's own registers), TPIDR_EL0
// not in the checkpoint.
class RestoreReportConversion : public ::testing::Test {
 protected:
  RestoreReportConversion() {
    RegisterListBuilder builder;
    builder.AddBytes(Id(kMidrEl1), kMidrA53);
    builder.Add(Id(kSctlrEl1), 1);
    builder.Add(Id(kTpidrEl1), 2);
    checkpoint_ = *std::move(builder).Build();
    target_ = *RegisterLayout::Create({kMidrEl1, kSctlrEl1, kTpidrEl0});
    report_.verdict = Verdict::kRefused;
    report_.outcomes = {RegisterOutcome::kIgnored, RegisterOutcome::kWritten, RegisterOutcome::kNotInCheckpoint};
    report_.findings = {Finding(kMidrEl1, RegisterOutcome::kIgnored), Finding(kTpidrEl1, RegisterOutcome::kUnknown),
                        Finding(kTpidrEl0, RegisterOutcome::kNotInCheckpoint)};
    report_.findings[1].error = "ENOENT";
    report_.findings[0].wanted = kMidrA53;
    report_.findings[0].got = kMidrA57;
  }

  VcpuReportInput Vcpu() const { return {4, checkpoint_, *target_, report_}; }

  RegisterList checkpoint_;
  std::shared_ptr<const RegisterLayout> target_;
  RestoreReport report_;
};

TEST_F(RestoreReportConversion, FindingsHaveNamesAndFields) {
  const v1::VcpuRestoreReport message = VcpuRestoreReportToProto(Vcpu(), IdScheme::kKvm, ReportedRegisters::kFindings);
  EXPECT_EQ(message.vcpu_index(), 4);
  EXPECT_EQ(message.written_count(), 1);
  EXPECT_EQ(message.unchanged_count(), 0);
  ASSERT_EQ(message.registers_size(), 3);
  const v1::RegisterReport& midr = message.registers(0);
  EXPECT_EQ(midr.register_id(), kMidrEl1);
  EXPECT_EQ(midr.name(), "MIDR_EL1");
  EXPECT_EQ(midr.outcome(), v1::REGISTER_OUTCOME_IGNORED);
  EXPECT_EQ(midr.wanted(), kMidrA53);
  EXPECT_EQ(midr.got(), kMidrA57);
  EXPECT_EQ(midr.reason(), "because");
  // Implementer (0x41, Arm) and Architecture (0xf) are the same.
  std::vector<std::string> fields;
  for (const v1::FieldDifference& field : midr.fields()) fields.push_back(field.field());
  EXPECT_EQ(fields, (std::vector<std::string>{"Variant", "PartNum", "Revision"}));
  EXPECT_EQ(midr.fields(1).wanted(), 0xd03u);
  EXPECT_EQ(midr.fields(1).got(), 0xd07u);
  EXPECT_EQ(message.registers(1).name(), "TPIDR_EL1");
  EXPECT_EQ(message.registers(1).outcome(), v1::REGISTER_OUTCOME_UNKNOWN);
  EXPECT_EQ(message.registers(1).fields_size(), 0);
  EXPECT_EQ(message.registers(1).error(), "ENOENT");
  EXPECT_EQ(message.registers(2).name(), "TPIDR_EL0");
  EXPECT_EQ(message.registers(2).outcome(), v1::REGISTER_OUTCOME_NOT_IN_CHECKPOINT);
}

TEST_F(RestoreReportConversion, FieldValuesHaveTheirMeaningAndBitsWithoutAFieldAreNotLost) {
  constexpr uint64_t kPfr0 = 0x603000000013c020;  // ID_AA64PFR0_EL1: SVE is bits 35-32 (Arm ARM, D19.2.64)
  for (RegisterFinding& finding : report_.findings) finding = Finding(kTpidrEl1, RegisterOutcome::kWriteRefused);
  report_.findings[0] = Finding(kPfr0, RegisterOutcome::kWriteRefused);
  report_.findings[0].wanted = std::string("\x12\0\0\0\x01\0\0\0", 8);
  report_.findings[0].got = std::string("\x11\0\0\0\0\0\0\0", 8);
  report_.findings[0].error = "EINVAL";
  report_.findings[1].wanted = std::string(8, '\x11');
  report_.findings[1].got = std::string(8, '\x21');
  const v1::VcpuRestoreReport message = VcpuRestoreReportToProto(Vcpu(), IdScheme::kTcg, ReportedRegisters::kFindings);
  const v1::RegisterReport& pfr0 = message.registers(0);
  EXPECT_EQ(pfr0.error(), "EINVAL");
  ASSERT_EQ(pfr0.fields_size(), 2);
  EXPECT_EQ(pfr0.fields(0).field(), "SVE");
  EXPECT_EQ(pfr0.fields(0).wanted_meaning(), "implemented");
  EXPECT_EQ(pfr0.fields(0).got_meaning(), "not implemented");
  EXPECT_EQ(pfr0.fields(1).field(), "EL0");
  EXPECT_EQ(message.registers(1).fields_size(), 0);

  constexpr uint64_t kCtr =
      0x603000000013d801;  // CTR_EL0: bit 30 is RES0, bits 29 and 28 are DIC and IDC, bits 27-24 are CWG
  report_.findings[0] = Finding(kCtr, RegisterOutcome::kDiffers);
  report_.findings[0].wanted = std::string("\0\0\0\x44\0\0\0\0", 8);
  report_.findings[0].got = std::string("\0\0\0\x03\0\0\0\0", 8);
  const v1::RegisterReport ctr =
      VcpuRestoreReportToProto(Vcpu(), IdScheme::kTcg, ReportedRegisters::kFindings).registers(0);
  ASSERT_EQ(ctr.fields_size(), 2);
  EXPECT_EQ(ctr.fields(0).field(), "CWG");
  EXPECT_EQ(ctr.fields(1).field(), "[31:30]");
  EXPECT_EQ(ctr.fields(1).wanted(), 1u);
  EXPECT_EQ(ctr.fields(1).got(), 0u);
}

// A restore onto another accelerator refuses what the checkpoint lacks and no tolerance covers.
TEST_F(RestoreReportConversion, EachRegisterHasItsVerdict) {
  const auto verdicts = [&] {
    std::vector<v1::Verdict> result;
    const auto message = VcpuRestoreReportToProto(Vcpu(), IdScheme::kKvm, ReportedRegisters::kAll);
    for (const v1::RegisterReport& entry : message.registers()) result.push_back(entry.verdict());
    return result;
  };
  // MIDR_EL1 is ignored, SCTLR_EL1 written, TPIDR_EL1 unknown, TPIDR_EL0 not in the checkpoint.
  EXPECT_EQ(verdicts(), (std::vector<v1::Verdict>{v1::VERDICT_REFUSED, v1::VERDICT_ACCEPTED, v1::VERDICT_REFUSED,
                                                  v1::VERDICT_ACCEPTED_WITH_CHANGES}));
  report_.findings[0].tolerance = "mine";
  report_.findings[1].outcome = RegisterOutcome::kWriteUndetermined;
  report_.findings[2].needs_tolerance = true;
  EXPECT_EQ(verdicts(), (std::vector<v1::Verdict>{v1::VERDICT_ACCEPTED_WITH_CHANGES, v1::VERDICT_ACCEPTED,
                                                  v1::VERDICT_UNDETERMINED, v1::VERDICT_REFUSED}));
}

TEST_F(RestoreReportConversion, AllRegistersAreInOrderOfTheirIds) {
  const v1::VcpuRestoreReport message = VcpuRestoreReportToProto(Vcpu(), IdScheme::kKvm, ReportedRegisters::kAll);
  std::vector<std::string> names;
  for (const v1::RegisterReport& entry : message.registers()) names.push_back(entry.name());
  EXPECT_EQ(names, (std::vector<std::string>{"MIDR_EL1", "SCTLR_EL1", "TPIDR_EL1", "TPIDR_EL0"}));
  EXPECT_EQ(message.registers(1).outcome(), v1::REGISTER_OUTCOME_WRITTEN);
  EXPECT_EQ(message.registers(1).wanted(), std::string("\x01\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(message.registers(1).got(), std::string("\x01\0\0\0\0\0\0\0", 8));
}

TEST_F(RestoreReportConversion, RegistersThatWereNotTriedHaveNoValueFromTheTarget) {
  report_.outcomes[1] = RegisterOutcome::kNotTried;
  const v1::VcpuRestoreReport message = VcpuRestoreReportToProto(Vcpu(), IdScheme::kKvm, ReportedRegisters::kAll);
  EXPECT_EQ(message.registers(1).outcome(), v1::REGISTER_OUTCOME_NOT_TRIED);
  EXPECT_EQ(message.registers(1).got(), "");
}

TEST_F(RestoreReportConversion, SaysWhatWasPutBackAndWhatCouldNotBe) {
  report_.findings[0].outcome = report_.outcomes[0] = RegisterOutcome::kDiffers;
  report_.findings[0].put_back_error = "stuck";
  report_.findings[2].outcome = report_.outcomes[2] = RegisterOutcome::kOverwritten;
  const v1::VcpuRestoreReport message = VcpuRestoreReportToProto(Vcpu(), IdScheme::kKvm, ReportedRegisters::kAll);
  EXPECT_FALSE(message.registers(0).put_back());
  EXPECT_EQ(message.registers(0).put_back_error(), "stuck");
  EXPECT_TRUE(message.registers(1).put_back());   // written
  EXPECT_FALSE(message.registers(2).put_back());  // unknown: never written
  EXPECT_TRUE(message.registers(3).put_back());   // overwritten
}

TEST_F(RestoreReportConversion, NothingWasPutBackWhereTheRestoreKeptGoing) {
  const v1::VcpuRestoreReport message = VcpuRestoreReportToProto(Vcpu(), IdScheme::kKvm, ReportedRegisters::kAll);
  for (const v1::RegisterReport& entry : message.registers()) EXPECT_FALSE(entry.put_back()) << entry.name();
}

TEST_F(RestoreReportConversion, TheWorstVcpuDecides) {
  RestoreReport accepted;
  accepted.rolled_back = true;
  RestoreReport changed;
  changed.verdict = Verdict::kAcceptedWithChanges;
  changed.rolled_back = true;
  const RegisterList none;
  const VcpuReportInput good{0, none, none.layout(), accepted};
  const VcpuReportInput worse{1, none, none.layout(), changed};
  v1::RestoreReport message = RestoreReportToProto({good}, IdScheme::kTcg, ReportedRegisters::kFindings);
  EXPECT_EQ(message.verdict(), v1::VERDICT_ACCEPTED);
  message = RestoreReportToProto({worse, good}, IdScheme::kTcg, ReportedRegisters::kFindings);
  EXPECT_EQ(message.verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  EXPECT_TRUE(message.rolled_back());
  message = RestoreReportToProto({good, Vcpu(), worse}, IdScheme::kTcg, ReportedRegisters::kFindings);
  EXPECT_EQ(message.verdict(), v1::VERDICT_REFUSED);
  EXPECT_FALSE(message.rolled_back());
  EXPECT_EQ(message.vcpus_size(), 3);
}

// A new outcome in core needs a name on the wire: kNotTried is the last one.
TEST_F(RestoreReportConversion, EveryOutcomeHasItsNameOnTheWire) {
  const std::vector<std::pair<RegisterOutcome, v1::RegisterOutcome>> kOutcomes = {
      {RegisterOutcome::kWritten, v1::REGISTER_OUTCOME_WRITTEN},
      {RegisterOutcome::kUnchanged, v1::REGISTER_OUTCOME_UNCHANGED},
      {RegisterOutcome::kIgnored, v1::REGISTER_OUTCOME_IGNORED},
      {RegisterOutcome::kWriteRefused, v1::REGISTER_OUTCOME_WRITE_REFUSED},
      {RegisterOutcome::kDiffers, v1::REGISTER_OUTCOME_DIFFERS},
      {RegisterOutcome::kUnknown, v1::REGISTER_OUTCOME_UNKNOWN},
      {RegisterOutcome::kNotInCheckpoint, v1::REGISTER_OUTCOME_NOT_IN_CHECKPOINT},
      {RegisterOutcome::kRequired, v1::REGISTER_OUTCOME_REQUIRED},
      {RegisterOutcome::kOverwritten, v1::REGISTER_OUTCOME_OVERWRITTEN},
      {RegisterOutcome::kNotTried, v1::REGISTER_OUTCOME_NOT_TRIED},
  };
  EXPECT_EQ(kOutcomes.size(), static_cast<size_t>(RegisterOutcome::kNotTried) + 1);
  for (const auto& [core, wire] : kOutcomes) {
    report_.findings[0].outcome = core;
    EXPECT_EQ(VcpuRestoreReportToProto(Vcpu(), IdScheme::kKvm, ReportedRegisters::kFindings).registers(0).outcome(),
              wire);
  }
}

}  // namespace
}  // namespace armstate
