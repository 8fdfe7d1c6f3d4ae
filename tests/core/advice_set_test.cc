#include "core/advice_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using VcpuRelation = AdviceRule::VcpuRelation;

// Arm ARM: SCTLR_EL1 is S3_0_C1_C0_0, TCR_EL1 S3_0_C2_C0_2, APIAKeyLo_EL1 S3_0_C2_C1_0, APIAKeyHi_EL1 S3_0_C2_C1_1.
constexpr uint64_t kSctlr = 0x603000000013c080;
constexpr uint64_t kTcr = 0x603000000013c102;
constexpr uint64_t kKeyLo = 0x603000000013c108;
constexpr uint64_t kKeyHi = 0x603000000013c109;

using Values = std::vector<std::pair<uint64_t, uint64_t>>;

RegisterId Id(uint64_t raw) { return *RegisterId::Create(raw); }

RegisterList List(const Values& values) {
  RegisterListBuilder builder;
  for (const auto& [id, value] : values) builder.Add(Id(id), value);
  return *std::move(builder).Build();
}

std::vector<RegisterFinding> Findings(const std::vector<std::pair<uint64_t, RegisterOutcome>>& outcomes) {
  std::vector<RegisterFinding> findings;
  for (const auto& [id, outcome] : outcomes) findings.push_back({Id(id), outcome, std::string(8, '\1'), "", "", ""});
  return findings;
}

AdviceRule Rule(AdviceKind kind, const std::string& name, const std::string& sentence) {
  AdviceRule rule;
  rule.kind = kind;
  rule.name = name;
  rule.sentence = sentence;
  return rule;
}

AdviceRule Keys(const std::string& name, size_t min_findings) {
  AdviceRule rule = Rule(AdviceKind::kCause, name, "EnIA is {SCTLR_EL1.EnIA}");
  rule.registers = {"APIAKeyLo_EL1", "APIAKeyHi_EL1"};
  rule.min_findings = min_findings;
  return rule;
}

std::vector<Advice> Apply(const std::vector<AdviceRule>& rules, const std::vector<AdvisedVcpu>& vcpus) {
  const absl::StatusOr<AdviceSet> set = AdviceSet::Create(rules, IdScheme::kKvm, IdScheme::kKvm);
  EXPECT_TRUE(set.ok()) << set.status();
  return set->Apply(vcpus);
}

TEST(AdviceSet, AFindingHasOneCause) {
  const RegisterList list = List({{kSctlr, 1u << 31}});
  const auto two = Findings({{kKeyLo, RegisterOutcome::kUnknown}, {kKeyHi, RegisterOutcome::kUnknown}});
  const auto one = Findings({{kKeyHi, RegisterOutcome::kUnknown}});
  const RestoreSides sides{list, list, list.values()};
  const std::vector<Advice> advice = Apply({Keys("two", 2), Keys("one", 1)}, {{0, sides, two}, {1, sides, one}});
  ASSERT_EQ(advice.size(), 2u);
  EXPECT_EQ(advice[0].name, "two");
  EXPECT_EQ(advice[0].sentence, "EnIA is 1");
  EXPECT_THAT(advice[0].vcpus, ElementsAre(0));
  EXPECT_THAT(advice[0].registers, ElementsAre(Id(kKeyLo), Id(kKeyHi)));
  EXPECT_EQ(advice[1].name, "one");
  EXPECT_THAT(advice[1].vcpus, ElementsAre(1));
  EXPECT_THAT(advice[1].registers, ElementsAre(Id(kKeyHi)));
}

TEST(AdviceSet, ACauseIsOfWhatRefusesAndAConsequenceOfWhatDoesNot) {
  const RegisterList list = List({{kSctlr, 0}});
  const RestoreSides sides{list, list, list.values()};
  std::vector<RegisterFinding> findings = Findings({{kKeyLo, RegisterOutcome::kUnknown}});
  AdviceRule after = Keys("after", 1);
  after.kind = AdviceKind::kConsequence;
  EXPECT_EQ(Apply({after, Keys("cause", 1)}, {{0, sides, findings}})[0].name, "cause");
  findings[0].tolerance = "any";
  const std::vector<Advice> advice = Apply({after, Keys("cause", 1)}, {{0, sides, findings}});
  ASSERT_EQ(advice.size(), 1u);
  EXPECT_EQ(advice[0].name, "after");
}

