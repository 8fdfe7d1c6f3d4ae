// The features that a running guest loses when an identification register changes. Every row is the Arm ARM's (DDI
// 0487): the page of the register, and "Principles of the ID scheme for fields in ID registers".
#include "core/safe_rule.h"

#include <ostream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

using ::testing::ElementsAreArray;

struct Change {
  std::string what;
  uint64_t id;
  uint64_t shown;
  uint64_t now;
  std::vector<std::string> lost;  // by field, as ChangedField names it
};

std::ostream& operator<<(std::ostream& out, const Change& change) { return out << change.what; }

constexpr uint64_t kMidr = 0x603000000013c000;
constexpr uint64_t kMpidr = 0x603000000013c005;
constexpr uint64_t kRevidr = 0x603000000013c006;
constexpr uint64_t kPfr0 = 0x603000000013c020;   // ID_AA64PFR0_EL1
constexpr uint64_t kDfr0 = 0x603000000013c028;   // ID_AA64DFR0_EL1
constexpr uint64_t kIsar0 = 0x603000000013c030;  // ID_AA64ISAR0_EL1
constexpr uint64_t kIsar1 = 0x603000000013c031;
constexpr uint64_t kIsar2 = 0x603000000013c032;
constexpr uint64_t kMmfr0 = 0x603000000013c038;  // ID_AA64MMFR0_EL1
constexpr uint64_t kMmfr1 = 0x603000000013c039;
constexpr uint64_t kMmfr4 = 0x603000000013c03c;
constexpr uint64_t kNameless = 0x603000000013c03f;  // S3_0_C0_C7_7: reserved, reads as zero so far
constexpr uint64_t kCcsidr = 0x603000000013c800;
constexpr uint64_t kClidr = 0x603000000013c801;
constexpr uint64_t kAidr = 0x603000000013c807;
constexpr uint64_t kCtr = 0x603000000013d801;
constexpr uint64_t kDczid = 0x603000000013d807;
constexpr uint64_t kMidr32 = 0x40200000200f0000;   // p15,0,c0,c0,0, as QEMU's emulation lists it
constexpr uint64_t kMpidr32 = 0x40200000200f0005;  // p15,0,c0,c0,5

class SafeRuleTest : public testing::TestWithParam<Change> {};

TEST_P(SafeRuleTest, WhatWasPromisedMustBeThere) {
  const Change& change = GetParam();
  std::vector<std::string> lost;
  for (const ChangedField& field :
       LostFeatures(*RegisterId::Create(change.id), IdScheme::kTcg, change.shown, change.now)) {
    lost.push_back(field.name);
  }
  EXPECT_THAT(lost, ElementsAreArray(change.lost));
}

INSTANTIATE_TEST_SUITE_P(
    Unsigned, SafeRuleTest,
    testing::Values(Change{"AES and PMULL, then AES alone", kIsar0, 0x20, 0x10, {"AES"}},
                    Change{"AES, then AES and PMULL", kIsar0, 0x10, 0x20, {}},
                    Change{"one of two gone, another new", kIsar0, 0x01100, 0x10100, {"SHA2"}},
                    Change{"16 KB granule supported, then not", kMmfr0, 0x1 << 20, 0, {"TGran16"}},
                    Change{"AArch32 at EL0, then AArch64 alone", kPfr0, 0x2, 0x1, {"EL0"}},
                    Change{"AArch64 alone, then AArch32 at EL0", kPfr0, 0x1, 0x2, {}},
                    Change{"44 bits of physical address, then 40", kMmfr0, 0x4, 0x2, {"PARange"}},
                    Change{"six breakpoints, then two", kDfr0, 0x5000, 0x1000, {"BRPs"}},
                    Change{"external aborts by speculation, then not", kMmfr1, 0x1 << 24, 0, {}},
                    Change{"no external aborts by speculation, then some", kMmfr1, 0, 0x1 << 24, {"SpecSEI"}}));

// A field whose 0xf means "not implemented" is signed.
INSTANTIATE_TEST_SUITE_P(Signed, SafeRuleTest,
                         testing::Values(Change{"no FP, then FP", kPfr0, 0xf << 16, 0, {}},
                                         Change{"FP, then none", kPfr0, 0, 0xf << 16, {"FP"}},
                                         Change{"FP, then FP16", kPfr0, 0, 0x1 << 16, {}},
                                         Change{"FP16, then FP", kPfr0, 0x1 << 16, 0, {"FP"}},
                                         Change{"no SIMD, then SIMD with FP16", kPfr0, 0xf << 20, 0x1 << 20, {}},
                                         Change{"4 KB granule, then not", kMmfr0, 0, uint64_t{0xf} << 28, {"TGran4"}},
                                         Change{"no 64 KB granule, then supported", kMmfr0, 0xf << 24, 0, {}},
                                         Change{"HCR_EL2.E2H may be 0, then may not", kMmfr4, 0, 0xf << 24, {"E2H0"}}));

