#include "proto/cpu_profile_conversion.h"

#include <string>

#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Lines 1 to 3 of most texts below.
constexpr char kHead[] =
    "name: \"cpuProfiles/small\"\n"
    "accelerator: ACCELERATOR_TCG\n"
    "hypervisor: \"QEMU\"\n";

TEST(CpuProfileConversion, ParsesText) {
  const absl::StatusOr<ParsedCpuProfile> parsed = ParseCpuProfileText(
      "# a comment\n"
      "name: \"cpuProfiles/small.v1\"\n"
      "accelerator: ACCELERATOR_KVM\n"
      "registers { id: 0x40200000000f0800 reset: 0xc50078 writable: 0xffffffff view { id: 0x603000000013c080 } }\n"
      "registers { id: 0x603000000013c080 reset: 0xc50078 writable: 0xffffffffffffffff }\n"
      "registers { id: 0x6040000000100054 reset: 1 reset: 0x200000000000000 writable: 0xff }\n");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->message.register_count(), 3);
  const CpuProfile& profile = *parsed->profile;
  EXPECT_EQ(profile.name(), "small.v1");
  EXPECT_EQ(profile.scheme(), IdScheme::kKvm);
  ASSERT_EQ(profile.reset().size(), 3u);
  EXPECT_EQ(profile.reset().value(0), std::string("\x78\x00\xc5\x00", 4));
  EXPECT_EQ(profile.reset().value(2), std::string("\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02", 16));
  EXPECT_EQ(profile.writable(),
            "\xff\xff\xff\xff"
            "\xff\xff\xff\xff\xff\xff\xff\xff"
            "\xff" +
                std::string(15, '\0'));
  EXPECT_EQ(profile.owners()[0], 1u);
  EXPECT_EQ(profile.owners()[1], 1u);
}

TEST(CpuProfileConversion, FieldsLeftOutAreZero) {
  const absl::StatusOr<ParsedCpuProfile> parsed =
      ParseCpuProfileText(std::string(kHead) + "registers { id: 0x603000000013c080 }\n");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->profile->scheme(), IdScheme::kTcg);
  EXPECT_EQ(parsed->profile->reset().values(), std::string(8, '\0'));
  EXPECT_EQ(parsed->profile->writable(), std::string(8, '\0'));
}

TEST(CpuProfileConversion, ErrorsNameTheLineAndTheRegister) {
  struct {
    const char* name;
    std::string text;
    const char* begins;
    const char* says;
    const char* line;
    const char* register_id;
  } const kCases[] = {
      {"syntax", std::string(kHead) + "registers { id 1 }\n", "line 4, column 16: ", "", "4", ""},
      {"not a number", std::string(kHead) + "registers { id: 0x60300000001\n  zz }\n", "line 5, column 6: ", "zz", "5",
       ""},
      {"unknown field", std::string(kHead) + "registers { id: 1 size: 2 }\n", "line 4, column 23: ", "size", "4", ""},
      {"unknown accelerator", "name: \"cpuProfiles/a\"\naccelerator: XEN hypervisor: \"\"\n",
       "line 2, column 18: ", "XEN", "2", ""},
      {"number too large", std::string(kHead) + "registers { id: 0x1ffffffffffffffff }\n", "line 4, ", "", "4", ""},
      {"bad name", "accelerator: ACCELERATOR_TCG\nname: \"small\"\n", "line 2, column 1: ", "cpuProfiles/{profile}",
       "2", ""},
      {"no name", "accelerator: ACCELERATOR_TCG\n", "line 1, column 1: ", "cpuProfiles/{profile}", "1", ""},
      {"no accelerator", "name: \"cpuProfiles/a\"\n", "line 1, column 1: ", "TCG or KVM", "1", ""},
      {"engine", "name: \"cpuProfiles/a\"\naccelerator: ACCELERATOR_ENGINE\n", "line 2, column 1: ", "TCG or KVM", "2",
       ""},
      {"no ID", std::string(kHead) + "registers { id: 0x1 }\n", "line 4, column 1: ", "no register ID", "4",
       "0x0000000000000001"},
      {"unsorted",
       std::string(kHead) + "registers { id: 0x603000000013c100 }\n\n  registers { id: 0x603000000013c080 }\n",
       "line 6, column 3: ", "not above", "6", "0x603000000013c080"},
      {"twice", std::string(kHead) + "registers { id: 0x603000000013c080 }\nregisters { id: 0x603000000013c080 }\n",
       "line 5, column 1: ", "not above", "5", "0x603000000013c080"},
      {"wide reset", std::string(kHead) + "registers { id: 0x40200000000f0800 reset: 0x100000000 }\n",
       "line 4, column 1: ", "reset is wider than the 32 bits", "4", "0x40200000000f0800"},
      {"wide mask", std::string(kHead) + "registers { id: 0x603000000013c080 writable: 0 writable: 1 }\n",
       "line 4, column 1: ", "writable is wider than the 64 bits", "4", "0x603000000013c080"},
      {"view of nothing", std::string(kHead) + "registers { id: 0x40200000000f0800 view { id: 0x603000000013c080 } }\n",
       "line 4, column 1: ", "0x603000000013c080", "4", "0x40200000000f0800"},
      {"view of no register", std::string(kHead) + "registers { id: 0x40200000000f0800 view { id: 7 } }\n",
       "line 4, column 1: ", "no register ID", "4", "0x40200000000f0800"},
  };
  for (const auto& test : kCases) {
    const absl::Status status = ParseCpuProfileText(test.text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << test.name;
    EXPECT_THAT(std::string(status.message()), StartsWith(test.begins)) << test.name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(test.says)) << test.name;
    absl::optional<ErrorInfo> info = GetErrorInfo(status);
    ASSERT_TRUE(info) << test.name;
    EXPECT_EQ(info->reason, ErrorReason::kCpuProfileMalformed) << test.name;
    EXPECT_EQ(info->metadata["line"], test.line) << test.name;
    EXPECT_EQ(info->metadata["register_id"], test.register_id) << test.name;
  }
}

TEST(CpuProfileConversion, DeepNestingIsAnError) {
  std::string text = kHead;
  for (int i = 0; i < 100000; ++i) text += "registers { view {";
  EXPECT_EQ(ParseCpuProfileText(text).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(CpuProfileConversion, WithoutTextThereIsNoLine) {
  v1::CpuProfile message;
  message.set_name("cpuProfiles/a");
  message.set_accelerator(v1::ACCELERATOR_KVM);
  message.add_registers()->set_id(1);
  absl::optional<ErrorInfo> info = GetErrorInfo(CpuProfileFromProto(message).status());
  ASSERT_TRUE(info);
  EXPECT_EQ(info->reason, ErrorReason::kCpuProfileMalformed);
  EXPECT_EQ(info->metadata["register_id"], "0x0000000000000001");
  EXPECT_EQ(info->metadata.count("line"), 0u);
}

}  // namespace
}  // namespace armstate
