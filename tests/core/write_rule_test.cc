#include "core/write_rule.h"

#include <gtest/gtest.h>

#include <string>

#include "core/port_errors.h"

namespace armstate {
namespace {

// "0x3" (stored), "EINVAL" (refused) or "?" (undetermined).
std::string Answer(const WriteRule& rule, uint64_t wanted, uint64_t reset) {
  const absl::StatusOr<uint64_t> accepted = rule.Accept(wanted, reset);
  if (IsUndetermined(accepted.status())) return "?";
  if (!accepted.ok()) return std::string(accepted.status().message());
  return std::to_string(*accepted);
}

TEST(WriteRuleTest, RefusedBitsMayNotDifferFromReset) {
  WriteRule rule;
  rule.refused = {{0xf0, "EINVAL"}, {0xf00, "EPERM"}};
  EXPECT_EQ(Answer(rule, 0x23, 0x20), "35");
  EXPECT_EQ(Answer(rule, 0x30, 0x20), "EINVAL");
  EXPECT_EQ(Answer(rule, 0x120, 0x20), "EPERM");
}

TEST(WriteRuleTest, FieldsDecideOnTheirOwn) {
  WriteRule rule;
  rule.error = "EINVAL";
  // ID_DFR0_EL1 of a Neoverse N1 on Linux 6.12: values 0-4 of PerfMon, and 15, which reads back as 0.
  rule.fields.push_back({0, 4, 0x000f, 0x7ff0, {{15, 0}}});
  rule.fields.push_back({4, 4, 0x0003, 0xfffc, {}});
  EXPECT_EQ(Answer(rule, 0x13, 0x12), "19");
  EXPECT_EQ(Answer(rule, 0x02, 0x12), "2");
  EXPECT_EQ(Answer(rule, 0x14, 0x12), "EINVAL");
  EXPECT_EQ(Answer(rule, 0x22, 0x12), "EINVAL");
  EXPECT_EQ(Answer(rule, 0x1f, 0x12), "16");
}

TEST(WriteRuleTest, ResetValueOfAFieldIsAcceptedWhateverItsBitmapSays) {
  WriteRule rule;
  rule.error = "EINVAL";
  rule.fields.push_back({0, 4, 0, 0xffff, {}});
  EXPECT_EQ(Answer(rule, 0x5, 0x5), "5");
  EXPECT_EQ(Answer(rule, 0x4, 0x5), "EINVAL");
}

TEST(WriteRuleTest, WhatNobodyTriedIsUndetermined) {
  WriteRule rule;
  rule.error = "EINVAL";
  rule.fields.push_back({0, 4, 0x0003, 0x0004, {}});
  rule.undetermined = 0x100;
  EXPECT_EQ(Answer(rule, 0x3, 0x0), "?");
  EXPECT_EQ(Answer(rule, 0x100, 0x0), "?");
  EXPECT_EQ(Answer(rule, 0x101, 0x101), "257");
}

TEST(WriteRuleTest, RefusalOutweighsWhatIsNotKnown) {
  WriteRule rule;
  rule.error = "EINVAL";
  rule.fields.push_back({0, 4, 0x0001, 0x0000, {}});
  rule.fields.push_back({4, 4, 0x0001, 0xfffe, {}});
  EXPECT_EQ(Answer(rule, 0x05, 0), "?");
  EXPECT_EQ(Answer(rule, 0x15, 0), "EINVAL");
}

// SMCCC_WORKAROUND_2 of a Cortex-A53 on Linux 6.12: any level up to its own is accepted and ignored.
TEST(WriteRuleTest, ValuesAreLookedUpAsAWhole) {
  WriteRule rule;
  rule.values = {{0, "", 3}, {3, "", 3}, {0x12, "", 3}, {0x13, "EINVAL", 0}};
  rule.refused = {{~uint64_t{0x1f}, "EINVAL"}};
  EXPECT_EQ(Answer(rule, 0, 3), "3");
  EXPECT_EQ(Answer(rule, 0x12, 3), "3");
  EXPECT_EQ(Answer(rule, 0x13, 3), "EINVAL");
  EXPECT_EQ(Answer(rule, 0x23, 3), "EINVAL");
  EXPECT_EQ(Answer(rule, 0x16, 3), "?");
}

TEST(WriteRuleTest, MasksThatMayNotBeZero) {
  WriteRule rule;
  rule.error = "EINVAL";
  rule.refused_if_zero = {0x0700'0000};
  EXPECT_EQ(Answer(rule, 0x0100'0000, 0x0200'0000), "16777216");
  EXPECT_EQ(Answer(rule, 0x0000'0001, 0x0200'0000), "EINVAL");
}

TEST(WriteRuleTest, OnlyARefusalHasAnErrno) {
  EXPECT_EQ(RefusedErrorName(RefusedError("EBUSY")), "EBUSY");
  EXPECT_EQ(RefusedErrorName(absl::InvalidArgumentError("EBUSY")), "");
  EXPECT_EQ(RefusedErrorName(UndeterminedError("never tried")), "");
  EXPECT_EQ(RefusedErrorName(absl::OkStatus()), "");
}

}  // namespace
}  // namespace armstate
