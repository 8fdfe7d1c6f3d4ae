// Names of registers: what they are, and that every ID has its own.
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/catalog.h"
#include "core/error.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

RegisterId Id(uint64_t raw) { return *RegisterId::Create(raw); }

std::ifstream OpenData(absl::string_view name) {
  std::ifstream file(absl::StrCat("tests/data/", name));
  EXPECT_TRUE(file.is_open()) << name;
  return file;
}

struct NamedId {
  uint64_t id;
  const char* name;
};

void ExpectNames(IdScheme scheme, const std::vector<NamedId>& expected) {
  for (const NamedId& row : expected) {
    EXPECT_EQ(RegisterName(Id(row.id), scheme), row.name);
    for (const std::string& name :
         {std::string(row.name), absl::AsciiStrToLower(row.name), absl::AsciiStrToUpper(row.name)}) {
      const absl::StatusOr<RegisterId> id = ParseRegisterName(name, scheme);
      ASSERT_TRUE(id.ok()) << name << ": " << id.status();
      EXPECT_EQ(id->ToString(), Id(row.id).ToString()) << name;
    }
  }
}

// IDs: Linux's arch/arm64/include/uapi/asm/kvm.h and api.rst, 4.68; names: Arm ARM.
TEST(CatalogNameTest, KvmOfAarch64) {
  ExpectNames(IdScheme::kKvm, {
                                  {0x6030000000100000, "X0"},
                                  {0x603000000010003c, "X30"},
                                  {0x603000000010003e, "SP_EL0"},
                                  {0x6030000000100040, "PC"},
                                  {0x6030000000100042, "PSTATE"},
                                  {0x6030000000100044, "SP_EL1"},
                                  {0x6030000000100046, "ELR_EL1"},
                                  {0x6030000000100048, "SPSR_EL1"},
                                  {0x603000000010004a, "SPSR_ABT"},
                                  {0x603000000010004c, "SPSR_UND"},
                                  {0x603000000010004e, "SPSR_IRQ"},
                                  {0x6030000000100050, "SPSR_FIQ"},
                                  {0x6040000000100054, "V0"},
                                  {0x60400000001000d0, "V31"},
                                  {0x60200000001000d4, "FPSR"},
                                  {0x60200000001000d5, "FPCR"},
                                  {0x6020000000110000, "CCSIDR_L1D"},
                                  {0x6020000000110001, "CCSIDR_L1I"},
                                  {0x6020000000110002, "CCSIDR_L2D"},
                                  {0x602000000011000d, "CCSIDR_L7I"},
                                  {0x603000000013c000, "MIDR_EL1"},
                                  {0x603000000013c080, "SCTLR_EL1"},
                                  {0x603000000013c102, "TCR_EL1"},
                                  {0x603000000013c108, "APIAKeyLo_EL1"},
                                  {0x603000000013de82, "TPIDR_EL0"},
                                  {0x603000000013df01, "CNTPCT_EL0"},
                                  {0x603000000013df02, "TIMER_CVAL"},
                                  {0x603000000013df11, "CNTP_CTL_EL0"},
                                  {0x603000000013df12, "CNTP_CVAL_EL0"},
                                  {0x603000000013df19, "CNTV_CTL_EL0"},
                                  {0x603000000013df1a, "TIMER_CNT"},
                                  {0x603000000013e088, "HCR_EL2"},
                                  {0x603000000013fff9, "S3_7_C15_C15_1"},
                                  {0x6030000000140000, "PSCI_VERSION"},
                                  {0x6030000000140003, "SMCCC_ARCH_WORKAROUND_3"},
                                  {0x6080000000150000, "Z0"},
                                  {0x60800000001503e0, "Z31"},
                                  {0x6050000000150400, "P0"},
                                  {0x60500000001505e0, "P15"},
                                  {0x6050000000150600, "FFR"},
                                  {0x606000000015ffff, "SVE_VLS"},
                                  {0x6030000000160000, "STD_BMAP"},
                                  {0x6030000000160001, "STD_HYP_BMAP"},
                                  {0x6030000000160002, "VENDOR_HYP_BMAP"},
                                  {0x6030000000160003, "VENDOR_HYP_BMAP_2"},
                              });
}

