#include "core/list_origin.h"

#include <vector>

#include "gtest/gtest.h"

namespace armstate {
namespace {

// Midway in lists of registers that all list: SCTLR_EL1, TTBR0_EL1, and p15's MIDR without QEMU's private bit.
std::vector<uint64_t> ListWith(uint64_t id) { return {0x40200000000f0000, 0x603000000013c080, id, 0x603000000013c100}; }

TEST(ListOriginTest, EachMakerHasRegistersOfItsOwn) {
  const struct {
    const char* what;
    uint64_t id;
    ListOrigin origin;
  } kCases[] = {
      {"a non-secure AArch32 register", 0x40200000200f0801, ListOrigin::kTcg},
      {"a 64-bit one of cp15", 0x40300000200f0100, ListOrigin::kTcg},
      {"PSCI version", 0x6030000000140000, ListOrigin::kKvm},
      {"a firmware feature bitmap", 0x6030000000160000, ListOrigin::kKvm},
      {"CCSIDR", 0x6020000000110000, ListOrigin::kKvm},
      {"KVM_REG_ARM64_SVE_VLS", 0x606000000015ffff, ListOrigin::kKvm},
      {"PSCI version of a 32-bit host", 0x4030000000140000, ListOrigin::kKvm},
      {"SPSR_EL1", 0x603000000013c200, ListOrigin::kHvf},
      {"ELR_EL1", 0x603000000013c201, ListOrigin::kHvf},
      {"SP_EL0", 0x603000000013c208, ListOrigin::kHvf},
      {"TPIDR_EL0, which all list", 0x603000000013de82, ListOrigin::kUnknown},
      {"a core register, which a VMM adds", 0x6030000000100042, ListOrigin::kUnknown},
      {"a Z register", 0x6080000000150000, ListOrigin::kUnknown},
      {"no register ID", 0x1234, ListOrigin::kUnknown},
  };
  for (const auto& c : kCases) {
    const ListEvidence evidence = OriginOfList(ListWith(c.id));
    EXPECT_EQ(evidence.origin, c.origin) << c.what;
    EXPECT_EQ(evidence.id, c.origin == ListOrigin::kUnknown ? 0 : c.id) << c.what;
  }
}

TEST(ListOriginTest, AnEmptyListShowsNothing) { EXPECT_EQ(OriginOfList({}).origin, ListOrigin::kUnknown); }

}  // namespace
}  // namespace armstate
