// Streams of QEMU 7.2, 10.0 and 11.1: every one is read, and written back byte for byte. What a `cpu` section has is
// compared with QEMU's own JSON description of it, which the parser uses only for subsections that it does not know.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "client/qemu/capture.h"
#include "client/qemu/restore.h"
#include "client/qemu/stream/migration_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/qemu/stream/cpu_sections.h"
#include "tests/client/qemu/stream/stream_builder.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kFolder[] = "tests/data/qemu-versions/";
constexpr uint32_t kSvc = 0x13;
constexpr uint32_t kEl1h = 0x3c5;
constexpr uint64_t kIsar0 = 0x603000000013c030;

std::vector<std::string> Streams() {
  std::vector<std::string> files;
  for (const char* folder : {"streams/", "fresh/"}) {
    for (const auto& entry : std::filesystem::directory_iterator(std::string(kFolder) + folder)) {
      const std::string file = entry.path().filename();
      if (file.find(".mig.") != std::string::npos) files.push_back(folder + file);
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string Stream(const std::string& file) { return ReadZstdFile(kFolder + file); }

QemuCapture Captured(const std::string& stream) {
  absl::StatusOr<QemuCapture> capture = CaptureQemuStream(stream);
  EXPECT_TRUE(capture.ok()) << capture.status();
  return capture.ok() ? *std::move(capture) : QemuCapture();
}

std::string DataOf(const VcpuState& vcpu, const std::string& name) {
  for (const OpaqueField& field : vcpu.opaque_fields) {
    if (field.name == name) return field.data;
  }
  return "no such field";
}

// The description of the stream's `cpu` device, by nlohmann's parser.
nlohmann::json CpuDescription(const std::string& stream) {
  const auto json = nlohmann::json::parse(stream.substr(Outline(stream).end_of_stream + 6));
  for (const auto& device : json["devices"]) {
    if (device["name"] == "cpu") return device;
  }
  return {};
}

void AddNames(const nlohmann::json& device, std::vector<std::string>& names) {
  if (!device.contains("subsections")) return;
  for (const auto& subsection : device["subsections"]) {
    names.push_back(subsection["vmsd_name"]);
    AddNames(subsection, names);
  }
}

std::string OneCpu(const std::string& section) {
  return StreamHeader() + FullSection(0, "cpu_common", 0, 1, std::string(8, '\0')) +
         FullSection(1, "cpu", 0, 22, section) + std::string(1, '\0');
}

class ReleaseStreamTest : public testing::TestWithParam<std::string> {};

TEST_P(ReleaseStreamTest, HasWhatQemuSaysThatItHas) {
  const std::string stream = Stream(GetParam());
  const nlohmann::json described = CpuDescription(stream);
  const CpuSection cpu = Outline(stream).vcpus.at(0).cpu;
  std::vector<std::string> described_names, names;
  AddNames(described, described_names);
  for (const CpuSubsection& subsection : cpu.subsections) {
    names.push_back(subsection.name);
    EXPECT_NE(subsection.info, nullptr) << subsection.name;
  }
  EXPECT_EQ(names, described_names);
  for (const auto& field : described["fields"]) {
    if (field["name"] == "cpreg_vmstate_indexes") EXPECT_EQ(cpu.register_count, field.value("array_len", 1u));
  }
  const QemuCapture capture = Captured(stream);
  EXPECT_THAT(capture.notes, IsEmpty());
  EXPECT_THAT(capture.gaps, IsEmpty());
  EXPECT_EQ(capture.origin, ListOrigin::kTcg);
}

TEST_P(ReleaseStreamTest, IsRestoredByteForByteIntoAVmWithOtherCpuState) {
  const std::string stream = Stream(GetParam());
  const QemuCapture capture = Captured(stream);
  const std::string other = WithOtherCpuState(stream);
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(capture.vcpus, capture.machine_type, other);
  ASSERT_TRUE(restore.ok()) << restore.status();
  EXPECT_EQ(restore->verdict, Verdict::kAccepted);
  EXPECT_TRUE(ApplyPatches(other, restore->patches) == stream);
}

INSTANTIATE_TEST_SUITE_P(All, ReleaseStreamTest, testing::ValuesIn(Streams()), [](const auto& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

// QEMU 11.1 shows Neoverse-N2's CTR as 0x4b444c004: bits 63-32 are CTR_EL0's TminLine.
TEST(ReleasesTest, A32BitEntryKeepsItsUpperBits) {
  const QemuCapture capture = Captured(Stream("fresh/11.1.virt.neoverse-n2.mig.zst"));
  const auto ctr = capture.vcpus.at(0).registers.Find(*RegisterId::Create(0x40200000200f0001));
  EXPECT_EQ(ctr.value_or(""), absl::string_view("\x04\xc0\x44\xb4", 4));
  EXPECT_EQ(DataOf(capture.vcpus[0], "cpreg_vmstate_values[0x40200000200f0001]"), std::string("\0\0\0\4", 4));
}

// By QEMU's description the streams of 11.1 have a wfxt-timer in each A-profile vCPU. One of a release that is not
// made yet has another name for it.
TEST(ReleasesTest, AnUnknownSubsectionIsKeptByItsDescription) {
  std::string stream = Stream("streams/11.1.virt-11.1.cortex-a57.mig.zst");
  int renamed = 0;
  for (size_t at = stream.find("cpu/wfxt-timer"); at != std::string::npos; at = stream.find("cpu/wfxt-timer", at)) {
    stream.replace(at, 14, "cpu/new-timers");
    ++renamed;
  }
  EXPECT_EQ(renamed, 2);  // in the section and in the description
  const QemuCapture capture = Captured(stream);
  EXPECT_THAT(capture.notes, ElementsAre(HasSubstr("subsection cpu/new-timers is of a later QEMU")));
  EXPECT_EQ(DataOf(capture.vcpus.at(0), "cpu/new-timers"), std::string("\0\0\0\1", 4) + std::string(8, '\xff'));
  std::string other = stream;
  Overwrite(other, Outline(other).vcpus[0].header.payload, std::string(16, 'x'));
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(capture.vcpus, "virt-11.1", other);
  ASSERT_TRUE(restore.ok()) << restore.status();
  EXPECT_TRUE(ApplyPatches(other, restore->patches) == stream);
}

// A Cortex-R52 has 16 regions in each of two MPUs; the dump says nowhere how many, and has no description.
TEST(ReleasesTest, NestedMpuStateOfACortexR52) {
  const QemuCapture capture = Captured(Stream("fresh/11.1.mps3-an536.cortex-r52.devices.zst"));
  ASSERT_THAT(capture.vcpus, SizeIs(1));
  // Version, rbar and rlar selectors (8 bytes), 16 regions of 8 bytes; and nested in it cpu/pmsav8/pmsav8r with as
  // many.
  EXPECT_THAT(DataOf(capture.vcpus[0], "cpu/pmsav8"), SizeIs(4 + 8 + 16 * 8 + (1 + 1 + 18 + 4) + 16 * 8));
}

TEST(ReleasesTest, FpcrAndFpsrOfTheirOwn) {
  // FPCR.AH (bit 1) is not in FPSCR, so QEMU 9.1 and later sends both registers apart, and 0 for FPSCR.
  const std::string split = Subsection("cpu/vfp/fpcr_fpsr", 1, BigEndian(0x2, 8) + BigEndian(0x08000010, 8));
  const std::string section =
      CpuSection22(kEl1h, {{kIsar0, 0}}) + Subsection("cpu/vfp", 3, std::string(576, '\0')) + split;
  const QemuCapture capture = Captured(OneCpu(section));
  const RegisterList& registers = capture.vcpus.at(0).registers;
  EXPECT_EQ(registers.Find(*RegisterId::Create(0x60200000001000d5)).value_or(""), absl::string_view("\2\0\0\0", 4));
  EXPECT_EQ(registers.Find(*RegisterId::Create(0x60200000001000d4)).value_or(""), absl::string_view("\x10\0\0\x8", 4));
  // Into a VM that has not needed the subsection.
  const std::string fresh =
      OneCpu(CpuSection22(kEl1h, {{kIsar0, 0}}) + Subsection("cpu/vfp", 3, std::string(576, '\0')));
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(capture.vcpus, "", fresh);
  ASSERT_TRUE(restore.ok()) << restore.status();
  EXPECT_TRUE(ApplyPatches(fresh, restore->patches) == OneCpu(section));
}

TEST(ReleasesTest, PstateAbove32Bits) {
  const uint64_t pstate = 0x1'0000'0000 | kEl1h;
  const std::string section = CpuSection22(kEl1h, {{kIsar0, 0}}) + Subsection("cpu/pstate64", 1, BigEndian(pstate, 8));
  const QemuCapture capture = Captured(OneCpu(section));
  EXPECT_EQ(capture.vcpus.at(0).registers.Find(*RegisterId::Create(0x6030000000100042)).value_or(""),
            absl::string_view("\xc5\x03\0\0\1\0\0\0", 8));
  const std::string fresh = OneCpu(CpuSection22(0x3cd & ~0x8u, {{kIsar0, 0}}));
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(capture.vcpus, "", fresh);
  ASSERT_TRUE(restore.ok()) << restore.status();
  EXPECT_TRUE(ApplyPatches(fresh, restore->patches) == OneCpu(section));
}

TEST(ReleasesTest, HvfListsNeedNotBeSorted) {
  // SPSR_EL1 and ELR_EL1 are in no other list; TPIDR_EL1 stands before them.
  const std::string section =
      CpuSection22(kEl1h, {{0x603000000013c684, 7}, {0x603000000013c200, 1}, {0x603000000013c201, 2}, {kIsar0, 0}});
  const QemuCapture capture = Captured(OneCpu(section));
  EXPECT_EQ(capture.origin, ListOrigin::kHvf);
  EXPECT_THAT(capture.notes, Contains(HasSubstr("not sorted")));
  const std::string other = OneCpu(
      CpuSection22(kEl1h, {{0x603000000013c684, 9}, {0x603000000013c200, 9}, {0x603000000013c201, 9}, {kIsar0, 0}}));
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(capture.vcpus, "", other);
  ASSERT_TRUE(restore.ok()) << restore.status();
  EXPECT_TRUE(ApplyPatches(other, restore->patches) == OneCpu(section));
  const std::string twice = CpuSection22(kEl1h, {{0x603000000013c200, 1}, {kIsar0, 0}, {0x603000000013c200, 1}});
  EXPECT_THAT(std::string(CaptureQemuStream(OneCpu(twice)).status().message()), HasSubstr("is there twice"));
}

TEST(ReleasesTest, OtherListsMustBeSorted) {
  const std::string section = CpuSection22(kSvc, {{0x40200000200f0801, 0}, {0x40200000200f0800, 0}});
  EXPECT_THAT(std::string(CaptureQemuStream(OneCpu(section)).status().message()),
              HasSubstr("is not above the ID before it"));
}

}  // namespace
}  // namespace armstate