// IDs: Linux's arch/arm/include/uapi/asm/kvm.h of 5.6, the last with KVM on 32-bit hosts.
TEST(CatalogNameTest, KvmOfAarch32) {
  ExpectNames(IdScheme::kKvm, {
                                  {0x4020000000100000, "R0"},           {0x402000000010000c, "R12"},
                                  {0x402000000010000d, "SP_USR"},       {0x402000000010000e, "LR_USR"},
                                  {0x402000000010000f, "PC_A32"},       {0x4020000000100010, "CPSR"},
                                  {0x4020000000100012, "SP_SVC"},       {0x4020000000100013, "LR_SVC"},
                                  {0x4020000000100014, "SPSR_SVC"},     {0x4020000000100017, "SPSR_ABT_A32"},
                                  {0x402000000010001a, "SPSR_UND_A32"}, {0x402000000010001d, "SPSR_IRQ_A32"},
                                  {0x402000000010001e, "R8_FIQ"},       {0x4020000000100025, "SPSR_FIQ_A32"},
                                  {0x4030000000120000, "D0"},           {0x403000000012001f, "D31"},
                                  {0x4020000000121000, "FPSID"},        {0x4020000000121001, "FPSCR"},
                                  {0x4020000000121007, "MVFR0"},        {0x4020000000121008, "FPEXC"},
                                  {0x402000000012100a, "FPINST2"},      {0x40200000000f0800, "SCTLR"},
                                  {0x40200000200f0800, "SCTLR_NS"},     {0x40300000000f0098, "p15,3,c1"},
                                  {0x40300000000f0718, "CNTV_CVAL"},    {0x40300000000f0708, "CNTVCT"},
                                  {0x40200000000f7181, "CNTV_CTL"},     {0x40200000000f7820, "CBAR"},
                                  {0x40200000200f7820, "CBAR_NS"},
                              });
}

// IDs as recorded from QEMU; names: Arm ARM, G8.
TEST(CatalogNameTest, Tcg) {
  ExpectNames(IdScheme::kTcg, {
                                  {0x603000000013df02, "CNTVCT_EL0"},
                                  {0x603000000013df1a, "CNTV_CVAL_EL0"},
                                  {0x603000000013da20, "FPCR_SYSREG"},
                                  {0x603000000013df19, "CNTV_CTL_EL0"},
                                  {0x4020000000100000, "R0"},
                                  {0x40200000200f0000, "MIDR"},
                                  {0x40200000200f0005, "MPIDR"},
                                  {0x40200000200f0800, "SCTLR"},
                                  {0x40200000000f0800, "SCTLR_S"},
                                  {0x40200000000f6801, "CONTEXTIDR_S"},
                                  {0x40200000200f5100, "PRRR"},
                                  {0x40200000000f5101, "NMRR_S"},
                                  {0x40300000200f0380, "PAR_64"},
                                  {0x40300000000f0380, "PAR_64_S"},
                                  {0x40200000200f3a00, "PAR"},
                                  {0x40200000200e0102, "DBGDSCRext"},
                                  {0x40200000200e0286, "DBGWVR5"},
                                  {0x40200000200e0984, "DBGOSDLR"},
                                  {0x40200000200e0830, "TEEHBR"},
                                  {0x40200000200f4f05, "PMCEID3"},
                                  {0x40200000200f6822, "HTPIDR"},
                                  {0x40300000200f0730, "CNTHP_CVAL"},
                                  {0x40300000200f0788, "CPUECTLR"},
                                  {0x40200000200f7820, "CBAR"},
                                  {0x40200000000f7820, "CBAR_S"},
                                  {0x40200000200f7821, "IMP_TESTR1"},
                                  {0x40200000200f7822, "p15,4,c15,c0,2"},
                                  {0x40200000000f7822, "p15,4,c15,c0,2_S"},
                              });
}

