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

// Arm ARM: TTBR0_EL1 is S3_0_C2_C0_0, ID_AA64MMFR0_EL1 S3_0_C0_C7_0, ZCR_EL1 S3_0_C1_C2_0, CNTFRQ_EL0 S3_3_C14_C0_0.
constexpr uint64_t kTtbr0 = 0x603000000013c100;
constexpr uint64_t kMmfr0 = 0x603000000013c038;
constexpr uint64_t kZcr = 0x603000000013c090;
constexpr uint64_t kFrequency = 0x603000000013df00;

TEST(AdviceSet, SentencesSayWhatValuesMean) {
  RegisterListBuilder builder;
  for (const auto& [id, value] : Values{{kMmfr0, 4}, {kTtbr0, 0x5a0000c300004001}, {kZcr, 3}})
    builder.Add(Id(id), value);
  std::string lengths(64, '\0');
  lengths[0] = 0x0b;  // 1, 2 and 4 quadwords
  builder.AddBytes(Id(0x606000000015ffff), lengths);
  const RegisterList list = *std::move(builder).Build();
  const AdviceRule rule =
      Rule(AdviceKind::kConsequence, "x",
           "{bits:ID_AA64MMFR0_EL1.PARange} {meaning:ID_AA64MMFR0_EL1.PARange} {bits:ZCR_EL1.LEN} "
           "{bits:TTBR0_EL1.BADDR} {bits:SVE_VLS} {lengths:target:SVE_VLS} {meaning:TTBR0_EL1.CnP}");
  EXPECT_EQ(Apply({rule}, {{0, {list, list, list.values()}, {}}})[0].sentence,
            "44 44 bits 512 40 512 128, 256 and 512 1");
}

