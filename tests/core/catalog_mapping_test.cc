// Which AArch64 register an AArch32 one is, as the manual says.
#include "core/catalog_mapping.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/catalog.h"
#include "core/register_selector.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

// The name of the AArch64 register, or "none".
std::string Mapped(absl::string_view name, IdScheme scheme) {
  const absl::StatusOr<RegisterId> id = ParseRegisterName(name, scheme);
  if (!id.ok()) return id.status().ToString();
  const absl::optional<RegisterId> mapped = AArch64RegisterOf(*id, scheme);
  return mapped ? RegisterName(*mapped, scheme) : "none";
}

TEST(CatalogMappingTest, EveryMappingOfTheManual) {
  std::ifstream file("tests/data/aarch32_mappings.txt");
  ASSERT_TRUE(file.is_open());
  std::string line;
  int count = 0;
  while (std::getline(file, line)) {
    if (line[0] == '#') continue;
    std::istringstream parts(line);
    std::string name, aarch64;
    parts >> name;
    std::vector<std::string> allowed;
    while (parts >> aarch64) allowed.push_back(aarch64);
    EXPECT_NE(std::find(allowed.begin(), allowed.end(), Mapped(name, IdScheme::kTcg)), allowed.end())
        << line << ": " << Mapped(name, IdScheme::kTcg);
    ++count;
  }
  EXPECT_EQ(count, 223);
}

TEST(CatalogMappingTest, WhatTheListDoesNotSay) {
  const struct {
    const char* name;
    IdScheme scheme;
    const char* mapped;
  } kCases[] = {
      {"R0", IdScheme::kKvm, "X0"},
      {"LR_FIQ", IdScheme::kKvm, "X30"},
      {"LR_IRQ", IdScheme::kKvm, "X16"},
      {"SPSR_SVC", IdScheme::kKvm, "SPSR_EL1"},
      {"SPSR_ABT_A32", IdScheme::kKvm, "SPSR_ABT"},
      {"TTBR0_64", IdScheme::kTcg, "TTBR0_EL1"},
      {"MAIR0", IdScheme::kTcg, "MAIR_EL1"},
      // KVM's list has the virtual timer under its own names.
      {"CNTV_CVAL", IdScheme::kKvm, "TIMER_CVAL"},
      {"CNTVCT", IdScheme::kKvm, "TIMER_CNT"},
      // Two registers; a secure copy; no AArch64 register; AArch64 already.
      {"FPSCR", IdScheme::kKvm, "none"},
      {"SCTLR_S", IdScheme::kTcg, "none"},
      {"SCTLR_NS", IdScheme::kKvm, "none"},
      {"TLBTR", IdScheme::kTcg, "none"},
      {"SCTLR_EL1", IdScheme::kTcg, "none"},
      {"p15,0,c1,c0,7", IdScheme::kTcg, "none"},
  };
  for (const auto& test : kCases) EXPECT_EQ(Mapped(test.name, test.scheme), test.mapped) << test.name;
}

// DDI 0601: FAR_EL1[63:32] is IFAR, ERXMISC1_EL1[31:0] ERXMISC2 and [63:32] ERXMISC3, MAIR_EL1[63:32] MAIR1 (NMRR).
TEST(CatalogMappingTest, UpperHalves) {
  const auto first_bit = [](const char* name) {
    return FirstBitInAArch64(*ParseRegisterName(name, IdScheme::kTcg), IdScheme::kTcg);
  };
  for (const char* upper : {"IFAR", "ERXMISC3", "MAIR1", "TTBCR2", "DBGBXVR15"})
    EXPECT_EQ(first_bit(upper), 32) << upper;
  for (const char* lower : {"DFAR", "ERXMISC2", "MAIR0", "TTBCR", "SCTLR", "TTBR0_64"}) EXPECT_EQ(first_bit(lower), 0);
}

TEST(SelectorForTest, TakesTheAArch64RegisterOnlyWhereTheVcpuLacksTheOther) {
  const auto selected = [](absl::string_view text, const std::vector<std::string>& vcpu) {
    const auto has = [&vcpu](RegisterId id) {
      return std::find(vcpu.begin(), vcpu.end(), RegisterName(id, IdScheme::kTcg)) != vcpu.end();
    };
    return SelectorName(SelectorFor(*ParseRegisterSelector(text, IdScheme::kTcg), IdScheme::kTcg, has), IdScheme::kTcg);
  };
  EXPECT_EQ(selected("CSSELR", {"CSSELR_EL1"}), "CSSELR_EL1");
  EXPECT_EQ(selected("SCTLR.M", {"SCTLR_EL1"}), "SCTLR_EL1.M");
  EXPECT_EQ(selected("PAR", {"PAR", "PAR_EL1"}), "PAR");
  EXPECT_EQ(selected("SCTLR", {"SCTLR"}), "SCTLR");
  EXPECT_EQ(selected("SCTLR", {}), "SCTLR");
  // SCTLR_EL1 has no such field.
  EXPECT_EQ(selected("SCTLR.TRE", {"SCTLR_EL1"}), "SCTLR.TRE");
  EXPECT_EQ(selected("SCTLR_EL1", {"SCTLR"}), "SCTLR_EL1");
}

}  // namespace
}  // namespace armstate
