// Tests the profiles that are stored as differences: each one expands to what a QEMU has, and together they are small.
#include "server/profiles/built_in_profiles.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/qemu/capture.h"
#include "core/engine_vcpu.h"
#include "core/error.h"
#include "google/protobuf/text_format.h"
#include "server/profiles/registry.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

constexpr uint64_t kMaxBytes = 1500000;

std::string Set(const std::string& text) {
  v1::CpuProfileSet set;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &set)) << text;
  return set.SerializeAsString();
}

TEST(BuiltInProfiles, AllFilesTogetherAreSmall) {
  uint64_t bytes = 0;
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("profiles")) {
    bytes += entry.file_size();
    files += absl::StartsWith(entry.path().filename().string(), "qemu-");
  }
  EXPECT_LE(bytes, kMaxBytes);
  EXPECT_EQ(files, (*ProfileRegistry::BuiltIn())->built_in().size());
}

TEST(BuiltInProfiles, EveryOneExpands) {
  const auto registry = *ProfileRegistry::BuiltIn();
  for (const auto& [id, index] : registry->built_in().names()) {
    const auto entry = registry->Find("cpuProfiles/" + id);
    ASSERT_TRUE(entry.ok()) << id << ": " << entry.status();
    const absl::StatusOr<v1::CpuProfile> header = registry->built_in().Header(index);
    ASSERT_TRUE(header.ok()) << id << ": " << header.status();
    EXPECT_EQ(header->register_count(), (*entry)->message.registers_size()) << id;
    EXPECT_EQ(header->registers_size(), 0);
    EXPECT_EQ(header->name(), (*entry)->message.name());
  }
}

// Streams of VMs that have not run: lists, values, and bits 63-32 of registers whose ID says 32.
TEST(BuiltInProfiles, AreWhatQemuHasAfterReset) {
  const auto registry = *ProfileRegistry::BuiltIn();
  const std::pair<const char*, const char*> cases[] = {
      {"10.0.virt.cortex-a710.mig", "qemu-10.0.virt.cortex-a710"},
      {"11.1.virt.neoverse-n2.mig", "qemu-11.1.virt.neoverse-n2"},
      {"11.1.mps3-an536.cortex-r52.devices", "qemu-11.1.mps3-an536.cortex-r52"},
  };
  int upper_halves = 0;
  for (const auto& [file, name] : cases) {
    const auto entry = registry->Find(absl::StrCat("cpuProfiles/", name));
    ASSERT_TRUE(entry.ok()) << entry.status();
    const CpuProfile& profile = *(*entry)->profile;
    const auto capture = CaptureQemuStream(ReadZstdFile(absl::StrCat("tests/data/qemu-versions/fresh/", file, ".zst")));
    ASSERT_TRUE(capture.ok()) << capture.status();
    const VcpuState& vcpu = capture->vcpus[0];
    const int vcpu_count = static_cast<int>(capture->vcpus.size());
    EXPECT_EQ(vcpu.registers.layout(), *profile.layout()) << name;
    const std::string reset = profile.ResetValues({0, vcpu_count});
    for (size_t i = 0; i < vcpu.registers.size(); ++i) {
      const RegisterId id = vcpu.registers.id(i);
      EXPECT_EQ(FormatValue(vcpu.registers.value(i)),
                FormatValue(absl::string_view(reset).substr(profile.layout()->offset(i), id.width())))
          << name << " " << id.ToString();
      std::string upper(4, '\0');
      for (const OpaqueField& field : vcpu.opaque_fields) {
        if (field.name == absl::StrCat("cpreg_vmstate_values[", id.ToString(), "]")) upper = field.data;
      }
      const uint32_t expected = profile.upper_half(i).reset;
      upper_halves += expected != 0;
      for (int byte = 0; byte < 4; ++byte) {
        EXPECT_EQ(static_cast<unsigned char>(upper[byte]), expected >> (24 - 8 * byte) & 0xff) << id.ToString();
      }
    }
  }
  EXPECT_EQ(upper_halves, 4);  // CTR and REVIDR of cortex-a710 and neoverse-n2
}