TEST(AdviceSet, TicksAreTimeByTheGuestsFrequency) {
  const struct {
    uint64_t frequency, ticks;
    const char* text;
  } kCases[] = {
      {1'000'000'000, 800'000'000, "0.8 s"},
      {25'000'000, 270'000'000'000, "3 h"},
      {62'500'000, 62'500, "1 ms"},
      {62'500'000, 62'499, "less than 1 ms"},
      {62'500'000, 0, "0 s"},
      {1'000'000'000, 90'000'000'000, "90 s"},
      {1'000'000, 300'000'000'000, "3.5 days"},
      // None that a counter has.
      {1, 1000, "1000 ticks (less than 1 ms at 1 GHz, less than 1 ms at 25 MHz)"},
      {uint64_t{1} << 32, 50'000'000, "50000000 ticks (50 ms at 1 GHz, 2 s at 25 MHz)"},
  };
  const AdviceRule rule = Rule(AdviceKind::kConsequence, "x",
                               "{duration:SCTLR_EL1-TCR_EL1} {duration:TCR_EL1-SCTLR_EL1} {duration:TTBR0_EL1}");
  for (const auto& c : kCases) {
    const RegisterList list = List({{kSctlr, 7 + c.ticks}, {kTtbr0, c.ticks}, {kTcr, 7}, {kFrequency, c.frequency}});
    const std::string minus = c.ticks == 0 ? "" : "-";
    EXPECT_EQ(Apply({rule}, {{0, {list, list, list.values()}, {}}})[0].sentence,
              c.text + (" " + minus) + c.text + " " + c.text);
  }
}

TEST(AdviceSet, FrequenciesHaveTheirUnit) {
  const AdviceRule rule = Rule(AdviceKind::kConsequence, "x", "{frequency:TCR_EL1}");
  for (const auto& [hertz, text] : std::vector<std::pair<uint64_t, const char*>>{{62'500'000, "62.5 MHz"},
                                                                                 {24'000'000, "24 MHz"},
                                                                                 {19'200'000, "19.2 MHz"},
                                                                                 {1'000'000'000, "1 GHz"},
                                                                                 {32'768, "32768 Hz"},
                                                                                 {0, "0 Hz"}}) {
    const RegisterList list = List({{kTcr, hertz}});
    EXPECT_EQ(Apply({rule}, {{0, {list, list, list.values()}, {}}})[0].sentence, text);
  }
}

TEST(AdviceSet, VcpusWithOtherValuesShareASentence) {
  std::vector<RegisterList> lists;
  for (const uint64_t value : {16, 3, 9, 3}) lists.push_back(List({{kTcr, value}}));
  std::vector<AdvisedVcpu> vcpus;
  for (const RegisterList& list : lists)
    vcpus.push_back({static_cast<int>(vcpus.size()), {list, list, list.values()}, {}});
  const AdviceRule rule = Rule(AdviceKind::kConsequence, "x", "TCR_EL1 is {TCR_EL1}");
  EXPECT_EQ(Apply({rule}, vcpus)[0].sentence, "TCR_EL1 is 0x3 to 0x10");
  vcpus.pop_back();
  vcpus.pop_back();
  EXPECT_EQ(Apply({rule}, vcpus)[0].sentence, "TCR_EL1 is 0x3 or 0x10");
  // A double cannot tell these addresses apart.
  lists = {List({{kTcr, 0xffff800010801400}}), List({{kTcr, 0xffff800010801000}})};
  EXPECT_EQ(Apply({rule}, vcpus)[0].sentence, "TCR_EL1 is 0xffff800010801000 or 0xffff800010801400");
}

// PARange 2 is 40 bits: a table below 1 TiB lies within them, one at 1 TiB does not.
TEST(AdviceSet, ConditionsCompareBits) {
  const RegisterList target = List({{kMmfr0, 2}});
  AdviceRule rule = Rule(AdviceKind::kConsequence, "x", "beyond");
  ToleranceCondition condition;
  condition.register_name = "TTBR0_EL1";
  condition.field = "BADDR";
  condition.in_bits = true;
  condition.other = ToleranceReference{RestoreSide::kTarget, "ID_AA64MMFR0_EL1", "PARange"};
  condition.comparison = ToleranceCondition::Comparison::kAtLeast;
  rule.conditions = {condition};
  condition.comparison = ToleranceCondition::Comparison::kNotEqual;
  rule.conditions.push_back(condition);
  // The ASID, which is 0xffff, is no part of the address.
  for (const auto& [address, beyond] : {std::make_pair(0xfffffff000, false), std::make_pair(0x10000000000, true)}) {
    const RegisterList list = List({{kTtbr0, 0xffff000000000001 | static_cast<uint64_t>(address)}});
    EXPECT_EQ(Apply({rule}, {{0, {list, target, target.values()}, {}}}).size(), beyond ? 1u : 0u) << address;
  }
}

TEST(AdviceSet, StopsBetweenRules) {
  const std::vector<AdviceRule> rules = {Rule(AdviceKind::kCheckpoint, "a", "."),
                                         Rule(AdviceKind::kCheckpoint, "b", ".")};
  const AdviceSet set = *AdviceSet::Create(rules, IdScheme::kKvm, IdScheme::kKvm);
  const RegisterList list = List({{kTcr, 0}});
  const std::vector<CapturedVcpu> vcpus = {{0, list}};
  int asked = 0;
  const auto stop = [&] { return ++asked < 2 ? absl::OkStatus() : absl::CancelledError("the caller went away"); };
  EXPECT_EQ(set.ApplyToCheckpoint(vcpus, stop).status(), absl::CancelledError("the caller went away"));
  EXPECT_EQ(set.ApplyToCheckpoint(vcpus, NeverStop)->size(), 2u);
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
      {[](AdviceRule& r) {
         for (int i = 0; i < 17; ++i) r.action += "{TCR_EL1}";
       },
       "there are more than 16 placeholders"},
      {[](AdviceRule& r) { r.action = "{V0}"; }, "only registers of at most 64 bits"},
      {[](AdviceRule& r) { r.action = "{meaning:TCR_EL1}"; }, "{meaning:TCR_EL1}: meaning: is for a field"},
      {[](AdviceRule& r) { r.action = "{lengths:TCR_EL1}"; }, "lengths: for SVE_VLS"},
      {[](AdviceRule& r) { r.action = "{duration:TCR_EL1/TCR_EL1}"; }, "duration: for one of these or a difference"},
      {[](AdviceRule& r) { r.action = "{frequency:TCR_EL1-TCR_EL1}"; }, "{frequency:TCR_EL1-TCR_EL1}: "},
      {[](AdviceRule& r) { r.action = "{bits:TCR_EL1-TCR_EL1}"; }, "{bits:TCR_EL1-TCR_EL1}: "},
      {[](AdviceRule& r) { r.vcpus = VcpuRelation::kEqual; }, "a cause speaks of vCPUs that differ"},
      {[](AdviceRule& r) { r.kind = AdviceKind::kConsequence, r.vcpus = VcpuRelation::kDiffer; },
       "a consequence does not compare vCPUs"},
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
