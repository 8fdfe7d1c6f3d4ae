#include "core/vcpu_feature.h"

#include <string>
#include <vector>

#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Numbers: Linux, arch/arm64/include/uapi/asm/kvm.h.
TEST(VcpuFeatureTest, EveryNameHasKvmsBit) {
  const struct {
    const char* name;
    int bit;
  } kCases[] = {{"power_off", 0},    {"el1_32bit", 1},       {"psci_0_2", 2},        {"pmu_v3", 3},
                {"sve", 4},          {"ptrauth_address", 5}, {"ptrauth_generic", 6}, {"has_el2", 7},
                {"has_el2_e2h0", 8}, {"feature_20", 20}};
  for (const auto& test_case : kCases) {
    EXPECT_EQ(VcpuFeatureBit(test_case.name), absl::make_optional(test_case.bit)) << test_case.name;
    EXPECT_EQ(VcpuFeatureName(test_case.bit), test_case.name);
  }
}

TEST(VcpuFeatureTest, WhatIsNoBitHasNone) {
  for (const char* name : {"", "mte", "writable_implementation_id", "SVE", "feature_", "feature_3", "feature_32",
                           "feature_-1", "feature_020", "pmu_v3 "}) {
    EXPECT_EQ(VcpuFeatureBit(name), absl::nullopt) << name;
  }
}

// The names and the number that recorded KVM hosts gave for their class "full_mte".
TEST(VcpuFeatureTest, NamesOfARecordedFeatureClass) {
  VcpuFeatures features;
  features.bits = 124;
  features.memory_tagging = true;
  const std::vector<std::string> names = VcpuFeatureNames(features);
  EXPECT_THAT(names, ElementsAre("psci_0_2", "pmu_v3", "sve", "ptrauth_address", "ptrauth_generic", "mte"));
  const absl::StatusOr<VcpuFeatures> parsed = ParseVcpuFeatures(names);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_TRUE(*parsed == features);
}

TEST(VcpuFeatureTest, ShortNames) {
  const absl::StatusOr<VcpuFeatures> parsed =
      ParseVcpuFeatures({"ptrauth", "pmu", "psci", "writable_implementation_id"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->bits, 0b110'1100u);
  EXPECT_TRUE(parsed->writable_implementation_id);
  EXPECT_FALSE(parsed->memory_tagging);
}

TEST(VcpuFeatureTest, AnUnknownNameIsRefused) {
  const absl::Status status = ParseVcpuFeatures({"sve", "pmu_3"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(GetErrorInfo(status).has_value());
  EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kFieldInvalid);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"pmu_3\"; did you mean pmu_v3?"));
}

TEST(VcpuFeatureTest, AVeryLongNameIsCut) {
  const absl::Status status = ParseVcpuFeatures({std::string(1'000'000, 's')}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_LT(status.message().size(), 200u);
}

}  // namespace
}  // namespace armstate