TEST(BuiltInProfiles, ADifferenceChangesAddsAndLeavesOut) {
  const std::string set = Set(R"(
    profiles { base: "a" left_out: 0x603000000013c081 same: "b2"
      profile { name: "cpuProfiles/b" accelerator: ACCELERATOR_TCG
                registers { id: 0x603000000013c080 reset: 7 } registers { id: 0x603000000013c082 reset: 2 } } }
    profiles { profile { name: "cpuProfiles/a" accelerator: ACCELERATOR_TCG cpu_model: "of a" register_count: 2
                registers { id: 0x603000000013c080 } registers { id: 0x603000000013c081 reset: 1 } } })");
  const absl::StatusOr<BuiltInProfiles> profiles = BuiltInProfiles::Create(set);
  ASSERT_TRUE(profiles.ok()) << profiles.status();
  const absl::StatusOr<v1::CpuProfile> b = profiles->Message(*profiles->Find("b2"));
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_EQ(b->name(), "cpuProfiles/b");
  EXPECT_EQ(b->cpu_model(), "");  // only registers are shared
  ASSERT_EQ(b->registers_size(), 2);
  EXPECT_EQ(b->registers(0).id(), 0x603000000013c080);
  EXPECT_EQ(b->registers(0).reset(0), 7u);
  EXPECT_EQ(b->registers(1).id(), 0x603000000013c082);
}

TEST(BuiltInProfiles, RefusesWhatCannotBeASet) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(profiles { base: "b" profile { name: "cpuProfiles/a" } })", "a: its base, b, does not exist"},
      {R"(profiles { base: "b" profile { name: "cpuProfiles/a" } } profiles { base: "a" profile { name: "cpuProfiles/b" } })",
       "a: its bases form a cycle"},
      {R"(profiles { base: "a" profile { name: "cpuProfiles/a" } })", "a: its bases form a cycle"},
      {R"(profiles { profile { name: "cpuProfiles/a" } } profiles { same: "a" profile { name: "cpuProfiles/b" } })",
       "two CPU profiles have the name a"},
  };
  for (const auto& [text, message] : cases) {
    const absl::Status status = BuiltInProfiles::Create(Set(text)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), message);
  }
  const std::string set = Set(R"(profiles { profile { name: "cpuProfiles/a" } })");
  for (size_t size = 1; size < set.size(); ++size) {
    EXPECT_FALSE(BuiltInProfiles::Create(absl::string_view(set).substr(0, size)).ok()) << size;
  }
}

TEST(BuiltInProfiles, RefusesADifferenceThatDoesNotFit) {
  const std::string set = Set(R"(
    profiles { profile { name: "cpuProfiles/a" registers { id: 0x603000000013c080 } } }
    profiles { base: "a" left_out: 0x603000000013c081 profile { name: "cpuProfiles/b" } }
    profiles { base: "a" left_out: 0x603000000013c080
               profile { name: "cpuProfiles/c" registers { id: 0x603000000013c080 } } })");
  const absl::StatusOr<BuiltInProfiles> profiles = BuiltInProfiles::Create(set);
  ASSERT_TRUE(profiles.ok()) << profiles.status();
  for (const auto& [name, id] :
       {std::make_pair("b", "0x603000000013c081"), std::make_pair("c", "0x603000000013c080")}) {
    const absl::Status status = profiles->Message(*profiles->Find(name)).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    EXPECT_EQ(GetErrorInfo(status)->metadata.at("register_id"), id);
  }
}

// Concurrent users of a profile get the same object.
TEST(BuiltInProfiles, AreMadeOnceWhileInUse) {
  const auto registry = *ProfileRegistry::BuiltIn();
  const ProfileRegistry::Entry held = *registry->Find("cpuProfiles/qemu-11.1.virt.max");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&registry, &held, t] {
      for (size_t i = t; i < registry->built_in().size(); i += 4) {
        EXPECT_TRUE(registry->Find("cpuProfiles/" + registry->built_in().id(i)).ok());
        EXPECT_EQ(*registry->Find("cpuProfiles/qemu-11.1.virt.max"), held);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace armstate
