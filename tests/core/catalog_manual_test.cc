// Encodings and fields as the manuals give them: "Arm A-profile Architecture Registers" (DDI 0601, 2024-12), the
// supplements and the technical reference manuals that are named. A test is a page of a manual, typed from it.
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/catalog.h"
#include "core/register_selector.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

struct Encoding {
  const char* generic;
  const char* name;
};

void ExpectEncoding(const Encoding& row) {
  const absl::StatusOr<RegisterId> id = ParseRegisterName(row.generic, IdScheme::kKvm);
  ASSERT_TRUE(id.ok()) << id.status();
  EXPECT_EQ(RegisterName(*id, IdScheme::kKvm), row.name) << row.generic;
  const absl::StatusOr<RegisterId> named = ParseRegisterName(row.name, IdScheme::kTcg);
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_EQ(RegisterName(*named, IdScheme::kTcg), row.name);
}

constexpr Encoding kArchitecture[] = {
    {"S3_4_C1_C1_4", "HFGRTR_EL2"},       {"S3_4_C3_C1_3", "HFGWTR2_EL2"},
    {"S3_4_C3_C1_4", "HDFGRTR_EL2"},      {"S3_4_C3_C1_1", "HDFGWTR2_EL2"},
    {"S3_4_C3_C1_7", "HFGITR2_EL2"},      {"S3_4_C3_C1_6", "HAFGRTR_EL2"},
    {"S3_4_C1_C2_2", "HCRX_EL2"},         {"S3_0_C10_C5_0", "MPAM1_EL1"},
    {"S3_0_C10_C4_4", "MPAMIDR_EL1"},     {"S3_4_C10_C4_0", "MPAMHCR_EL2"},
    {"S3_4_C10_C6_7", "MPAMVPM7_EL2"},    {"S3_6_C10_C5_4", "MPAMBW3_EL3"},
    {"S3_0_C10_C5_3", "MPAMSM_EL1"},      {"S2_1_C9_C0_0", "BRBCR_EL1"},
    {"S2_1_C9_C2_0", "BRBIDR0_EL1"},      {"S2_1_C9_C0_2", "BRBTS_EL1"},
    {"S3_0_C9_C9_0", "PMSCR_EL1"},        {"S3_0_C9_C9_7", "PMSIDR_EL1"},
    {"S3_0_C9_C10_0", "PMBLIMITR_EL1"},   {"S3_0_C9_C10_4", "PMSDSFR_EL1"},
    {"S3_0_C9_C11_0", "TRBLIMITR_EL1"},   {"S3_0_C9_C11_5", "TRBMPAM_EL1"},
    {"S2_1_C0_C1_0", "TRCPRGCTLR"},       {"S2_1_C0_C8_7", "TRCIDR0"},
    {"S2_1_C7_C15_6", "TRCDEVARCH"},      {"S2_1_C0_C2_1", "TRCITEEDCR"},
    {"S3_4_C1_C2_1", "TRFCR_EL2"},        {"S3_4_C12_C11_0", "ICH_HCR_EL2"},
    {"S3_4_C12_C11_7", "ICH_VMCR_EL2"},   {"S3_0_C12_C9_5", "ICC_NMIAR1_EL1"},
    {"S3_0_C10_C2_3", "PIR_EL1"},         {"S3_4_C10_C2_2", "PIRE0_EL2"},
    {"S3_3_C10_C2_4", "POR_EL0"},         {"S3_0_C10_C2_5", "S2POR_EL1"},
    {"S3_4_C10_C2_5", "S2PIR_EL2"},       {"S3_0_C2_C0_3", "TCR2_EL1"},
    {"S3_4_C2_C0_3", "TCR2_EL2"},         {"S3_0_C1_C0_3", "SCTLR2_EL1"},
    {"S3_6_C1_C0_3", "SCTLR2_EL3"},       {"S3_0_C2_C5_0", "GCSCR_EL1"},
    {"S3_3_C2_C5_1", "GCSPR_EL0"},        {"S3_4_C10_C8_7", "MECIDR_EL2"},
    {"S3_4_C10_C9_0", "VMECID_P_EL2"},    {"S3_6_C10_C10_1", "MECID_RL_A_EL3"},
    {"S3_4_C1_C2_5", "SMPRIMAP_EL2"},     {"S3_1_C0_C0_6", "SMIDR_EL1"},
    {"S3_3_C13_C0_5", "TPIDR2_EL0"},      {"S3_3_C4_C2_2", "SVCR"},
    {"S3_6_C2_C1_6", "GPCCR_EL3"},        {"S3_6_C2_C1_4", "GPTBR_EL3"},
    {"S3_6_C6_C0_5", "MFAR_EL3"},         {"S3_3_C4_C4_2", "FPMR"},
    {"S3_0_C13_C0_6", "RCWMASK_EL1"},     {"S3_4_C2_C3_2", "HDBSSBR_EL2"},
    {"S3_4_C2_C3_5", "HACDBSCONS_EL2"},   {"S3_0_C0_C4_2", "ID_AA64PFR2_EL1"},
    {"S3_0_C0_C4_7", "ID_AA64FPFR0_EL1"}, {"S3_0_C0_C6_3", "ID_AA64ISAR3_EL1"},
    {"S3_0_C0_C7_3", "ID_AA64MMFR3_EL1"}, {"S3_0_C0_C7_4", "ID_AA64MMFR4_EL1"},
    {"S3_0_C0_C4_5", "ID_AA64SMFR0_EL1"}, {"S3_0_C0_C5_1", "ID_AA64DFR1_EL1"},
    {"S3_0_C0_C5_2", "ID_AA64DFR2_EL1"},  {"S3_6_C5_C2_3", "VSESR_EL3"},
    {"S3_6_C12_C1_1", "VDISR_EL3"},       {"S3_4_C2_C2_0", "VNCR_EL2"},
    {"S3_6_C1_C1_5", "FGWTE3_EL3"},       {"S3_0_C9_C14_5", "PMECR_EL1"},
    {"S2_3_C9_C12_0", "SPMCR_EL0"},       {"S2_0_C0_C4_2", "MDSELR_EL1"},
    {"S3_0_C6_C0_5", "PFAR_EL1"},         {"S3_0_C1_C4_0", "SCTLRMASK_EL1"},
    {"S3_0_C2_C7_6", "TCRALIAS_EL1"},
};