// Encodings as the pages of the Arm ARM give them, of IDs that real lists have.
TEST(CatalogNameTest, Aarch32BanksOfEl2El3AndRas) {
  const struct {
    uint64_t low;
    const char* name;
  } kCases[] = {
      {0x0009, "CLIDR"},     {0x000f, "AIDR"},    {0x0080, "ID_PFR0"},  {0x0106, "ID_MMFR4"},  {0x0107, "ID_ISAR6"},
      {0x0186, "ID_MMFR5"},  {0x0803, "ACTLR2"},  {0x0820, "HSCTLR"},   {0x0821, "HACTLR"},    {0x0881, "SDER"},
      {0x0882, "NSACR"},     {0x08a0, "HCR"},     {0x08a1, "HDCR"},     {0x08a2, "HCPTR"},     {0x08a3, "HSTR"},
      {0x08a7, "HACR"},      {0x1022, "HTCR"},    {0x1800, "DACR"},     {0x2880, "ADFSR"},     {0x28a1, "HAIFSR"},
      {0x2920, "HSR"},       {0x2923, "VDFSR"},   {0x2980, "ERRIDR"},   {0x3001, "WFAR"},      {0x3002, "IFAR"},
      {0x3024, "HPFAR"},     {0x3100, "RGNR"},    {0x4e03, "PMOVSR"},   {0x4f00, "PMUSERENR"}, {0x4f06, "PMMIR"},
      {0x5180, "AMAIR0"},    {0x51a1, "HAMAIR1"}, {0x6001, "MVBAR"},    {0x6020, "HVBAR"},     {0x6081, "DISR"},
      {0x60a1, "VDISR"},     {0x6800, "FCSEIDR"}, {0x6804, "TPIDRPRW"}, {0x7080, "CNTKCTL"},   {0x70a0, "CNTHCTL"},
      {0x7121, "CNTHP_CTL"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(RegisterName(Id(0x40200000200f0000 | test.low), IdScheme::kTcg), test.name);
    EXPECT_EQ(RegisterName(Id(0x40200000000f0000 | test.low), IdScheme::kTcg), absl::StrCat(test.name, "_S"));
    EXPECT_EQ(RegisterName(Id(0x40200000000f0000 | test.low), IdScheme::kKvm), test.name);
    EXPECT_EQ(RegisterName(Id(0x40200000200f0000 | test.low), IdScheme::kKvm), absl::StrCat(test.name, "_NS"));
  }
}

TEST(CatalogNameTest, FurtherNamesAreUnderstood) {
  const struct {
    IdScheme scheme;
    const char* name;
    uint64_t id;
  } kCases[] = {
      {IdScheme::kKvm, "S3_0_C1_C0_0", 0x603000000013c080},
      {IdScheme::kKvm, "p15,0,c1,c0,0", 0x40200000000f0800},
      {IdScheme::kTcg, "P15,0,C1,C0,0", 0x40200000200f0800},
      {IdScheme::kTcg, "p15,0,c1,c0,0_s", 0x40200000000f0800},
      {IdScheme::kKvm, "0x603000000013C080", 0x603000000013c080},
      {IdScheme::kTcg, "MAIR0", 0x40200000200f5100},
      {IdScheme::kTcg, "mair1_s", 0x40200000000f5101},
      // KVM swapped the encodings; the architectural names mean the registers, not the encodings.
      {IdScheme::kKvm, "CNTV_CVAL_EL0", 0x603000000013df02},
      {IdScheme::kKvm, "CNTVCT_EL0", 0x603000000013df1a},
      {IdScheme::kKvm, "TIMER_CTL", 0x603000000013df19},
      {IdScheme::kTcg, "TRCEXTINSELR", 0x6030000000138844},
      {IdScheme::kKvm, "DBGDTRTX_EL0", 0x6030000000139828},
  };
  for (const auto& test : kCases) {
    const absl::StatusOr<RegisterId> id = ParseRegisterName(test.name, test.scheme);
    ASSERT_TRUE(id.ok()) << test.name << ": " << id.status();
    EXPECT_EQ(id->ToString(), Id(test.id).ToString()) << test.name;
  }
}

TEST(CatalogNameTest, UnknownNamesAreRefusedAndTheNearestProposed) {
  const struct {
    IdScheme scheme;
    std::string name;
    const char* nearest;  // nullptr: nothing is near
  } kCases[] = {
      {IdScheme::kKvm, "SCTRL_EL1", "SCTLR_EL1"},
      {IdScheme::kKvm, "sctlr_el", "SCTLR_EL1"},
      {IdScheme::kKvm, "TPIDRR0_EL0", "TPIDRRO_EL0"},
      {IdScheme::kTcg, "CONTEXTIDDR_S", "CONTEXTIDR_S"},
      {IdScheme::kTcg, "ID_ISAR9", "ID_ISAR0"},
      {IdScheme::kKvm, "quatsch und kein register", nullptr},
      {IdScheme::kKvm, "", nullptr},
      {IdScheme::kKvm, std::string(1 << 20, 'X'), nullptr},
  };
  for (const auto& test : kCases) {
    const absl::StatusOr<RegisterId> id = ParseRegisterName(test.name, test.scheme);
    ASSERT_FALSE(id.ok()) << test.name;
    EXPECT_EQ(id.status().code(), absl::StatusCode::kInvalidArgument);
    const absl::optional<ErrorInfo> info = GetErrorInfo(id.status());
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->reason, ErrorReason::kRegisterNameUnknown);
    EXPECT_LT(id.status().message().size(), 300u);
    const auto nearest = info->metadata.find("nearest");
    if (test.nearest == nullptr) {
      EXPECT_TRUE(nearest == info->metadata.end()) << nearest->second;
    } else {
      ASSERT_TRUE(nearest != info->metadata.end()) << test.name;
      EXPECT_EQ(nearest->second, test.nearest);
      EXPECT_TRUE(absl::StrContains(id.status().message(), test.nearest)) << id.status();
    }
  }
}

