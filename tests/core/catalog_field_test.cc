// Fields of registers: expected numbers are from the Arm ARM and from the manuals of the processors named.
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/catalog.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

// "EC=25 (data abort, same EL), IL=1": the fields that are not 0, numbers in hexadecimal.
std::string Decode(absl::string_view name, uint64_t value) {
  const absl::StatusOr<RegisterId> id = ParseRegisterName(name, IdScheme::kTcg);
  if (!id.ok()) return id.status().ToString();
  std::string text;
  for (const FieldDefinition& field : RegisterFields(*id, IdScheme::kTcg)) {
    const uint64_t bits = ExtractField(field, value);
    if (bits == 0) continue;
    const absl::string_view meaning = FieldMeaning(field, value);
    absl::StrAppend(&text, text.empty() ? "" : ", ", field.name, "=", absl::Hex(bits));
    if (!meaning.empty()) absl::StrAppend(&text, " (", meaning, ")");
  }
  return text;
}

FieldDefinition Field(absl::string_view register_name, absl::string_view field_name) {
  const absl::StatusOr<RegisterId> id = ParseRegisterName(register_name, IdScheme::kKvm);
  EXPECT_TRUE(id.ok()) << id.status();
  if (id.ok()) {
    for (const FieldDefinition& field : RegisterFields(*id, IdScheme::kKvm)) {
      if (field.name == field_name) return field;
    }
  }
  ADD_FAILURE() << register_name << " has no field " << field_name;
  return {};
}

