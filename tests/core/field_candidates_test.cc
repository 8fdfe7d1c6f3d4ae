#include "core/field_candidates.h"

#include <gtest/gtest.h>

#include <vector>

namespace armstate {
namespace {

using Values = std::vector<uint64_t>;

FieldDefinition Field(SafeRule rule) {
  FieldDefinition field{"F", 4, 4};
  field.rule = rule;
  return field;
}

TEST(FieldCandidates, LowerIsSafe) {
  EXPECT_EQ(FieldCandidates(Field(SafeRule::kLower), {3, 2, 5}), (Values{2, 1, 0}));
  EXPECT_EQ(FieldCandidates(Field(SafeRule::kLower), {0, 1}), Values{0});
}

// ID_AA64PFR0_EL1.FP: 0xf is "not implemented", below 0.
TEST(FieldCandidates, LowerBySign) {
  FieldDefinition field = Field(SafeRule::kLower);
  field.is_signed = true;
  EXPECT_EQ(FieldCandidates(field, {0, 0xf, 1}), (Values{0xf, 0xe, 0xd, 0xc, 0xb, 0xa, 9, 8}));
  EXPECT_EQ(FieldCandidates(field, {0, 1}), (Values{0, 0xf, 0xe, 0xd, 0xc, 0xb, 0xa, 9, 8}));
}

TEST(FieldCandidates, HigherIsSafe) {
  EXPECT_EQ(FieldCandidates(Field(SafeRule::kHigher), {12, 3}), (Values{12, 13, 14, 15}));
}

TEST(FieldCandidates, HigherOrZeroIsSafe) {
  EXPECT_EQ(FieldCandidates(Field(SafeRule::kHigherOrZero), {4, 0}), Values{0});
  EXPECT_EQ(FieldCandidates(Field(SafeRule::kHigherOrZero), {4, 13}), (Values{13, 14, 15, 0}));
}

TEST(FieldCandidates, TheSafeValueThenTheHosts) {
  FieldDefinition field = Field(SafeRule::kExact);
  field.safe_value = 6;
  EXPECT_EQ(FieldCandidates(field, {9, 8}), (Values{6, 8, 9}));
  EXPECT_EQ(FieldCandidates(field, {9, 6}), (Values{6, 9}));
}

TEST(FieldCandidates, WithoutARuleOnlyTheHosts) {
  EXPECT_EQ(FieldCandidates(Field(SafeRule::kNone), {9, 3, 9}), (Values{3, 9}));
}

}  // namespace
}  // namespace armstate
