#include "proto/tolerance_conversion.h"

#include <string>

#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ToleranceConversion, ParsesText) {
  const absl::StatusOr<std::vector<Tolerance>> parsed = ParseTolerancesText(
      "# a comment\n"
      "tolerances {\n"
      "  name: 'idcode'\n"
      "  reason: 'MIDR_EL1 says the same'\n"
      "  registers: 'PMCR_EL0'\n"
      "  source_registers: 'PMCR_EL0'\n"
      "  id_patterns { mask: 0xff00 value: 0x100 }\n"
      "  fields: ['IMP', 'IDCODE']\n"
      "  outcomes: [REGISTER_OUTCOME_IGNORED, REGISTER_OUTCOME_NOT_IN_CHECKPOINT]\n"
      "  source: ACCELERATOR_TCG\n"
      "  target: ACCELERATOR_KVM\n"
      "  conditions { register_name: 'MIDR_EL1' field: 'PartNum' comparison: COMPARISON_AT_MOST value: 0xd08 "
      "or_absent: true }\n"
      "  conditions { comparison: COMPARISON_NOT_EQUAL target: true }\n"
      "  conditions { comparison: COMPARISON_ABSENT side: SIDE_TARGET_RESET register_name: 'HCR_EL2' }\n"
      "}\n");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ASSERT_EQ(parsed->size(), 1u);
  const Tolerance& t = (*parsed)[0];
  EXPECT_EQ(t.name, "idcode");
  EXPECT_EQ(t.reason, "MIDR_EL1 says the same");
  EXPECT_THAT(t.registers, ElementsAre("PMCR_EL0"));
  EXPECT_THAT(t.source_registers, ElementsAre("PMCR_EL0"));
  ASSERT_EQ(t.id_patterns.size(), 1u);
  EXPECT_EQ(t.id_patterns[0].mask, 0xff00u);
  EXPECT_EQ(t.id_patterns[0].value, 0x100u);
  EXPECT_THAT(t.fields, ElementsAre("IMP", "IDCODE"));
  EXPECT_THAT(t.outcomes, ElementsAre(RegisterOutcome::kIgnored, RegisterOutcome::kNotInCheckpoint));
  EXPECT_EQ(t.source, IdScheme::kTcg);
  EXPECT_EQ(t.target, IdScheme::kKvm);
  ASSERT_EQ(t.conditions.size(), 3u);
  EXPECT_EQ(t.conditions[0].register_name, "MIDR_EL1");
  EXPECT_EQ(t.conditions[0].field, "PartNum");
  EXPECT_EQ(t.conditions[0].comparison, ToleranceCondition::Comparison::kAtMost);
  EXPECT_EQ(t.conditions[0].value, 0xd08u);
  EXPECT_TRUE(t.conditions[0].or_absent);
  EXPECT_EQ(t.conditions[1].comparison, ToleranceCondition::Comparison::kNotEqual);
  EXPECT_FALSE(t.conditions[1].value.has_value());
  EXPECT_EQ(t.conditions[2].comparison, ToleranceCondition::Comparison::kAbsent);
  EXPECT_EQ(t.conditions[2].side, ToleranceCondition::Side::kTargetReset);
}

TEST(ToleranceConversion, NoTolerancesAreAList) {
  const absl::StatusOr<std::vector<Tolerance>> parsed = ParseTolerancesText("");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_TRUE(parsed->empty());
}

// The first two lines of the rules below; the third is the case's.
constexpr char kHead[] = "tolerances { name: 'first' reason: 'r' registers: 'TCR2_EL1' }\ntolerances {\n";

TEST(ToleranceConversion, ErrorsNameTheLineAndTheRule) {
  struct {
    const char* name;
    std::string text;
    const char* line;
    const char* says;
  } kCases[] = {
      {"no such field", "tolerances {\n  nam: 'a' }", "2", "nam"},
      {"not closed", "tolerances {\n", "2", "Expected"},
      {"an outcome that is none", std::string(kHead) + "name: 'x' reason: 'r' registers: 'V0' outcomes: LOST }", "3",
       "LOST"},
      {"the outcome that stands for none",
       std::string(kHead) + "name: 'x' reason: 'r' registers: 'V0' outcomes: REGISTER_OUTCOME_UNSPECIFIED }", "2",
       "REGISTER_OUTCOME_UNSPECIFIED"},
      {"an engine as source", std::string(kHead) + "name: 'x' reason: 'r' registers: 'V0' source: ACCELERATOR_ENGINE }",
       "2", "TCG or KVM"},
      {"no comparison", std::string(kHead) + "name: 'x' reason: 'r' registers: 'V0' conditions { value: 1 } }", "2",
       "no comparison"},
      {"nothing to compare with",
       std::string(kHead) + "name: 'x' reason: 'r' registers: 'V0' conditions { comparison: COMPARISON_EQUAL } }", "2",
       "neither"},
      {"target false",
       std::string(kHead) +
           "name: 'x' reason: 'r' registers: 'V0' conditions { comparison: COMPARISON_EQUAL target: false } }",
       "2", "can only be true"},
      {"a name that is there twice", std::string(kHead) + "name: 'first' reason: 'r' registers: 'V0' }", "2", "two"},
      {"an unknown register", std::string(kHead) + "name: 'x' reason: 'r' registers: 'TCR9_EL1' }", "2", "TCR9_EL1"},
  };
  for (const auto& c : kCases) {
    const absl::Status status = ParseTolerancesText(c.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.name;
    const absl::optional<ErrorInfo> info = GetErrorInfo(status);
    ASSERT_TRUE(info.has_value()) << c.name;
    EXPECT_EQ(info->reason, ErrorReason::kToleranceMalformed) << c.name;
    ASSERT_EQ(info->metadata.count("line"), 1u) << c.name << ": " << status;
    EXPECT_EQ(info->metadata.at("line"), c.line) << c.name << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.says)) << c.name;
  }
}

TEST(ToleranceConversion, DeepNestingIsRefused) {
  std::string text = "tolerances ";
  for (int i = 0; i < 100000; ++i) text += "{ conditions ";
  EXPECT_FALSE(ParseTolerancesText(text).ok());
}

}  // namespace
}  // namespace armstate
