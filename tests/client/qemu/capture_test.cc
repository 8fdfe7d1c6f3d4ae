#include "client/qemu/capture.h"

#include <cstdint>
#include <map>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/qemu/corpus.h"
#include "tests/client/qemu/expected_registers.h"

namespace armstate {
namespace {

using ::nlohmann::json;
using ::testing::IsEmpty;

// The field's bytes in hexadecimal; "none" if the vCPU has no such field.
std::string OpaqueHex(const VcpuState& vcpu, const std::string& name) {
  for (const OpaqueField& field : vcpu.opaque_fields) {
    if (field.name == name) return absl::BytesToHexString(field.data);
  }
  return "none";
}

class CorpusTest : public testing::TestWithParam<std::string> {};

TEST_P(CorpusTest, RegistersAreWhatAnIndependentParserFound) {
  const std::string stream = CorpusStream(GetParam());
  const absl::StatusOr<QemuCapture> capture = CaptureQemuStream(stream);
  ASSERT_TRUE(capture.ok()) << capture.status();
  EXPECT_THAT(capture->notes, IsEmpty());
  EXPECT_THAT(capture->gaps, IsEmpty());
  const std::vector<json> lists = CorpusLists(GetParam());
  ASSERT_EQ(capture->vcpus.size(), lists.size());
  for (size_t i = 0; i < lists.size(); ++i) {
    EXPECT_EQ(capture->machine_type, lists[i]["machine"]);
    const VcpuState& vcpu = capture->vcpus[i];
    EXPECT_EQ(vcpu.vcpu_index, static_cast<int>(i));
    std::map<uint64_t, std::string> got;
    for (size_t k = 0; k < vcpu.registers.size(); ++k) {
      got[vcpu.registers.id(k).raw()] = FormatValue(vcpu.registers.value(k));
    }
    EXPECT_EQ(got, ExpectedRegisters(lists[i])) << "vCPU " << i;
  }
}

TEST_P(CorpusTest, FieldsWithoutRegistersAreKept) {
  const absl::StatusOr<QemuCapture> capture = CaptureQemuStream(CorpusStream(GetParam()));
  ASSERT_TRUE(capture.ok()) << capture.status();
  const std::vector<json> lists = CorpusLists(GetParam());
  ASSERT_EQ(capture->vcpus.size(), lists.size());
  for (size_t i = 0; i < lists.size(); ++i) {
    const VcpuState& vcpu = capture->vcpus[i];
    EXPECT_EQ(OpaqueHex(vcpu, "cpu"), "00000016");
    // What is all zeros is left out.
    for (const char* name : {"env.exclusive_addr", "env.exception.syndrome", "env.exception.vaddress", "gt_timer[0]",
                             "gt_timer[1]", "power_state"}) {
      const std::string value = lists[i]["core"][name];
      const bool zero = value.find_first_not_of('0') == std::string::npos;
      EXPECT_EQ(OpaqueHex(vcpu, name), zero ? "none" : value) << name;
    }
    for (const json& subsection : lists[i]["subsections"]) {
      const std::string name = subsection[0];
      EXPECT_EQ(OpaqueHex(vcpu, name) == "none", absl::StartsWith(name, "cpu/m/")) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, CorpusTest, testing::ValuesIn(CorpusNames()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (!isalnum(c)) c = '_';
  }
  return name;
});

}  // namespace
}  // namespace armstate