TEST(CatalogFieldTest, Decode) {
  const struct {
    const char* name;
    uint64_t value;
    const char* expected;
  } kCases[] = {
      // Cortex-A72, r0p3.
      {"MIDR_EL1", 0x410fd083,
       "Implementer=41 (Arm), Architecture=f (as the ID registers say), PartNum=d08 (Cortex-A72), "
       "Revision=3"},
      {"CTR_EL0", 0x8444c004, "CWG=4, ERG=4, DminLine=4, L1Ip=3 (PIPT), IminLine=4"},
      {"ID_AA64MMFR0_EL1", 0x1124,
       "SNSMem=1 (implemented), BigEnd=1 (implemented), ASIDBits=2 (16 bits), PARange=4 (44 bits)"},
      {"PMCR_EL0", 0x41023000, "IMP=41, IDCODE=2, N=6"},
      {"CLIDR_EL1", 0x0a200023, "LoUU=1, LoC=2, LoUIS=1, Ctype2=4 (unified), Ctype1=3 (separate instruction and data)"},
      {"CCSIDR_L1D", 0x701fe00a, "WB=1, RA=1, WA=1, NumSets=ff, Associativity=1, LineSize=2"},
      {"MPIDR_EL1", 0x181020304, "Aff3=1, MT=1, Aff2=2, Aff1=3, Aff0=4"},
      {"ID_AA64PFR0_EL1", 0x1100000010112222,
       "CSV3=1 (implemented), CSV2=1 (CSV2), RAS=1 (RAS), AdvSIMD=1 (implemented, with half precision), FP=1 "
       "(implemented, with "
       "half "
       "precision), EL3=2 (AArch64 and AArch32), EL2=2 (AArch64 and AArch32), EL1=2 (AArch64 and AArch32), EL0=2 "
       "(AArch64 and AArch32)"},
      {"PSTATE", 0x600003c5, "Z=1, C=1, D=1, A=1, I=1, F=1, M=5 (EL1h)"},
      {"SCTLR_EL1", 0x30d00801, "LSMAOE=1, nTLSMD=1, SPAN=1, EIS=1, TSCXT=1, EOS=1, M=1"},
      {"CPACR_EL1", 0x00330000, "FPEN=3 (not trapped), ZEN=3 (not trapped)"},
      {"TCR_EL1", 0x00000012b5103519,
       "AS=1, IPS=2 (40 bits), TG1=2 (4 KB), SH1=3 (inner shareable), ORGN1=1 (write-back, read and write allocate), "
       "IRGN1=1 (write-back, read and write allocate), T1SZ=10, SH0=3 (inner shareable), ORGN0=1 (write-back, read and "
       "write allocate), IRGN0=1 (write-back, read and write allocate), T0SZ=19"},
      {"TTBR1_EL1", 0x0012000041234001, "ASID=12, BADDR=2091a000, CnP=1"},
      {"MAIR_EL1", 0x44ff0400,
       "Attr3=44 (Normal, non-cacheable), Attr2=ff (Normal, write-back, read and write allocate), Attr1=4 "
       "(Device-nGnRE)"},
      {"ESR_EL1", 0x96000045, "EC=25 (data abort, same EL), IL=1, ISS=45"},
      {"CNTV_CTL_EL0", 5, "ISTATUS=1 (condition met), ENABLE=1 (enabled)"},
      {"MDSCR_EL1", 0x9000, "MDE=1, TDCC=1"},
      {"DBGBCR0_EL1", 0x1e5, "BAS=f, PMC=2, E=1 (enabled)"},
      {"HCR_EL2", 0x488000038, "E2H=1, RW=1, TGE=1, AMO=1, IMO=1, FMO=1"},
      {"SCR_EL3", 0x501, "RW=1, HCE=1, NS=1"},
      {"VTCR_EL2", 0x80023559,
       "PS=2 (40 bits), SH0=3 (inner shareable), ORGN0=1 (write-back, read and write allocate), IRGN0=1 (write-back, "
       "read "
       "and write allocate), SL0=1, T0SZ=19"},
      // Cortex-A15.
      {"MIDR", 0x412fc0f1,
       "Implementer=41 (Arm), Variant=2, Architecture=f (as the ID registers say), PartNum=c0f (Cortex-A15), "
       "Revision=1"},
      {"ID_MMFR0", 0x10201105,
       "InnerShr=1 (hardware coherency), AuxReg=2 (ACTLR, ADFSR and AIFSR), ShareLvl=1 (two levels), OuterShr=1 "
       "(hardware "
       "coherency), VMSA=5 (VMSAv7 with PXN and long descriptors)"},
      {"SCTLR", 0x10c5387d,
       "TRE=1, SPAN=1, U=1, nTWE=1, nTWI=1, V=1, I=1, Z=1, CP15BEN=1, LSMAOE=1, nTLSMD=1, C=1, M=1"},
      {"CPSR", 0x600001d3, "Z=1, C=1, A=1, I=1, F=1, M=13 (Supervisor)"},
      {"DACR", 0x4d, "D3=1 (client), D1=3 (manager), D0=1 (client)"},
      {"CPACR", 0x00f00000, "cp11=3 (full), cp10=3 (full)"},
      {"FPEXC", 0x40000000, "EN=1"},
      {"FPSCR", 0x03c00010, "DN=1, FZ=1, RMode=3 (towards zero), IXC=1"},
      // PSCI 1.1, as KVM's documentation numbers it.
      {"PSCI_VERSION", 0x10001, "Version=10001 (PSCI 1.1)"},
      {"SMCCC_ARCH_WORKAROUND_2", 3, "Level=3 (not required)"},
      // What Linux 6.18 answers EINVAL to.
      {"SMCCC_ARCH_WORKAROUND_2", 0x10, "Enabled=1 (switched on for this vCPU)"},
      // AWS Graviton2 and Graviton3 (tests/data/firecracker).
      {"MIDR_EL1", 0x413fd0c1,
       "Implementer=41 (Arm), Variant=3, Architecture=f (as the ID registers say), PartNum=d0c (Neoverse-N1), "
       "Revision=1"},
      {"MIDR_EL1", 0x411fd401,
       "Implementer=41 (Arm), Variant=1, Architecture=f (as the ID registers say), PartNum=d40 (Neoverse-V1), "
       "Revision=1"},
      // One part number of two implementers: HiSilicon's, and Arm's Cortex-A32.
      {"MIDR_EL1", 0x480fd010,
       "Implementer=48 (HiSilicon), Architecture=f (as the ID registers say), PartNum=d01 (TSV110)"},
      {"MIDR", 0x410fd010, "Implementer=41 (Arm), Architecture=f (as the ID registers say), PartNum=d01 (Cortex-A32)"},
      {"MIDR_EL1", 0x430fd080, "Implementer=43 (Cavium), Architecture=f (as the ID registers say), PartNum=d08"},
      {"OSLSR_EL1", 0xa, "OSLM[1]=1 (there is an OS lock), OSLK=1 (the OS lock is held)"},
      {"ID_AA64DFR0_EL1", 0xf06, "PMUVer=f (IMPLEMENTATION DEFINED PMU), DebugVer=6 (Armv8)"},
  };
  for (const auto& test : kCases) EXPECT_EQ(Decode(test.name, test.value), test.expected) << test.name;
}

