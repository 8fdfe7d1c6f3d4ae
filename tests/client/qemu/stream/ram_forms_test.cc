// Streams whose RAM is not in pages on the way: mapped-ram, x-ignore-shared, multifd. Recorded from QEMU 11.1 of one
// guest (tests/data/README.md); where they begin in their files is known from how they were made.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/qemu/stream/migration_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/qemu/stream/stream_builder.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Form(const std::string& name) {
  return ReadZstdFile("tests/data/qemu-versions/forms/11.1.cortex-a57." + name + ".zst");
}

struct FormCase {
  const char* name;
  size_t stream_offset;
  bool mapped;
  std::vector<std::string> capabilities;
};

class FormTest : public testing::TestWithParam<FormCase> {};

TEST_P(FormTest, IsRead) {
  const std::string file = Form(GetParam().name);
  const absl::StatusOr<MigrationStream> stream =
      ParseMigrationStream(absl::string_view(file).substr(GetParam().stream_offset));
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_EQ(stream->machine_type, "virt-11.1");
  EXPECT_EQ(stream->capabilities, GetParam().capabilities);
  EXPECT_EQ(stream->file_offset.has_value(), GetParam().mapped);
  if (stream->file_offset) EXPECT_EQ(*stream->file_offset, GetParam().stream_offset);
  EXPECT_TRUE(stream->has_description);
  EXPECT_THAT(stream->notes, IsEmpty());
  ASSERT_THAT(stream->vcpus, SizeIs(1));
  // As many as QEMU 11.1 lists of a cortex-a57.
  EXPECT_EQ(stream->vcpus[0].cpu.register_count, 274u);
}

INSTANTIATE_TEST_SUITE_P(
    All, FormTest,
    testing::Values(FormCase{"file", 0, false, {}}, FormCase{"ignore-shared", 0, false, {"x-ignore-shared"}},
                    FormCase{"mapped-ram", 0, true, {"mapped-ram"}},
                    FormCase{"mapped-ram-multifd", 0, true, {"mapped-ram"}},
                    FormCase{"mapped-ram-ignore-shared", 0, true, {"x-ignore-shared", "mapped-ram"}},
                    FormCase{"fdset-offset", 65536, true, {"mapped-ram"}}),
    [](const auto& info) {
      std::string name = info.param.name;
      for (char& c : name) {
        if (c == '-') c = '_';
      }
      return name;
    });

// What else QEMU does with RAM, recorded as tests/data/README.md says.
TEST(RamRecordsTest, RecordedStreams) {
  const std::string multifd = Form("multifd-main");
  absl::StatusOr<MigrationStream> stream = ParseMigrationStream(multifd);
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_THAT(stream->notes, ElementsAre("guest RAM is not in the stream: it went over multifd's other channels"));
  // A full section before RAM: virtio-mem-device-early.
  const std::string virtio_mem = Form("virtio-mem");
  ASSERT_LT(virtio_mem.find("virtio-mem-device-early"), virtio_mem.find("\x03ram"));
  stream = ParseMigrationStream(virtio_mem);
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_THAT(stream->vcpus, SizeIs(1));
  const std::string compressed = ReadZstdFile("tests/data/qemu-versions/forms/7.2.cortex-a57.compress.zst");
  stream = ParseMigrationStream(compressed);
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_THAT(stream->vcpus, SizeIs(1));
}

// A small mapped-ram stream by hand, after the table of docs/qemu-stream.md.
struct MappedRam {
  uint32_t version = 1;
  uint64_t page_size = 4096;
  uint64_t bitmap_offset = 0;  // 0: right
  uint64_t pages_offset = 12288;
  uint64_t base = 0;
  std::string records = BigEndian(0x10, 8);
};

std::string Configuration(const std::string& capability) {
  return "\x07" + BigEndian(4, 4) + "virt" + Subsection("configuration/target-page-bits", 1, BigEndian(12, 4)) +
         Subsection("configuration/capabilities", 1, BigEndian(1, 4) + Counted(capability));
}

std::string Devices() {
  return FullSection(2, "cpu_common", 0, 1, std::string(8, '\0')) +
         FullSection(3, "cpu", 0, 22, CpuSection22(0xd3, {})) + std::string(1, '\0');
}

std::string Stream(const MappedRam& ram) {
  std::string stream = StreamHeader() + Configuration("mapped-ram") + "\x01" + BigEndian(1, 4) + Counted("ram") +
                       BigEndian(0, 4) + BigEndian(4, 4) + BigEndian(8192 | 0x04, 8) + Counted("r") +
                       BigEndian(8192, 8);
  const uint64_t bitmap = ram.base + stream.size() + 28;
  stream += BigEndian(ram.version, 4) + BigEndian(ram.page_size, 8) +
            BigEndian(ram.bitmap_offset == 0 ? bitmap : ram.bitmap_offset, 8) + BigEndian(ram.pages_offset, 8) +
            std::string(8, '\x03');
  stream.resize(12288 - ram.base, '\0');
  stream += std::string(8192, 'p');
  return stream + ram.records + "\x7e" + BigEndian(1, 4) + Devices();
}

std::string Refusal(const std::string& stream) { return std::string(ParseMigrationStream(stream).status().message()); }

TEST(MappedRamTest, OffsetsCountFromTheBeginningOfTheFile) {
  for (const uint64_t base : {0, 92, 4096}) {
    MappedRam ram;
    ram.base = base;
    const absl::StatusOr<MigrationStream> stream = ParseMigrationStream(Stream(ram));
    ASSERT_TRUE(stream.ok()) << stream.status();
    EXPECT_EQ(stream->file_offset, base);
    EXPECT_THAT(stream->vcpus, SizeIs(1));
  }
}

