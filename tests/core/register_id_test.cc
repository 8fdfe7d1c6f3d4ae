#include "core/register_id.h"

#include <gtest/gtest.h>

#include <random>

#include "core/error.h"

namespace armstate {
namespace {

// Values from Linux, Documentation/virt/kvm/api.rst and arch/arm{,64}/include/uapi/asm/kvm.h, and from real lists of
// QEMU and KVM.
TEST(RegisterIdTest, EncodesAsKvmDoes) {
  EXPECT_EQ(RegisterId::System(3, 0, 1, 0, 0).raw(), 0x603000000013c080u);                        // SCTLR_EL1
  EXPECT_EQ(RegisterId::System(3, 0, 0, 4, 0).raw(), 0x603000000013c020u);                        // ID_AA64PFR0_EL1
  EXPECT_EQ(RegisterId::System(2, 0, 0, 0, 4).raw(), 0x6030000000138004u);                        // DBGBVR0_EL1
  EXPECT_EQ(RegisterId::Cp32(15, 0, 1, 0, 0).raw(), 0x40200000000f0800u);                         // SCTLR
  EXPECT_EQ(RegisterId::Cp64(15, 0, 7).raw(), 0x40300000000f0380u);                               // PAR
  EXPECT_EQ(RegisterId::Core(RegisterArchitecture::kArm64, 3, 0x42).raw(), 0x6030000000100042u);  // PSTATE
  EXPECT_EQ(RegisterId::Core(RegisterArchitecture::kArm64, 4, 0x54).raw(), 0x6040000000100054u);  // V0
  EXPECT_EQ(RegisterId::Core(RegisterArchitecture::kArm, 2, 16).raw(), 0x4020000000100010u);      // CPSR
}

TEST(RegisterIdTest, TellsWidthArchitectureAndClass) {
  const struct {
    uint64_t raw;
    RegisterArchitecture architecture;
    size_t width;
    RegisterClass register_class;
  } kCases[] = {
      {0x603000000013c080, RegisterArchitecture::kArm64, 8, RegisterClass::kSystem},
      {0x6020000000110000, RegisterArchitecture::kArm64, 4, RegisterClass::kDemux},
      {0x6030000000140000, RegisterArchitecture::kArm64, 8, RegisterClass::kFirmware},
      {0x6030000000160002, RegisterArchitecture::kArm64, 8, RegisterClass::kFirmwareFeatureBitmap},
      {0x6080000000150000, RegisterArchitecture::kArm64, 256, RegisterClass::kSve},  // Z0
      {0x6050000000150400, RegisterArchitecture::kArm64, 32, RegisterClass::kSve},   // P0
      {0x606000000015ffff, RegisterArchitecture::kArm64, 64, RegisterClass::kSve},   // the vector lengths
      {0x40200000200e0004, RegisterArchitecture::kArm, 4, RegisterClass::kCp14},
      {0x4030000000120000, RegisterArchitecture::kArm, 8, RegisterClass::kVfp},  // D0
  };
  for (const auto& c : kCases) {
    const auto id = RegisterId::Create(c.raw);
    ASSERT_TRUE(id.ok()) << id.status();
    EXPECT_EQ(id->architecture(), c.architecture) << id->ToString();
    EXPECT_EQ(id->width(), c.width) << id->ToString();
    EXPECT_EQ(id->register_class(), c.register_class) << id->ToString();
  }
}

TEST(RegisterIdTest, KeepsBitsThatItDoesNotKnow) {
  const uint64_t raw = 0x4020000fa00f0800;
  ASSERT_TRUE(RegisterId::Create(raw).ok());
  EXPECT_EQ(RegisterId::Create(raw)->raw(), raw);
  EXPECT_EQ(RegisterId::Create(raw)->ToString(), "0x4020000fa00f0800");
}

TEST(RegisterIdTest, RefusesForeignArchitecturesAndWidths) {
  for (const uint64_t raw :
       {uint64_t{0}, uint64_t{0x2030000000000000} /* x86 */, uint64_t{0x8030000000000000} /* RISC-V */,
        uint64_t{0x6090000000000000} /* width 9 */, uint64_t{0x40f0000000000000}, ~uint64_t{0}}) {
    const auto id = RegisterId::Create(raw);
    ASSERT_EQ(id.status().code(), absl::StatusCode::kInvalidArgument) << raw;
    EXPECT_EQ(GetErrorInfo(id.status())->reason, ErrorReason::kRegisterIdInvalid);
  }
}

// The example of the 2013 patch: bit 15 of the key says "64 bits".
TEST(CpregKeyTest, MatchesQemu) {
  EXPECT_EQ(CpregKey::FromId(RegisterId::Known<0x40200000000f0800>())->raw(), 0x000f0800u);
  EXPECT_EQ(CpregKey::FromId(RegisterId::Known<0x40300000000f0380>())->raw(), 0x000f8380u);
  EXPECT_EQ(CpregKey(0x000f8380).ToId().raw(), 0x40300000000f0380u);
  EXPECT_EQ(CpregKey(0x200e0004).ToId().raw(), 0x40200000200e0004u);
}

TEST(CpregKeyTest, IsExactInverseOverTheKeySpace) {
  // All low halves, with each single bit and some random patterns above them.
  std::mt19937 random(20130625);
  for (int pattern = 0; pattern < 64; ++pattern) {
    const uint32_t upper = pattern == 0 ? 0 : pattern <= 16 ? 0x8000u << pattern : random() & 0xffff0000u;
    for (uint32_t low = 0; low <= 0xffff; ++low) {
      const CpregKey key(upper | low);
      const auto back = CpregKey::FromId(key.ToId());
      ASSERT_TRUE(back.ok()) << back.status();
      ASSERT_EQ(back->raw(), key.raw());
      ASSERT_EQ(key.ToId().width(), (low & 0x8000) ? 8u : 4u);
    }
  }
}

TEST(CpregKeyTest, HasNoKeyForOtherIds) {
  for (const RegisterId id :
       {RegisterId::Known<0x603000000013c080>(), RegisterId::Known<0x40200000000f8800>() /* bit 15 */,
        RegisterId::Known<0x40200001000f0800>() /* bit 32 */, RegisterId::Known<0x40400000000f0800>() /* 128 bits */}) {
    const auto key = CpregKey::FromId(id);
    ASSERT_EQ(key.status().code(), absl::StatusCode::kInvalidArgument) << id.ToString();
    EXPECT_EQ(GetErrorInfo(key.status())->metadata.at("register_id"), id.ToString());
  }
}

}  // namespace
}  // namespace armstate