TEST(CatalogFieldTest, BothCopiesOfABankedRegisterHaveItsFields) {
  EXPECT_EQ(Decode("DACR_S", 1), "D0=1 (client)");
  EXPECT_EQ(Decode("DACR", 1), "D0=1 (client)");
}

TEST(CatalogFieldTest, WithoutFields) {
  for (const char* name : {"X0", "TPIDR_EL0", "S3_0_C15_C2_0", "p15,0,c15,c0,0", "0x6030000000139999"}) {
    EXPECT_EQ(Decode(name, ~uint64_t{0}), "") << name;
  }
}

TEST(CatalogFieldTest, ExtractFieldOfAllSizes) {
  EXPECT_EQ(ExtractField({"whole", 0, 64}, 0xfedcba9876543210), 0xfedcba9876543210);
  EXPECT_EQ(ExtractField({"top bit", 63, 1}, 0x8000000000000000), 1u);
  EXPECT_EQ(ExtractField({"top nibble", 60, 4}, 0xfedcba9876543210), 0xfu);
  EXPECT_EQ(ExtractField({"middle", 16, 8}, 0x12ab3456), 0xabu);
}

bool IsIdRegister(absl::string_view name) { return absl::StartsWith(name, "ID_") || absl::StartsWith(name, "MVFR"); }

// Calls visit(name, field) for each field of the recorded registers; once per name.
template <typename Visitor>
void ForEachField(Visitor visit) {
  std::ifstream file("tests/data/recorded_register_ids.txt");
  ASSERT_TRUE(file.is_open());
  std::set<std::string> seen;
  std::string line;
  while (std::getline(file, line)) {
    if (line[0] == '#') continue;
    const RegisterId id = *RegisterId::Create(std::stoull(line.substr(4), nullptr, 16));
    const std::string name = RegisterName(id, IdScheme::kTcg);
    if (!seen.insert(name).second) continue;
    for (const FieldDefinition& field : RegisterFields(id, IdScheme::kTcg)) visit(name, field);
  }
}

// Arm ARM, "Principles of the ID scheme for fields in ID registers": the exceptions from "unsigned" are named there;
// the others are those whose 0b1111 is described as less than 0b0000.
TEST(CatalogFieldTest, SignedFields) {
  std::set<std::string> is_signed;
  ForEachField([&](const std::string& name, const FieldDefinition& field) {
    if (field.is_signed) is_signed.insert(absl::StrCat(name, ".", field.name));
  });
  const std::set<std::string> expected = {
      "ID_AA64PFR0_EL1.FP",       "ID_AA64PFR0_EL1.AdvSIMD", "ID_AA64PFR1_EL1.MTE_frac", "ID_AA64MMFR0_EL1.TGran4",
      "ID_AA64MMFR0_EL1.TGran64", "ID_AA64MMFR4_EL1.E2H0",   "ID_AA64MMFR4_EL1.EIESB",   "ID_AA64DFR0_EL1.DoubleLock",
      "ID_AA64DFR0_EL1.PMUVer",   "ID_AA64DFR0_EL1.MTPMU",   "ID_DFR0_EL1.PerfMon",      "ID_DFR0.PerfMon",
      "ID_DFR1_EL1.MTPMU",        "ID_DFR1.MTPMU",           "ID_MMFR0_EL1.InnerShr",    "ID_MMFR0_EL1.OuterShr",
      "ID_MMFR0.InnerShr",        "ID_MMFR0.OuterShr"};
  EXPECT_EQ(is_signed, expected);
}