TEST(AdviceSet, ComparesVcpusWithEachOther) {
  const RegisterList a = List({{kTcr, 1}}), b = List({{kTcr, 2}});
  const std::vector<AdvisedVcpu> vcpus = {
      {0, {a, a, a.values()}, {}}, {1, {b, a, a.values()}, {}}, {2, {a, a, a.values()}, {}}};
  AdviceRule rule = Rule(AdviceKind::kCheckpoint, "differ", "{TCR_EL1}");
  rule.registers = {"TCR_EL1"};
  rule.vcpus = VcpuRelation::kDiffer;
  EXPECT_THAT(Apply({rule}, vcpus)[0].vcpus, ElementsAre(1));
  EXPECT_EQ(Apply({rule}, vcpus)[0].sentence, "0x2");
  rule.vcpus = VcpuRelation::kEqual;
  EXPECT_THAT(Apply({rule}, vcpus)[0].vcpus, ElementsAre(0, 2));
  // T0SZ differs, T1SZ does not.
  rule.fields = {"T1SZ"};
  EXPECT_THAT(Apply({rule}, vcpus)[0].vcpus, ElementsAre(0, 1, 2));
}

TEST(AdviceSet, SentencesComputeRatiosAndDifferences) {
  const RegisterList list = List({{kSctlr, 10}, {kTcr, 4}}), reset = List({{kSctlr, 0}, {kTcr, 5}});
  const RestoreSides sides{list, reset, list.values()};
  AdviceRule rule = Rule(AdviceKind::kConsequence, "x",
                         "{SCTLR_EL1/TCR_EL1} {SCTLR_EL1-TCR_EL1} {reset:SCTLR_EL1-target:TCR_EL1} {MIDR_EL1} "
                         "{SCTLR_EL1/reset:SCTLR_EL1}.");
  EXPECT_EQ(Apply({rule}, {{0, sides, {}}})[0].sentence, "2.5 6 -4 absent infinitely.");
  // TCR_EL1 of the checkpoint is below the target's after reset.
  ToleranceCondition condition;
  condition.register_name = "TCR_EL1";
  condition.comparison = ToleranceCondition::Comparison::kAtLeast;
  condition.other = ToleranceReference{RestoreSide::kTargetReset, "TCR_EL1", ""};
  rule.conditions = {condition};
  EXPECT_TRUE(Apply({rule}, {{0, sides, {}}}).empty());
  rule.conditions[0].comparison = ToleranceCondition::Comparison::kAtMost;
  EXPECT_EQ(Apply({rule}, {{0, sides, {}}}).size(), 1u);
}

TEST(AdviceSet, WhatIsWrongIsNamed) {
  struct {
    std::function<void(AdviceRule&)> change;
    const char* message;
  } kCases[] = {
      {[](AdviceRule& r) { r.name = "Keys"; }, "advice \"Keys\": its name is not of the form"},
      {[](AdviceRule& r) { r.sentence = ""; }, "it needs a sentence"},
      {[](AdviceRule& r) { r.action = "two\nlines"; }, "one line"},
      {[](AdviceRule& r) { r.registers = {"MIDR_EL9"}; }, "MIDR_EL9"},
      {[](AdviceRule& r) { r.registers.clear(); }, "a cause names registers or has a pattern"},
      {[](AdviceRule& r) { r.fields = {"Nothing"}; }, "field Nothing: no register of this rule has it"},
      {[](AdviceRule& r) {
         r.id_patterns = {{1, 2}};
       },
       "bits that its mask lacks"},
      {[](AdviceRule& r) { r.sentence = "{SCTLR_EL1.Nothing}"; }, "field Nothing: SCTLR_EL1 lacks it"},
      {[](AdviceRule& r) { r.sentence = "{SCTLR_EL1"; }, "a brace is unpaired before \"{SCTLR_EL1\""},
      {[](AdviceRule& r) { r.sentence = "{a{b}}"; }, "a brace is unpaired"},
      {[](AdviceRule& r) { r.action = "{V0}"; }, "only registers of at most 64 bits"},
      {[](AdviceRule& r) { r.vcpus = VcpuRelation::kEqual; }, "only rules of checkpoints compare vCPUs"},
      {[](AdviceRule& r) { r.kind = AdviceKind::kCheckpoint; }, "a rule of checkpoints has no findings"},
      {[](AdviceRule& r) { r.registers.assign(1025, "TCR_EL1"); }, "more than 1024 registers"},
  };
  for (const auto& c : kCases) {
    AdviceRule rule = Keys("keys", 1);
    c.change(rule);
    const absl::Status status = CheckAdvice({rule});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
  }
  EXPECT_THAT(std::string(CheckAdvice({Keys("keys", 1), Keys("keys", 1)}).message()),
              HasSubstr("there are two of this name"));
}

}  // namespace
}  // namespace armstate
