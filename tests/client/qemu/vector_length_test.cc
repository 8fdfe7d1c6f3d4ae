#include "client/qemu/vector_length.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace armstate {
namespace {

// Arm ARM encodings: ZCR_ELx S3_{0,4,6}_C1_C2_0, SMCR_ELx ..._6, VBAR_ELx S3_{4,6}_C12_C0_0, HCR_EL2 S3_4_C1_C1_0,
// SCR_EL3 S3_6_C1_C1_0, SVCR S3_3_C4_C2_2.
constexpr uint64_t kPstate = 0x6030000000100042;
constexpr uint64_t kZcrEl1 = 0x603000000013c090;
constexpr uint64_t kZcrEl2 = 0x603000000013e090;
constexpr uint64_t kZcrEl3 = 0x603000000013f090;
constexpr uint64_t kSmcrEl1 = 0x603000000013c096;
constexpr uint64_t kVbarEl2 = 0x603000000013e600;
constexpr uint64_t kVbarEl3 = 0x603000000013f600;
constexpr uint64_t kHcrEl2 = 0x603000000013e088;
constexpr uint64_t kScrEl3 = 0x603000000013f088;
constexpr uint64_t kSvcr = 0x603000000013da12;

struct Case {
  const char* name;
  std::vector<std::pair<uint64_t, uint64_t>> registers;
  unsigned bits;
};

class VectorLengthTest : public testing::TestWithParam<Case> {};

TEST_P(VectorLengthTest, IsTheSmallestThatTheLevelsAllow) {
  RegisterListBuilder builder;
  for (const auto& [id, value] : GetParam().registers) builder.Add(*RegisterId::Create(id), value);
  EXPECT_EQ(MaxVectorBits(*std::move(builder).Build()), GetParam().bits);
}

INSTANTIATE_TEST_SUITE_P(
    All, VectorLengthTest,
    testing::Values(
        Case{"NothingKnown", {}, 2048}, Case{"El1", {{kPstate, 5}, {kZcrEl1, 3}}, 512},
        Case{"El0UnderEl1", {{kPstate, 0}, {kZcrEl1, 7}}, 1024},
        Case{"ReservedBitsDoNotCount", {{kPstate, 5}, {kZcrEl1, 0x1f0}}, 128},
        Case{"El2OfACpuWithoutEl2", {{kPstate, 5}, {kZcrEl1, 15}, {kZcrEl2, 0}}, 2048},
        Case{"El2Limits", {{kPstate, 5}, {kZcrEl1, 15}, {kZcrEl2, 1}, {kVbarEl2, 0}}, 256},
        Case{"El2SwitchedOff", {{kPstate, 5}, {kZcrEl1, 15}, {kZcrEl2, 1}, {kVbarEl2, 0}, {kScrEl3, 0}}, 2048},
        Case{"El3Limits", {{kPstate, 5}, {kZcrEl1, 15}, {kZcrEl3, 0}, {kVbarEl3, 0}}, 128},
        Case{"AtEl2El1DoesNotCount", {{kPstate, 9}, {kZcrEl1, 0}, {kZcrEl2, 9}, {kVbarEl2, 0}}, 1280},
        Case{"HostEl0", {{kPstate, 0}, {kZcrEl1, 0}, {kZcrEl2, 8}, {kVbarEl2, 0}, {kHcrEl2, 1 << 27}}, 1152},
        Case{"Streaming", {{kPstate, 5}, {kZcrEl1, 0}, {kSmcrEl1, 15}, {kSvcr, 1}}, 2048},
        Case{"NotStreaming", {{kPstate, 5}, {kZcrEl1, 0}, {kSmcrEl1, 15}, {kSvcr, 2}}, 128}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace armstate