// GICv5 (AES 0070), Armv8-R AArch64 (DDI 0600), and what LLVM 22 knows of the extensions of 2025.
constexpr Encoding kNewer[] = {
    {"S3_0_C12_C10_2", "ICC_IDR0_EL1"},     {"S3_1_C12_C0_2", "ICC_PCR_EL1"},
    {"S3_4_C12_C11_6", "ICH_CONTEXTR_EL2"}, {"S3_6_C12_C8_4", "ICC_PPI_DOMAINR0_EL3"},
    {"S3_0_C0_C0_4", "MPUIR_EL1"},          {"S3_0_C6_C2_1", "PRSELR_EL1"},
    {"S3_4_C6_C8_0", "PRBAR_EL2"},          {"S3_0_C6_C15_5", "PRLAR15_EL1"},
    {"S3_4_C1_C5_0", "NVHCR_EL2"},          {"S3_0_C2_C2_4", "TPMIN0_EL1"},
    {"S3_4_C2_C8_0", "VTLBID0_EL2"},        {"S3_0_C13_C0_0", "TPIDR3_EL1"},
};

// Cortex-A53 (DDI 0500), A57 (DDI 0488), A72 (100095): the first group. Neoverse N1 (100616), N2 (102099), DynamIQ
// Shared Unit (100453): the second.
constexpr Encoding kCores[] = {
    {"S3_1_C15_C3_0", "CBAR_EL1"},
    {"S3_1_C11_C0_2", "L2CTLR_EL1"},
    {"S3_1_C11_C0_3", "L2ECTLR_EL1"},
    {"S3_1_C15_C0_0", "L2ACTLR_EL1"},
    {"S3_1_C15_C2_0", "CPUACTLR_EL1_ARMV80"},
    {"S3_1_C15_C2_1", "CPUECTLR_EL1_ARMV80"},
    {"S3_1_C15_C2_2", "CPUMERRSR_EL1"},
    {"S3_1_C15_C2_3", "L2MERRSR_EL1"},
    {"S3_0_C15_C1_0", "CPUACTLR_EL1"},
    {"S3_0_C15_C1_4", "CPUECTLR_EL1"},
    {"S3_0_C15_C2_7", "CPUPWRCTLR_EL1"},
    {"S3_0_C15_C0_0", "CPUCFR_EL1"},
    {"S3_0_C15_C3_0", "CLUSTERCFR_EL1"},
    {"S3_0_C15_C5_0", "CLUSTERPMCR_EL1"},
    {"S3_6_C15_C8_1", "CPUPCR_EL3"},
    {"S3_6_C15_C8_3", "CPUPMR_EL3"},
};