TEST(CatalogNameTest, MalformedNamesAreRefused) {
  const std::string kNames[] = {"S4_0_C0_C0_0",
                                "S3_8_C0_C0_0",
                                "S3_0_C16_C0_0",
                                "S3_0_C0_C0_8",
                                "S3_0_C01_C0_0",
                                "S3_0_C0_C0",
                                "S3_0_C0_C0_0_0",
                                "S3_0_0_C0_0",
                                "S+3_0_C0_C0_0",
                                "S3_0_C0_C0_0_S",
                                "p16,0,c0,c0,0",
                                "p15,16,c0,c0,0",
                                "p15,0,c16,c0,0",
                                "p15,0,c0,c0,8",
                                "p15,0,c0,c0",
                                "p15, 0, c0",
                                "p15,0,c-1,c0,0",
                                "SCTLR_EL1_NS",
                                "SCTLR_EL1_S",
                                "R0_S",
                                "R0_NS",
                                "SCTLR_NS_NS",
                                "_NS",
                                "_S",
                                "0x",
                                "0x603000000013c08g",
                                std::string("X0\0", 3),
                                "X31",
                                "V32",
                                "D32"};
  for (const std::string& name : kNames) {
    for (IdScheme scheme : {IdScheme::kKvm, IdScheme::kTcg}) {
      const absl::StatusOr<RegisterId> id = ParseRegisterName(name, scheme);
      ASSERT_FALSE(id.ok()) << name << " is " << id->ToString();
      EXPECT_EQ(GetErrorInfo(id.status())->reason, ErrorReason::kRegisterNameUnknown) << name;
    }
  }
  // Numbers that are no ID.
  for (const char* name : {"0x0", "0x1030000000000000", "0x6090000000000000"}) {
    const absl::StatusOr<RegisterId> id = ParseRegisterName(name, IdScheme::kKvm);
    ASSERT_FALSE(id.ok()) << name;
    EXPECT_EQ(GetErrorInfo(id.status())->reason, ErrorReason::kRegisterIdInvalid) << name;
  }
  // The scheme's own suffix only.
  EXPECT_FALSE(ParseRegisterName("SCTLR_NS", IdScheme::kTcg).ok());
  EXPECT_FALSE(ParseRegisterName("SCTLR_S", IdScheme::kKvm).ok());
  EXPECT_FALSE(ParseRegisterName("TIMER_CNT", IdScheme::kTcg).ok());
}

