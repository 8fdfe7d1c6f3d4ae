#include "server/profile_registry.h"

#include <gtest/gtest.h>

#include "core/engine_vcpu.h"
#include "core/error.h"

namespace armstate {
namespace {

TEST(ProfileRegistryTest, HasTheBuiltInProfiles) {
  const auto registry = ProfileRegistry::BuiltIn();
  ASSERT_TRUE(registry.ok()) << registry.status();
  const auto a57 = (*registry)->Find("cpuProfiles/qemu-7.2.virt.cortex-a57");
  ASSERT_TRUE(a57.ok()) << a57.status();
  // 258 coprocessor registers in QEMU's list, and X0-X30, SP_EL0, PC, PSTATE, SP_EL1, ELR_EL1, five SPSRs, V0-V31,
  // FPSR, FPCR.
  EXPECT_EQ((*a57)->profile->layout()->size(), 258u + 31 + 3 + 2 + 5 + 32 + 2);
  EXPECT_EQ((*a57)->message.register_count(), 333);
}

TEST(ProfileRegistryTest, NamesAnUnknownProfile) {
  const auto registry = ProfileRegistry::BuiltIn();
  ASSERT_TRUE(registry.ok()) << registry.status();
  const auto none = (*registry)->Find("cpuProfiles/cortex-z1");
  EXPECT_EQ(none.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(GetErrorInfo(none.status())->reason, ErrorReason::kCpuProfileNotFound);
  EXPECT_EQ((*registry)->Find("profiles/cortex-a57").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace armstate