constexpr struct {
  const char* register_name;
  const char* field;
  unsigned lsb;
  unsigned width;
} kFields[] = {
    {"ID_AA64PFR2_EL1", "GCIE", 12, 4},
    {"ID_AA64ZFR0_EL1", "F16MM", 48, 4},
    {"ID_AA64ZFR0_EL1", "EltPerm", 12, 4},
    {"ID_AA64SMFR0_EL1", "SBitPerm", 25, 1},
    {"ID_AA64SMFR0_EL1", "AES", 24, 1},
    {"ID_AA64SMFR0_EL1", "STMOP", 16, 1},
    {"ID_AA64SMFR0_EL1", "SMOP4", 0, 1},
    {"ID_AA64FPFR0_EL1", "F8MM8", 27, 1},
    {"ID_AA64DFR1_EL1", "ABL_CMPs", 56, 8},
    {"ID_AA64DFR2_EL1", "TRBE_EXC", 24, 4},
    {"ID_AA64DFR2_EL1", "SPE_nVM", 20, 4},
    {"ID_AA64DFR2_EL1", "SPE_EXC", 16, 4},
    {"ID_AA64ISAR2_EL1", "PCDPHINT", 44, 4},
    {"ID_AA64ISAR3_EL1", "PACM", 12, 4},
    {"ID_AA64MMFR3_EL1", "AIE", 24, 4},
    {"ID_AA64MMFR4_EL1", "PoPS", 0, 4},
    {"SMIDR_EL1", "Affinity2", 32, 20},
    {"PMMIR_EL1", "EDGE", 24, 4},
    {"SCTLR2_EL1", "EnPACM", 7, 1},
    {"SCTLR2_EL3", "EMEC", 1, 1},
    {"TCR2_EL1", "FNG1", 18, 1},
    {"TCR2_EL1", "A2", 16, 1},
    {"TCR2_EL2", "AMEC0", 12, 1},
    {"TCR_EL3", "PIE", 35, 1},
    {"PIR_EL1", "Perm3", 12, 4},
    {"PIRE0_EL2", "Perm15", 60, 4},
    {"POR_EL0", "Perm0", 0, 4},
    {"S2PIR_EL2", "Perm1", 4, 4},
    {"HCRX_EL2", "SRMASKEn", 26, 1},
    {"HFGRTR_EL2", "nPIR_EL1", 58, 1},
    {"HFGRTR_EL2", "SCTLR_EL1", 29, 1},
    {"HFGWTR_EL2", "TTBR1_EL1", 37, 1},
    {"HFGITR_EL2", "SVC_EL0", 52, 1},
    {"HDFGRTR_EL2", "PMBLIMITR_EL1", 23, 1},
    {"HAFGRTR_EL2", "AMEVCNTR10_EL0", 18, 1},
    {"HAFGRTR_EL2", "AMEVTYPER115_EL0", 49, 1},
    {"HAFGRTR_EL2", "AMCNTEN1", 17, 1},
    {"MPAM1_EL1", "PARTID_D", 16, 16},
    {"MPAM2_EL2", "TRAPMPAM1EL1", 48, 1},
    {"MPAMIDR_EL1", "PARTID_MAX", 0, 16},
    {"MPAMHCR_EL2", "EL1_VPMEN", 1, 1},
    {"MPAMVPM1_EL2", "PhyPARTID5", 16, 16},
    {"BRBCR_EL1", "TS", 5, 2},
    {"BRBIDR0_EL1", "NUMREC", 0, 8},
    {"BRBINF0_EL1", "TYPE", 8, 6},
    {"PMSCR_EL1", "TS", 5, 1},
    {"PMSIDR_EL1", "CountSize", 16, 4},
    {"PMBLIMITR_EL1", "E", 0, 1},
    {"PMBSR_EL1", "EC", 26, 6},
    {"TRBLIMITR_EL1", "TM", 3, 2},
    {"TRBSR_EL1", "WRAP", 20, 1},
    {"TRFCR_EL1", "TS", 5, 2},
    {"TRCIDR1", "TRCARCHMAJ", 8, 4},
    {"TRCIDR5", "NUMCNTR", 28, 3},
    {"TRCCONFIGR", "CCI", 4, 1},
    {"GCSCR_EL1", "RVCHKEN", 5, 1},
    {"GCSCRE0_EL1", "nTR", 10, 1},
    {"GPCCR_EL3", "GPC", 16, 1},
    {"GPCCR_EL3", "PGS", 14, 2},
    {"GPTBR_EL3", "BADDR", 0, 40},
    {"MECIDR_EL2", "MECIDWidthm1", 0, 4},
    {"SMPRIMAP_EL2", "P15", 60, 4},
    {"FPMR", "F8S1", 0, 3},
    {"FPMR", "LSCALE2", 32, 6},
    {"VNCR_EL2", "BADDR", 12, 45},
    {"HDBSSBR_EL2", "SZ", 0, 4},
    {"ICH_LR0_EL2", "State", 62, 2},
    {"ICH_LR15_EL2", "vINTID", 0, 32},
    {"ICH_VTR_EL2", "ListRegs", 0, 5},
    {"ICH_VMCR_EL2", "VPMR", 24, 8},
    {"ICH_HCR_EL2", "EOIcount", 27, 5},
    {"SCR_EL3", "FGTEn2", 59, 1},
    {"MDCR_EL3", "SBRBE", 32, 2},
    {"VSESR_EL2", "IDS", 24, 1},
    {"PMEVTYPER30_EL0", "TE", 60, 1},
    {"DBGBCR15_EL1", "BT2", 3, 1},
};