// Parsing a name gives the ID back, so no two IDs share a name.
void ExpectRoundTrip(uint64_t raw) {
  for (IdScheme scheme : {IdScheme::kKvm, IdScheme::kTcg}) {
    const std::string name = RegisterName(Id(raw), scheme);
    const absl::StatusOr<RegisterId> parsed = ParseRegisterName(name, scheme);
    ASSERT_TRUE(parsed.ok()) << name << ": " << parsed.status();
    ASSERT_EQ(parsed->raw(), raw) << name;
  }
}

TEST(CatalogNameTest, RoundTripOfEverySystemRegister) {
  for (uint64_t low = 0; low <= 0xffff; ++low) ExpectRoundTrip(0x6030000000130000 | low);
}

TEST(CatalogNameTest, RoundTripOfEveryCoprocessorRegister) {
  for (uint64_t coprocessor : {0, 10, 14, 15}) {
    for (uint64_t low = 0; low <= 0xffff; ++low) {
      for (uint64_t upper : {0x4020000000000000, 0x4020000020000000, 0x4030000000000000, 0x4030000020000000}) {
        ExpectRoundTrip(upper | coprocessor << 16 | low);
      }
    }
  }
}

TEST(CatalogNameTest, RoundTripOfRandomIds) {
  constexpr unsigned kSeed = 20130314;
  SCOPED_TRACE(absl::StrCat("seed ", kSeed));
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 100000; ++i) {
    const uint64_t architecture = random() % 2 == 0 ? 0x40 : 0x60;
    const uint64_t head = architecture << 56 | (random() % 9) << 52;
    // Half of them near what is used: a class, and few other bits.
    const uint64_t tail =
        random() % 2 == 0 ? random() & 0xfffffffffffff : (random() % 0x18) << 16 | (random() & 0x2000ffff);
    ExpectRoundTrip(head | tail);
  }
}

TEST(CatalogNameTest, EveryRecordedIdHasAReadableName) {
  std::ifstream file = OpenData("recorded_register_ids.txt");
  std::string line;
  int count = 0;
  while (std::getline(file, line)) {
    if (line[0] == '#') continue;
    const IdScheme scheme = absl::StartsWith(line, "tcg ") ? IdScheme::kTcg : IdScheme::kKvm;
    const uint64_t raw = std::stoull(line.substr(4), nullptr, 16);
    const std::string name = RegisterName(Id(raw), scheme);
    EXPECT_FALSE(absl::StartsWith(name, "0x")) << line;
    ExpectRoundTrip(raw);
    ++count;
  }
  EXPECT_EQ(count, 813);
}

// LLVM's disassembler is the second opinion. It knows the system register encodings of the core registers by the same
// names.
TEST(CatalogNameTest, SystemRegistersAreCalledAsLlvmCallsThem) {
  std::ifstream file = OpenData("aarch64_names.txt");
  std::string line;
  int count = 0;
  while (std::getline(file, line)) {
    if (line[0] == '#') continue;
    std::istringstream parts(line);
    unsigned op0, op1, crn, crm, op2;
    std::string name;
    parts >> op0 >> op1 >> crn >> crm >> op2 >> name;
    ASSERT_FALSE(parts.fail()) << line;
    const std::string ours = RegisterName(RegisterId::System(op0, op1, crn, crm, op2), IdScheme::kTcg);
    // The manual has TRCEXTINSELR<n>; LLVM prints ETMv4's name of the first.
    if (name == "TRCEXTINSELR") name = "TRCEXTINSELR0";
    EXPECT_TRUE(ours == name || ours == name + "_SYSREG") << line << ": " << ours;
    ++count;
  }
  EXPECT_EQ(count, 929);
}

}  // namespace
}  // namespace armstate