TEST(MappedRamTest, WrongHeadersAreRefused) {
  MappedRam ram;
  ram.version = 2;
  EXPECT_THAT(Refusal(Stream(ram)), HasSubstr("has version 2; only 1 is known"));
  ram = {};
  ram.page_size = 16384;
  EXPECT_THAT(Refusal(Stream(ram)), HasSubstr("pages of 16384 bytes; the target's have 4096"));
  ram = {};
  ram.bitmap_offset = 17;
  EXPECT_THAT(Refusal(Stream(ram)), HasSubstr("the bitmap of a RAM block is at offset 17 of the file, before"));
  for (const uint64_t pages_offset : {uint64_t{0}, uint64_t{12289}, ~uint64_t{4095}}) {
    ram = {};
    ram.pages_offset = pages_offset;
    EXPECT_THAT(Refusal(Stream(ram)), testing::AnyOf(HasSubstr("not a page behind their bitmap"),
                                                     HasSubstr("the stream ends in the gap before the pages")))
        << pages_offset;
  }
  ram = {};
  ram.records = BigEndian(0x08, 8);
  EXPECT_THAT(Refusal(Stream(ram)), HasSubstr("flags 0x8, although the pages are mapped"));
  // Shared blocks have no pages only where the configuration says that there are such blocks.
  ram = {};
  ram.bitmap_offset = 1;
  ram.pages_offset = 0;
  EXPECT_THAT(Refusal(Stream(ram)), HasSubstr("before its header"));
}

TEST(MappedRamTest, EveryTruncationIsRefused) {
  const std::string stream = Stream({});
  for (size_t size = 0; size < stream.size(); ++size) {
    ASSERT_FALSE(ParseMigrationStream(absl::string_view(stream).substr(0, size)).ok()) << size;
  }
}

std::string PlainRam(const std::string& records) {
  return StreamHeader() + "\x07" + BigEndian(4, 4) + "virt" +
         Subsection("configuration/target-page-bits", 1, BigEndian(12, 4)) + "\x01" + BigEndian(1, 4) + Counted("ram") +
         BigEndian(0, 4) + BigEndian(4, 4) + BigEndian(8192 | 0x04, 8) + Counted("r") + BigEndian(8192, 8) +
         BigEndian(0x10, 8) + "\x7e" + BigEndian(1, 4) + "\x03" + BigEndian(1, 4) + records + BigEndian(0x10, 8) +
         "\x7e" + BigEndian(1, 4) + Devices();
}

TEST(RamRecordsTest, MultifdsMainChannelHasNoPages) {
  const absl::StatusOr<MigrationStream> stream = ParseMigrationStream(PlainRam(BigEndian(0x200, 8)));
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_THAT(stream->notes, testing::Contains(HasSubstr("it went over multifd's other channels")));
}

TEST(RamRecordsTest, CompressedAndDifferentPagesAreSkipped) {
  const std::string records = BigEndian(0x100, 8) + Counted("r") + BigEndian(5, 4) + "zlib!" +
                              BigEndian(4096 | 0x40 | 0x20, 8) + "\x01" + BigEndian(3, 2) + "xyz";
  const absl::StatusOr<MigrationStream> stream = ParseMigrationStream(PlainRam(records));
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_THAT(stream->vcpus, SizeIs(1));
  EXPECT_THAT(Refusal(PlainRam(BigEndian(0x80, 8))), HasSubstr("flags 0x80, which this parser does not know"));
}

// A subsection of the configuration that this armstate does not know, with and without a description of its size.
TEST(ConfigurationTest, UnknownSubsectionsAreSkippedByTheDescription) {
  const std::string json =
      R"({"configuration": {"vmsd_name": "configuration", "subsections": [{"vmsd_name": "configuration/new", "fields":
      [{"name": "a", "size": 2, "array_len": 3}]}]}, "page_size": 4096, "devices": [
      {"name": "cpu_common", "instance_id": 0, "version": 1, "fields": [{"name": "a", "size": 8}]},
      {"name": "cpu", "instance_id": 0, "version": 22, "fields": [{"name": "a", "size": 637}]}]})";
  const std::string begin =
      StreamHeader() + "\x07" + BigEndian(4, 4) + "virt" + Subsection("configuration/new", 7, "abcdef");
  absl::StatusOr<MigrationStream> stream =
      ParseMigrationStream(begin + Devices() + "\x06" + BigEndian(json.size(), 4) + json);
  ASSERT_TRUE(stream.ok()) << stream.status();
  EXPECT_THAT(stream->notes,
              ElementsAre("subsection configuration/new of the configuration is not known and was skipped"));
  EXPECT_THAT(Refusal(begin + Devices()), HasSubstr("unknown subsection 'configuration/new', version 7"));
}

TEST(RamRecordsTest, SectionsInPartsAreNamed) {
  for (const auto& [name, advice] :
       std::vector<std::pair<std::string, std::string>>{{"dirty-bitmap", "without the capability dirty-bitmaps"},
                                                        {"0000:00:02.0/vfio", "unplug the guest's VFIO devices"},
                                                        {"block", "without its disks"}}) {
    const std::string stream =
        StreamHeader() + "\x01" + BigEndian(0, 4) + Counted(name) + BigEndian(0, 4) + BigEndian(1, 4);
    EXPECT_THAT(Refusal(stream), testing::AllOf(HasSubstr("section " + name + " version 1"), HasSubstr(advice)));
  }
}

}  // namespace
}  // namespace armstate
