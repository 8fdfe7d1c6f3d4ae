// The filter of SearchRegisters. Register IDs and field positions are the Arm ARM's, DDI 0487.
#include "server/search/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/error.h"

namespace armstate {
namespace {

constexpr RegisterId kSctlrEl1 = RegisterId::System(3, 0, 1, 0, 0);
constexpr RegisterId kIdAa64pfr0El1 = RegisterId::System(3, 0, 0, 4, 0);
constexpr RegisterId kTtbr0El1 = RegisterId::System(3, 0, 2, 0, 0);
constexpr RegisterId kV0 = RegisterId::Known<0x6040'0000'0010'0054>();

// A vCPU with its MMU on (SCTLR_EL1.M, bit 0), without SVE (ID_AA64PFR0_EL1.SVE, bits 35-32) and without FP (bits 19-16
// are 0b1111).
class FilterTest : public testing::Test {
 protected:
  FilterTest() {
    auto traits = std::make_shared<SharedMetadata>();
    traits->source.set_accelerator(v1::ACCELERATOR_KVM);
    traits->source.set_host("rack7-host3");
    traits->source.set_host_kernel("6.12.5");
    traits->source.add_vcpu_features("pmu");
    traits->labels = {{"team", "web"}, {"empty", ""}};
    metadata_.vm = "web-1";
    metadata_.version = 7;
    metadata_.create_time = int64_t{1'700'000'000} * 1'000'000'000;  // 2023-11-14T22:13:20Z
    metadata_.vcpu_count = 2;
    metadata_.traits = traits;
    RegisterListBuilder builder;
    builder.Add(kSctlrEl1, 0x30d0'0801);
    builder.Add(kIdAa64pfr0El1, 0x0000'0000'00ff'0022);
    builder.Add(kTtbr0El1, 0xffff'ffff'ffff'ffff);
    builder.AddBytes(kV0, std::string(15, '\0') + "\x01");  // 2^120
    registers_ = *std::move(builder).Build();
  }

  bool Matches(absl::string_view text) {
    const absl::StatusOr<Filter> filter = Filter::Parse(text);
    if (!filter.ok()) ADD_FAILURE() << text << ": " << filter.status();
    return filter.ok() && filter->Matches(metadata_, 1, registers_);
  }

  IndexedMetadata metadata_;
  RegisterList registers_;
};

TEST_F(FilterTest, ComparesRegistersAndFields) {
  for (const char* text : {
           "SCTLR_EL1.M = 1",
           "sctlr_el1.m = 1",
           "SCTLR_EL1.M=1",
           "SCTLR_EL1 = 0x30d00801",
           "SCTLR_EL1 = 818939905",
           "0x603000000013c080 = 0x30d00801",
           "SCTLR_EL1 > 0x30d00800",
           "SCTLR_EL1 >= 0x30d00801",
           "SCTLR_EL1 <= 0x30d00801",
           "SCTLR_EL1.C != 1",
           "TTBR0_EL1 > 1",  // unsigned: not -1
           "TTBR0_EL1 = 0xffffffffffffffff",
           "TTBR0_EL1:*",
           "SCTLR_EL1.M = true",
           "V0 = 0x1000000000000000000000000000000",
           "V0 > 0xffffffffffffffffffffffffffffff",
       }) {
    EXPECT_TRUE(Matches(text)) << text;
  }
  for (const char* text : {
           "SCTLR_EL1.M = 0",
           "SCTLR_EL1 < 0x30d00801",
           "SCTLR_EL1 != 0x30d00801",
           "V0 = 0",
           "V0 < 5",
           "VBAR_EL1 = 0",   // not in the list
           "VBAR_EL1 != 0",  // neither
           "VBAR_EL1:*",
       }) {
    EXPECT_FALSE(Matches(text)) << text;
  }
}

// ID_AA64PFR0_EL1.FP is signed (DDI 0487, "Principles of the ID scheme"): 0b1111, not implemented, is below 0.
TEST_F(FilterTest, ComparesSignedFieldsAsSigned) {
  EXPECT_TRUE(Matches("ID_AA64PFR0_EL1.FP < 0"));
  EXPECT_TRUE(Matches("ID_AA64PFR0_EL1.FP = -1"));
  EXPECT_TRUE(Matches("ID_AA64PFR0_EL1.FP = 0xf"));
  EXPECT_FALSE(Matches("ID_AA64PFR0_EL1.FP >= 0"));
  EXPECT_FALSE(Matches("ID_AA64PFR0_EL1.SVE >= 1"));
}

TEST_F(FilterTest, ComparesMetadata) {
  for (const char* text : {
           R"(vm = "web-1")",
           "vm = web-*",
           "vm = *-1",
           "vm:eb",
           "version = 7 vcpu = 1 vcpu_count = 2",
           R"(labels.team = "web")",
           "labels:team",
           "labels.empty = \"\"",
           "labels.team != db",
           "source.accelerator = KVM",
           "source.accelerator != \"TCG\"",
           "source.host_kernel = 6.12.*",
           "source.vcpu_features:pmu",
           "create_time >= \"2023-11-14T22:13:20Z\"",
           "create_time < \"2023-11-14T23:13:20.5+00:30\"",
       }) {
    EXPECT_TRUE(Matches(text)) << text;
  }
  for (const char* text : {
           "vm = web",
           "vm != web-*",
           "labels.owner = \"\"",
           "labels.owner != \"x\"",
           "labels:owner",
           "source.vcpu_features:sve",
           "capture_time > \"1970-01-01T00:00:00Z\"",  // there is none
           "vcpu = 0",
       }) {
    EXPECT_FALSE(Matches(text)) << text;
  }
}

// aip.dev/160: "OR has higher precedence than AND", and factors beside each other are joined by AND.
TEST_F(FilterTest, JoinsAsAip160) {
  EXPECT_FALSE(Matches("version = 7 OR version = 8 AND version = 9"));
  EXPECT_TRUE(Matches("(version = 7) OR (version = 8 AND version = 9)"));
  EXPECT_FALSE(Matches("version = 7 version = 8 OR version = 9"));
  EXPECT_TRUE(Matches("NOT version = 8"));
  EXPECT_TRUE(Matches("-version = 8 AND -(version = 8 OR version = 9)"));
  EXPECT_TRUE(Matches("NOT (NOT version = 7)"));
  EXPECT_TRUE(Matches("NOT VBAR_EL1 = 0"));
}

struct BadFilter {
  const char* text;
  const char* position;
  const char* says;
  const char* nearest = "";
};

TEST_F(FilterTest, ErrorsNameThePositionAndTheNearestName) {
  for (const BadFilter& bad : {
           BadFilter{"", "0", "empty"},
           BadFilter{"SCTLR_EL1.M", "11", "= != < <= > >= :"},
           BadFilter{"SCTLR_EL1.M =", "13", "a value"},
           BadFilter{"vcpu = 0 AND SCTRL_EL1 = 0", "13", "SCTLR_EL1", "SCTLR_EL1"},
           BadFilter{"SCTLR_EL1.MM = 0", "0", "no field", "SCTLR_EL1.M"},
           BadFilter{"SCTLR_EL1.M = 2", "14", "0 to 1"},
           BadFilter{"ID_AA64PFR0_EL1.FP = 16", "21", "-8 to 15"},
           BadFilter{"SCTLR_EL1 = 0x1ffffffffffffffff", "12", "64 bits"},
           BadFilter{"SCTLR_EL1 = abc", "12", "not a number"},
           BadFilter{"SCTLR_EL1 = 0xg", "12", "not a number"},
           BadFilter{"SCTLR_EL1 = -1", "12", "never negative"},
           BadFilter{"(SCTLR_EL1.M = 0", "0", "not closed"},
           BadFilter{"SCTLR_EL1.M = 0)", "15", "AND or OR"},
           BadFilter{"SCTLR_EL1.M = \"0", "14", "quote"},
           BadFilter{"SCTLR_EL1.M ! 0", "12", "NOT"},
           BadFilter{"AND vcpu = 0", "0", "a register"},
           BadFilter{"vcpu = 0 AND", "12", "the end"},
           BadFilter{"source.acelerator = KVM", "0", "source.accelerator", "source.accelerator"},
           BadFilter{"source.accelerator = XEN", "21", "TCG, KVM, HVF or ENGINE"},
           BadFilter{"vm > 3", "5", "is text"},
           BadFilter{"create_time > yesterday", "14", "2026-11-22"},
           BadFilter{"source.vcpu_features = sve", "23", "collection"},
           BadFilter{"verson = 1", "0", "version", "version"},
       }) {
    const absl::Status status = Filter::Parse(bad.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad.text;
    const absl::optional<ErrorInfo> info = GetErrorInfo(status);
    ASSERT_TRUE(info) << bad.text;
    EXPECT_EQ(info->reason, ErrorReason::kFilterInvalid) << bad.text;
    EXPECT_EQ(info->metadata.at("position"), bad.position) << bad.text;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(bad.says)) << bad.text;
    if (*bad.nearest != '\0') EXPECT_EQ(info->metadata.at("nearest"), bad.nearest) << bad.text;
  }
}

TEST_F(FilterTest, HostileFiltersEndWithAnError) {
  EXPECT_FALSE(Filter::Parse(std::string(4000, '(')).ok());
  EXPECT_FALSE(Filter::Parse(std::string(4000, '-') + "vcpu = 0").ok());
  std::string nots;
  for (int i = 0; i < 800; ++i) nots += "NOT ";
  EXPECT_FALSE(Filter::Parse(nots + "vcpu = 0").ok());
  EXPECT_FALSE(Filter::Parse(std::string(5000, ' ') + "vcpu = 0").ok());
  EXPECT_FALSE(Filter::Parse("X0 = 0x" + std::string(600, '1')).ok());
}

}  // namespace
}  // namespace armstate