// Values that say what something is, and not how much of it there is: another is never a larger one.
INSTANTIATE_TEST_SUITE_P(
    Exact, SafeRuleTest,
    testing::Values(Change{"pointers signed by PAuth, then FPACCOMBINE", kIsar1, 0x10, 0x50, {"APA"}},
                    Change{"no authentication, then PAuth", kIsar1, 0, 0x10, {}},
                    Change{"PAuth by the implementation's algorithm, then by QARMA5", kIsar1, 0x100, 0x10, {"API"}},
                    Change{"PIPT, then VIPT", kCtr, 0xc000, 0x8000, {"L1Ip"}},
                    Change{"VIPT, then PIPT", kCtr, 0x8000, 0xc000, {}}));

INSTANTIATE_TEST_SUITE_P(
    Caches, SafeRuleTest,
    testing::Values(
        // A step of a longer line than the cache's passes lines over.
        Change{"64 bytes, then 32", kCtr, 0x40000, 0x30000, {"DminLine"}},
        Change{"32 bytes, then 64", kCtr, 0x30000, 0x40000, {}},
        // Of these the guest keeps its own data apart: less is as good; 0 tells nothing, so the guest took the most.
        Change{"write-back granule grows", kCtr, 0x3 << 24, 0x4 << 24, {"CWG"}},
        Change{"write-back granule shrinks", kCtr, 0x4 << 24, 0x3 << 24, {}},
        Change{"write-back granule is told", kCtr, 0, 0x4 << 24, {}},
        Change{"write-back granule is no longer told", kCtr, 0x4 << 24, 0, {"CWG"}},
        Change{"instruction caches need invalidation again", kCtr, 0x1 << 29, 0, {"DIC"}},
        Change{"cleaning to unification is needed again", kCtr, 0x1 << 28, 0, {"IDC"}},
        // DC ZVA zeroes a block of this size: a guest steps by the one that it has read.
        Change{"a larger block of DC ZVA", kDczid, 4, 5, {"BS"}},
        Change{"a smaller block of DC ZVA", kDczid, 5, 4, {"BS"}},
        Change{"DC ZVA is prohibited", kDczid, 0x04, 0x14, {"DZP"}},
        Change{"DC ZVA is no longer prohibited", kDczid, 0x14, 0x04, {}},
        Change{"another geometry", kCcsidr, 0x700fe01a, 0x200fe01a, {}},
        Change{"other levels", kClidr, 0x2000023, 0x123, {}}));

INSTANTIATE_TEST_SUITE_P(
    Identity, SafeRuleTest,
    testing::Values(Change{"a Cortex-A76, then a Neoverse N1", kMidr, 0x414fd0b1, 0x414fd0c1, {}},
                    Change{"the same as AArch32 shows it", kMidr32, 0x414fd0b1, 0x414fd0c1, {}},
                    Change{"another revision", kRevidr, 0, 1, {}}, Change{"another auxiliary ID", kAidr, 1, 0, {}},
                    Change{"vCPU 1, then 2", kMpidr, 0x80000001, 0x80000002, {"Aff0"}},
                    Change{"vCPU 0, then cluster 1", kMpidr, 0x80000000, 0x80000100, {"Aff1"}},
                    Change{"the same as AArch32 shows it", kMpidr32, 0x80000001, 0x80000002, {"Aff0"}}));

// Reserved fields read as zero until they mean that something is there.
INSTANTIATE_TEST_SUITE_P(
    Reserved, SafeRuleTest,
    testing::Values(Change{"a bit without a name is gone", kIsar0, 0x1, 0, {"[3:0]"}},
                    Change{"a bit without a name is new", kIsar0, 0, 0x1, {}},
                    Change{"a register without fields, less", kNameless, 0x30, 0x10, {"the value"}},
                    Change{"a register without fields, more", kNameless, 0x10, 0x30, {}},
                    // FEAT_HBC: BC.cond is undefined where it is not implemented, and new to the guest otherwise.
                    Change{"BC is gone", kIsar2, 0x1 << 20, 0, {"BC"}}, Change{"BC is new", kIsar2, 0, 0x1 << 20, {}}));

}  // namespace
}  // namespace armstate
