// Encodings and fields as the manuals give them: "Arm A-profile Architecture Registers" (DDI 0601, 2024-12), the
// supplements and the technical reference manuals that are named. A test is a page of a manual, typed from it.
#include <string>

#include "core/catalog.h"
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
    {"S3_1_C15_C3_0", "CBAR_EL1"},       {"S3_1_C11_C0_2", "L2CTLR_EL1"},       {"S3_1_C11_C0_3", "L2ECTLR_EL1"},
    {"S3_1_C15_C0_0", "L2ACTLR_EL1"},    {"S3_1_C15_C2_0", "CPUACTLR_EL1_A53"}, {"S3_1_C15_C2_1", "CPUECTLR_EL1_A53"},
    {"S3_1_C15_C2_2", "CPUMERRSR_EL1"},  {"S3_1_C15_C2_3", "L2MERRSR_EL1"},     {"S3_0_C15_C1_0", "CPUACTLR_EL1"},
    {"S3_0_C15_C1_4", "CPUECTLR_EL1"},   {"S3_0_C15_C2_7", "CPUPWRCTLR_EL1"},   {"S3_0_C15_C0_0", "CPUCFR_EL1"},
    {"S3_0_C15_C3_0", "CLUSTERCFR_EL1"}, {"S3_0_C15_C5_0", "CLUSTERPMCR_EL1"},  {"S3_6_C15_C8_1", "CPUPCR_EL3"},
    {"S3_6_C15_C8_3", "CPUPMR_EL3"},
};

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
