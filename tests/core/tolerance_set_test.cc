#include "core/tolerance_set.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"

namespace armstate {
namespace {

using Comparison = ToleranceCondition::Comparison;
using Side = ToleranceCondition::Side;

// Arm ARM: ID_AA64DFR0_EL1 is S3_0_C0_C5_0, ID_AA64MMFR0_EL1 S3_0_C0_C7_0, TCR2_EL1 S3_0_C2_C0_3, PMCR_EL0
// S3_3_C9_C12_0.
constexpr uint64_t kDfr0 = 0x603000000013c028;
constexpr uint64_t kMmfr0 = 0x603000000013c038;
constexpr uint64_t kMmfr3 = 0x603000000013c03b;
constexpr uint64_t kTcr2 = 0x603000000013c103;
constexpr uint64_t kPmcr = 0x603000000013dce0;
constexpr uint64_t kV0 = 0x6040000000100054;

using Values = std::map<uint64_t, uint64_t>;

RegisterList List(const Values& values) {
  RegisterListBuilder builder;
  for (const auto& [id, value] : values) builder.Add(*RegisterId::Create(id), value);
  return *std::move(builder).Build();
}

// A restore with one finding.
struct Case {
  Values checkpoint;
  Values target;
  uint64_t id;
  RegisterOutcome outcome;
  // What the target held before, if that is something else.
  Values target_reset = {};
};

RestoreReport Report(const Case& c) {
  const RegisterId id = *RegisterId::Create(c.id);
  const RegisterList checkpoint = List(c.checkpoint), target = List(c.target);
  RestoreReport report;
  report.findings.push_back({id, c.outcome, std::string(checkpoint.Find(id).value_or("")),
                             std::string(target.Find(id).value_or("")), "", "", ""});
  report.verdict = VerdictOf(report.findings[0]);
  return report;
}

RestoreReport Apply(const std::vector<Tolerance>& tolerances, const Case& c, IdScheme source = IdScheme::kKvm) {
  const absl::StatusOr<ToleranceSet> set = ToleranceSet::Create(tolerances, source, IdScheme::kKvm);
  EXPECT_TRUE(set.ok()) << set.status();
  RestoreReport report = Report(c);
  const RegisterList target = List(c.target);
  const RegisterList reset = c.target_reset.empty() ? target : List(c.target_reset);
  set->Apply(List(c.checkpoint), reset, target.values(), report);
  return report;
}

Tolerance Rule(const std::string& name, std::vector<std::string> registers) {
  Tolerance tolerance;
  tolerance.name = name;
  tolerance.reason = "a test";
  tolerance.registers = std::move(registers);
  return tolerance;
}

Tolerance RuleIf(ToleranceCondition condition) {
  Tolerance rule = Rule("t", {"ID_AA64DFR0_EL1"});
  rule.conditions.push_back(std::move(condition));
  return rule;
}

const Case kLowerDebug = {{{kDfr0, 0x5408}}, {{kDfr0, 0x5406}}, kDfr0, RegisterOutcome::kWriteRefused};
const Case kHidden = {{{kTcr2, 0}}, {}, kTcr2, RegisterOutcome::kUnknown};

TEST(ToleranceSet, WithoutRulesARefusalRefuses) {
  const RestoreReport report = Apply({}, kHidden);
  EXPECT_EQ(report.verdict, Verdict::kRefused);
  EXPECT_EQ(report.findings[0].tolerance, "");
}

TEST(ToleranceSet, ARuleMakesARefusalAChangeAndLeavesTheOutcome) {
  const RestoreReport report = Apply({Rule("other", {"PIR_EL1"}), Rule("hidden", {"tcr2_el1"})}, kHidden);
  EXPECT_EQ(report.verdict, Verdict::kAcceptedWithChanges);
  EXPECT_EQ(report.findings[0].tolerance, "hidden");
  EXPECT_EQ(report.findings[0].reason, "a test");
  EXPECT_EQ(report.findings[0].outcome, RegisterOutcome::kUnknown);
}

TEST(ToleranceSet, TheFirstRuleThatCoversCounts) {
  EXPECT_EQ(Apply({Rule("b", {"TCR2_EL1"}), Rule("a", {"TCR2_EL1"})}, kHidden).findings[0].tolerance, "b");
}

TEST(ToleranceSet, RegistersAreNamedByIdAndPatternToo) {
  EXPECT_EQ(Apply({Rule("id", {"0x603000000013c103"})}, kHidden).verdict, Verdict::kAcceptedWithChanges);
  Tolerance pattern = Rule("pattern", {});
  pattern.id_patterns = {{0xfffffffffffffff8, 0x603000000013c100}};
  EXPECT_EQ(Apply({pattern}, kHidden).verdict, Verdict::kAcceptedWithChanges);
  pattern.id_patterns = {{0xffffffffffffffff, 0x603000000013c100}};
  EXPECT_EQ(Apply({pattern}, kHidden).verdict, Verdict::kRefused);
}

TEST(ToleranceSet, OutcomesThatRefuseNothingNeedToBeNamed) {
  const Case undetermined = {{{kDfr0, 8}}, {{kDfr0, 6}}, kDfr0, RegisterOutcome::kWriteUndetermined};
  Tolerance rule = Rule("t", {"ID_AA64DFR0_EL1"});
  EXPECT_EQ(Apply({rule}, undetermined).verdict, Verdict::kUndetermined);
  rule.outcomes = {RegisterOutcome::kWriteUndetermined};
  EXPECT_EQ(Apply({rule}, undetermined).verdict, Verdict::kAcceptedWithChanges);
  EXPECT_EQ(Apply({rule}, kLowerDebug).verdict, Verdict::kRefused) << "only the outcome that is named";
}

TEST(ToleranceSet, FieldsLimitWhereValuesMayDiffer) {
  Tolerance rule = Rule("t", {"ID_AA64DFR0_EL1"});
  rule.fields = {"DebugVer"};  // bits 3-0
  EXPECT_EQ(Apply({rule}, kLowerDebug).verdict, Verdict::kAcceptedWithChanges);
  const Case pmu_too = {{{kDfr0, 0x5508}}, {{kDfr0, 0x5406}}, kDfr0, RegisterOutcome::kWriteRefused};
  EXPECT_EQ(Apply({rule}, pmu_too).verdict, Verdict::kRefused);
  rule.fields.push_back("PMUVer");  // bits 11-8
  EXPECT_EQ(Apply({rule}, pmu_too).verdict, Verdict::kAcceptedWithChanges);
  const Case unknown = {{{kDfr0, 0x5408}}, {}, kDfr0, RegisterOutcome::kUnknown};
  EXPECT_EQ(Apply({rule}, unknown).verdict, Verdict::kRefused) << "there is nothing to compare";
}

TEST(ToleranceSet, ConditionsCompare) {
  struct {
    Comparison comparison;
    uint64_t value;
    bool holds;
  } kCases[] = {
      // The checkpoint's DebugVer is 8.
      {Comparison::kEqual, 8, true},    {Comparison::kEqual, 6, false},   {Comparison::kNotEqual, 8, false},
      {Comparison::kNotEqual, 9, true}, {Comparison::kAtMost, 8, true},   {Comparison::kAtMost, 7, false},
      {Comparison::kAtLeast, 8, true},  {Comparison::kAtLeast, 9, false},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(static_cast<int>(c.comparison) * 100 + static_cast<int>(c.value));
    const Tolerance rule = RuleIf({Side::kCheckpoint, "", "DebugVer", c.comparison, c.value, false});
    EXPECT_EQ(Apply({rule}, kLowerDebug).verdict, c.holds ? Verdict::kAcceptedWithChanges : Verdict::kRefused);
  }
}

TEST(ToleranceSet, SignedFieldsCompareByTheirSign) {
  // ID_AA64DFR0_EL1.PMUVer 0xf is IMPLEMENTATION DEFINED: less than 0. ID_AA64MMFR0_EL1.TGran4 0xf: not supported.
  const Case pmu = {{{kDfr0, 0xf06}}, {{kDfr0, 0x406}}, kDfr0, RegisterOutcome::kWriteRefused};
  EXPECT_EQ(Apply({RuleIf({Side::kCheckpoint, "", "PMUVer", Comparison::kAtMost, 0, false})}, pmu).verdict,
            Verdict::kAcceptedWithChanges);
  const Case granule = {
      {{kDfr0, 8}, {kMmfr0, 0xf0000000}}, {{kDfr0, 6}, {kMmfr0, 0}}, kDfr0, RegisterOutcome::kWriteRefused};
  const ToleranceCondition at_least{Side::kCheckpoint, "ID_AA64MMFR0_EL1", "TGran4", Comparison::kAtLeast, {}, false};
  EXPECT_EQ(Apply({RuleIf(at_least)}, granule).verdict, Verdict::kRefused) << "-1 is not at least 0";
}

TEST(ToleranceSet, ConditionsLookAtOtherRegistersAndSides) {
  Case c = {{{kDfr0, 8}, {kPmcr, 0x41023000}},
            {{kDfr0, 6}, {kPmcr, 0x3000}},
            kDfr0,
            RegisterOutcome::kWriteRefused,
            {{kDfr0, 6}, {kPmcr, 0x41013000}}};
  const auto idcode = [](Side side, uint64_t value) {
    return RuleIf({side, "PMCR_EL0", "IDCODE", Comparison::kEqual, value, false});
  };
  EXPECT_EQ(Apply({idcode(Side::kCheckpoint, 2)}, c).verdict, Verdict::kAcceptedWithChanges);
  EXPECT_EQ(Apply({idcode(Side::kTarget, 0)}, c).verdict, Verdict::kAcceptedWithChanges);
  EXPECT_EQ(Apply({idcode(Side::kTarget, 1)}, c).verdict, Verdict::kRefused);
  EXPECT_EQ(Apply({idcode(Side::kTargetReset, 1)}, c).verdict, Verdict::kAcceptedWithChanges);
  c.target.erase(kPmcr);
  c.target_reset.erase(kPmcr);
  EXPECT_EQ(Apply({idcode(Side::kTarget, 0)}, c).verdict, Verdict::kRefused) << "the target has no such register";
}

TEST(ToleranceSet, AMissingRegisterFailsAConditionUnlessItMayBeAbsent) {
  Tolerance rule = Rule("t", {"TCR2_EL1"});
  rule.conditions = {{Side::kCheckpoint, "ID_AA64MMFR3_EL1", "TCRX", Comparison::kEqual, 0, false}};
  EXPECT_EQ(Apply({rule}, kHidden).verdict, Verdict::kRefused);
  rule.conditions[0].or_absent = true;
  EXPECT_EQ(Apply({rule}, kHidden).verdict, Verdict::kAcceptedWithChanges);
  Case used = kHidden;
  used.checkpoint[kMmfr3] = 1;
  EXPECT_EQ(Apply({rule}, used).verdict, Verdict::kRefused);
  rule.conditions = {{Side::kCheckpoint, "ID_AA64MMFR3_EL1", "", Comparison::kAbsent, {}, false}};
  EXPECT_EQ(Apply({rule}, kHidden).verdict, Verdict::kAcceptedWithChanges);
  EXPECT_EQ(Apply({rule}, used).verdict, Verdict::kRefused);
}

TEST(ToleranceSet, WideRegistersAreCoveredButNotCompared) {
  const Case vector = {{{kV0, 1}}, {}, kV0, RegisterOutcome::kUnknown};
  Tolerance rule = Rule("t", {"V0"});
  EXPECT_EQ(Apply({rule}, vector).verdict, Verdict::kAcceptedWithChanges);
  rule.conditions = {{Side::kCheckpoint, "", "", Comparison::kEqual, 1, false}};
  EXPECT_EQ(Apply({rule}, vector).verdict, Verdict::kRefused);
}

TEST(ToleranceSet, RulesOfOtherAcceleratorsAreLeftOut) {
  Tolerance rule = Rule("t", {"TCR2_EL1"});
  rule.source = IdScheme::kTcg;
  EXPECT_EQ(Apply({rule}, kHidden, IdScheme::kKvm).verdict, Verdict::kRefused);
  EXPECT_EQ(Apply({rule}, kHidden, IdScheme::kTcg).verdict, Verdict::kAcceptedWithChanges);
}

TEST(ToleranceSet, SourceRegistersHaveTheSourcesNames) {
  // TCG's name of an AArch32 ID with bit 29; KVM calls it DACR_NS.
  Tolerance rule = Rule("t", {});
  rule.source_registers = {"DACR"};
  const Case c = {{{0x40200000200f1800, 1}}, {}, 0x40200000200f1800, RegisterOutcome::kUnknown};
  EXPECT_EQ(Apply({rule}, c, IdScheme::kTcg).verdict, Verdict::kAcceptedWithChanges);
  EXPECT_EQ(Apply({rule}, c, IdScheme::kKvm).verdict, Verdict::kRefused);
}

TEST(ToleranceSet, BetweenAcceleratorsWhatOnlyTheTargetHasNeedsARule) {
  const Case kept = {{}, {{kTcr2, 0}}, kTcr2, RegisterOutcome::kNotInCheckpoint};
  EXPECT_EQ(Apply({}, kept, IdScheme::kKvm).verdict, Verdict::kAcceptedWithChanges);
  const RestoreReport without = Apply({}, kept, IdScheme::kTcg);
  EXPECT_EQ(without.verdict, Verdict::kRefused);
  EXPECT_NE(without.findings[0].reason.find("no rule"), std::string::npos);
  Tolerance rule = Rule("kept", {"TCR2_EL1"});
  rule.outcomes = {RegisterOutcome::kNotInCheckpoint};
  const RestoreReport with = Apply({rule}, kept, IdScheme::kTcg);
  EXPECT_EQ(with.verdict, Verdict::kAcceptedWithChanges);
  EXPECT_EQ(with.findings[0].tolerance, "kept");
}

TEST(ToleranceSet, MalformedRulesAreNamed) {
  const std::string long_name(64, 'a');
  struct {
    const char* name;
    std::function<void(Tolerance&)> change;
    const char* key;
    std::string value;
  } kCases[] = {
      {"no name", [](Tolerance& t) { t.name = ""; }, "tolerance", ""},
      {"capitals in the name", [](Tolerance& t) { t.name = "Hidden"; }, "tolerance", "Hidden"},
      {"a long name", [&](Tolerance& t) { t.name = long_name; }, "tolerance", long_name.substr(0, 63)},
      {"a name with a control character", [](Tolerance& t) { t.name = "a\n"; }, "tolerance", "a\\n"},
      {"no reason", [](Tolerance& t) { t.reason = ""; }, "tolerance", "t"},
      {"two lines of reason", [](Tolerance& t) { t.reason = "a\nb"; }, "tolerance", "t"},
      {"no register", [](Tolerance& t) { t.registers.clear(); }, "tolerance", "t"},
      {"an unknown register", [](Tolerance& t) { t.registers = {"TCR3_EL1"}; }, "register", "TCR3_EL1"},
      {"an unknown field", [](Tolerance& t) { t.fields = {"DebugVersion"}; }, "field", "DebugVersion"},
      {"a pattern that matches nothing",
       [](Tolerance& t) {
         t.id_patterns = {{0xf0, 0xff}};
       },
       "tolerance", "t"},
      {"an unknown register in a condition",
       [](Tolerance& t) {
         t.conditions = {{Side::kCheckpoint, "XYZ", "", Comparison::kEqual, 0, false}};
       },
       "register", "XYZ"},
      {"a vector register in a condition",
       [](Tolerance& t) {
         t.conditions = {{Side::kCheckpoint, "V0", "", Comparison::kEqual, 0, false}};
       },
       "register", "V0"},
      {"an unknown field in a condition",
       [](Tolerance& t) {
         t.conditions = {{Side::kCheckpoint, "", "TCRX", Comparison::kEqual, 0, false}};
       },
       "field", "TCRX"},
      {"a value that the field cannot hold",
       [](Tolerance& t) {
         t.conditions = {{Side::kCheckpoint, "", "DebugVer", Comparison::kEqual, 16, false}};
       },
       "field", "DebugVer"},
      {"the target compared with itself",
       [](Tolerance& t) {
         t.conditions = {{Side::kTarget, "", "DebugVer", Comparison::kEqual, {}, false}};
       },
       "tolerance", "t"},
  };
  for (const auto& c : kCases) {
    Tolerance rule = Rule("t", {"ID_AA64DFR0_EL1"});
    c.change(rule);
    const absl::Status status = CheckTolerances({rule});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.name;
    const absl::optional<ErrorInfo> info = GetErrorInfo(status);
    ASSERT_TRUE(info.has_value()) << c.name;
    EXPECT_EQ(info->reason, ErrorReason::kToleranceMalformed) << c.name;
    ASSERT_EQ(info->metadata.count(c.key), 1u) << c.name << ": " << status;
    EXPECT_EQ(info->metadata.at(c.key), c.value) << c.name;
  }
  EXPECT_FALSE(CheckTolerances({Rule("t", {"TCR2_EL1"}), Rule("t", {"PIR_EL1"})}).ok()) << "two of one name";
  EXPECT_FALSE(CheckTolerances(std::vector<Tolerance>(513, Rule("t", {"TCR2_EL1"}))).ok()) << "too many";
}

// TIMER_CNT is KVM's name, so a rule for any target cannot have it.
TEST(ToleranceSet, NamesMustHoldForEveryAcceleratorThatARuleIsFor) {
  Tolerance rule = Rule("t", {"TIMER_CNT"});
  EXPECT_FALSE(CheckTolerances({rule}).ok());
  rule.target = IdScheme::kKvm;
  EXPECT_TRUE(CheckTolerances({rule}).ok());
}

}  // namespace
}  // namespace armstate