TEST(CatalogFieldTest, EveryFieldOfAnIdRegisterHasASafeRule) {
  int count = 0;
  ForEachField([&](const std::string& name, const FieldDefinition& field) {
    if (!IsIdRegister(name)) return;
    EXPECT_NE(field.rule, SafeRule::kNone) << name << "." << field.name;
    ++count;
  });
  EXPECT_GT(count, 200);
}

TEST(CatalogFieldTest, SafeRulesThatAreNotLower) {
  const struct {
    const char* register_name;
    const char* field;
    SafeRule rule;
    unsigned safe_value;
  } kCases[] = {
      {"ID_AA64ISAR2_EL1", "BC", SafeRule::kHigher, 0},
      {"ID_AA64MMFR1_EL1", "SpecSEI", SafeRule::kHigher, 0},
      {"ID_MMFR4_EL1", "SpecSEI", SafeRule::kHigher, 0},
      {"CTR_EL0", "CWG", SafeRule::kHigherOrZero, 0},
      {"CTR_EL0", "ERG", SafeRule::kHigherOrZero, 0},
      {"CTR_EL0", "L1Ip", SafeRule::kExact, 2},
      {"DCZID_EL0", "DZP", SafeRule::kExact, 1},
      {"ID_AA64ISAR1_EL1", "APA", SafeRule::kExact, 0},
      {"ID_AA64ISAR1_EL1", "API", SafeRule::kExact, 0},
      {"ID_AA64ISAR2_EL1", "APA3", SafeRule::kExact, 0},
      {"ID_AA64MMFR0_EL1", "TGran4_2", SafeRule::kExact, 1},
      {"ID_AA64MMFR0_EL1", "TGran16_2", SafeRule::kExact, 1},
      {"ID_AA64MMFR0_EL1", "TGran64_2", SafeRule::kExact, 1},
      {"ID_AA64DFR0_EL1", "DebugVer", SafeRule::kExact, 6},
      {"ID_AA64DFR0_EL1", "PMUVer", SafeRule::kExact, 0},
  };
  for (const auto& test : kCases) {
    const FieldDefinition field = Field(test.register_name, test.field);
    EXPECT_EQ(field.rule, test.rule) << test.register_name << "." << test.field;
    EXPECT_EQ(field.safe_value, test.safe_value) << test.register_name << "." << test.field;
  }
  EXPECT_EQ(Field("ID_AA64PFR0_EL1", "SVE").rule, SafeRule::kLower);
  EXPECT_EQ(Field("CTR_EL0", "IDC").rule, SafeRule::kLower);
  EXPECT_EQ(Field("SCTLR_EL1", "M").rule, SafeRule::kNone);
}

// No real processor has a bit in an ID register that we do not know, or a field value that we know the others of but
// not this.
TEST(CatalogFieldTest, EveryBitOfARecordedIdRegisterIsInAField) {
  std::ifstream file("tests/data/recorded_id_values.txt");
  ASSERT_TRUE(file.is_open());
  std::string line;
  int count = 0;
  while (std::getline(file, line)) {
    if (line[0] == '#') continue;
    std::istringstream parts(line);
    std::string scheme, id_text, value_text;
    parts >> scheme >> id_text >> value_text;
    const RegisterId id = *RegisterId::Create(std::stoull(id_text, nullptr, 16));
    const uint64_t value = std::stoull(value_text, nullptr, 16);
    uint64_t rest = value;
    for (const FieldDefinition& field : RegisterFields(id, IdScheme::kTcg)) {
      const uint64_t bits = ExtractField(field, value);
      rest &= ~(bits << field.lsb);
      EXPECT_TRUE(bits == 0 || field.values.empty() || !FieldMeaning(field, value).empty())
          << line << " " << field.name << "=" << bits;
    }
    EXPECT_EQ(rest, 0u) << line << " " << RegisterName(id, IdScheme::kTcg);
    ++count;
  }
  EXPECT_GT(count, 100);
}

}  // namespace
}  // namespace armstate