TEST(CatalogManualTest, Fields) {
  for (const auto& row : kFields) {
    const std::string text = absl::StrCat(row.register_name, ".", row.field);
    const absl::StatusOr<RegisterSelector> selector = ParseRegisterSelector(text, IdScheme::kKvm);
    ASSERT_TRUE(selector.ok()) << selector.status();
    EXPECT_EQ(selector->field->lsb, row.lsb) << text;
    EXPECT_EQ(selector->field->width, row.width) << text;
  }
}

// Each was wrong or missing once: a field of TCR2_EL2 in TCR2_EL1, one of TFSR_EL1 in TFSR_EL3.
TEST(CatalogManualTest, FieldsThatARegisterDoesNotHave) {
  for (const char* text : {"TCR2_EL1.AMEC0", "TCR2_EL1.AMEC1", "TFSR_EL3.TF1", "SCTLR2_EL3.CPTM0"}) {
    EXPECT_FALSE(ParseRegisterSelector(text, IdScheme::kKvm).ok()) << text;
  }
}

// "A greater value offers more": what is new in the identification registers of 2022 to 2025.
TEST(CatalogManualTest, NewFieldsOfIdRegistersAreSafeIfLower) {
  for (const auto& row : kFields) {
    if (!absl::StartsWith(row.register_name, "ID_")) continue;
    const auto selector = ParseRegisterSelector(absl::StrCat(row.register_name, ".", row.field), IdScheme::kKvm);
    EXPECT_EQ(selector->field->rule, SafeRule::kLower) << row.register_name << "." << row.field;
    EXPECT_FALSE(selector->field->is_signed) << row.register_name << "." << row.field;
  }
}

TEST(CatalogManualTest, Architecture) {
  for (const Encoding& row : kArchitecture) ExpectEncoding(row);
}

TEST(CatalogManualTest, NewerThanTheManual) {
  for (const Encoding& row : kNewer) ExpectEncoding(row);
}

TEST(CatalogManualTest, ImplementationDefinedOfArmsCores) {
  for (const Encoding& row : kCores) ExpectEncoding(row);
}

}  // namespace
}  // namespace armstate
