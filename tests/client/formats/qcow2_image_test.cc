// Against images that qemu-img and QEMU made, and damaged ones.
#include "client/formats/qcow2_image.h"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/qemu/stream/stream_builder.h"
#include "tests/testing/run_shell.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Recorded() { return ReadZstdFile("tests/data/qemu-versions/forms/11.1.cortex-a57.savevm.qcow2.zst"); }

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// `qemu-img snapshot -l` of the recorded image: ID 1, suspend, 546 KiB.
TEST(Qcow2ImageTest, SnapshotsAreWhatQemuImgLists) {
  const std::string file = Recorded();
  const absl::StatusOr<Qcow2Image> image = Qcow2Image::Parse(file);
  ASSERT_TRUE(image.ok()) << image.status();
  ASSERT_THAT(image->snapshots(), SizeIs(1));
  const Qcow2Snapshot& snapshot = image->snapshots()[0];
  EXPECT_EQ(snapshot.id, "1");
  EXPECT_EQ(snapshot.name, "suspend");
  EXPECT_EQ((snapshot.state_size + 512) >> 10, 546u);  // it rounds
  EXPECT_EQ(snapshot.disk_size, 64u << 20);
}

TEST(Qcow2ImageTest, SnapshotsOfDisksAloneAreNotMeant) {
  const TempDir dir;
  const std::string path = dir.path() + "/a.qcow2";
  RunShell("qemu-img create -q -f qcow2 " + path + " 1M");
  std::string file = Read(path);
  EXPECT_THAT(std::string(Qcow2Image::Parse(file)->FindSnapshot("").status().message()),
              HasSubstr("has no internal snapshot; `savevm NAME`"));
  RunShell("qemu-img snapshot -c one " + path + " && qemu-img snapshot -c a-longer-name " + path);
  file = Read(path);
  const absl::StatusOr<Qcow2Image> image = Qcow2Image::Parse(file);
  ASSERT_TRUE(image.ok()) << image.status();
  ASSERT_THAT(image->snapshots(), SizeIs(2));
  EXPECT_EQ(image->snapshots()[1].name, "a-longer-name");
  EXPECT_EQ(image->snapshots()[1].disk_size, 1u << 20);
  EXPECT_THAT(std::string(image->FindSnapshot("one").status().message()), HasSubstr("are of the disk alone"));
}

TEST(Qcow2ImageTest, SeveralSnapshotsAreListed) {
  const TempDir dir;
  const std::string path = dir.path() + "/a.qcow2";
  std::ofstream(path, std::ios::binary) << Recorded();
  RunShell("qemu-img snapshot -c disk " + path);
  std::string file = Read(path);
  // The snapshot of the disk alone is made one with a VM's state: extra data, first field.
  const size_t name = file.rfind("2disk");
  ASSERT_NE(name, std::string::npos);
  const size_t entry = name - 40 - 24;
  absl::StatusOr<Qcow2Image> image = Qcow2Image::Parse(file);
  EXPECT_EQ(image->FindSnapshot("")->name, "suspend");
  file.replace(entry + 40, 8, BigEndian(4096, 8));
  image = Qcow2Image::Parse(file);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_THAT(
      std::string(image->FindSnapshot("").status().message()),
      HasSubstr("has 2 internal snapshots with a VM's state; name one with --snapshot: suspend (ID 1), disk (ID 2)"));
  EXPECT_EQ(image->FindSnapshot("disk")->id, "2");
  EXPECT_EQ(image->FindSnapshot("1")->name, "suspend");
}

struct Damage {
  const char* name;
  size_t offset;
  std::string bytes;
  const char* text;
};

// Offsets of the recorded image: its snapshot table is at 0xf0000; the snapshot's level 1 table, of 2 entries, is named
// there; of the latter the second is the state's.
class DamagedImageTest : public testing::TestWithParam<Damage> {};

absl::Status Walk(const std::string& file) {
  const absl::StatusOr<Qcow2Image> image = Qcow2Image::Parse(file);
  if (!image.ok()) return image.status();
  const absl::StatusOr<Qcow2Snapshot> snapshot = image->FindSnapshot("");
  if (!snapshot.ok()) return snapshot.status();
  return image->StateExtents(*snapshot).status();
}

TEST_P(DamagedImageTest, IsRefused) {
  std::string file = Recorded();
  file.replace(GetParam().offset, GetParam().bytes.size(), GetParam().bytes);
  EXPECT_THAT(std::string(Walk(file).message()), HasSubstr(GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(
    All, DamagedImageTest,
    testing::Values(Damage{"Version", 4, BigEndian(1, 4), "version 1 of the format"},
                    Damage{"SmallClusters", 20, BigEndian(8, 4), "clusters of 2^8 bytes"},
                    Damage{"LargeClusters", 20, BigEndian(63, 4), "clusters of 2^63 bytes"},
                    Damage{"Encrypted", 32, BigEndian(2, 4), "the image is encrypted"},
                    Damage{"DataFile", 72, BigEndian(4, 8), "the image's data is in another file"},
                    Damage{"Features", 72, BigEndian(0x100, 8), "features that are not known"},
                    Damage{"ManySnapshots", 60, BigEndian(0xffffffff, 4), "4294967295 snapshots"},
                    Damage{"MoreSnapshots", 60, BigEndian(60000, 4), "a snapshot's entry"},
                    Damage{"SnapshotsBehindTheEnd", 64, BigEndian(~uint64_t{0}, 8), "behind the end of the file"},
                    Damage{"ExtraSize", 0xf0000 + 36, BigEndian(0xffffffff, 4), "a snapshot's entry is damaged"},
                    Damage{"L1BehindTheEnd", 0xf0000, BigEndian(uint64_t{1} << 40, 8), "level 1 table is behind"},
                    Damage{"L1Size", 0xf0000 + 8, BigEndian(0xffffffff, 4), "level 1 table is behind"},
                    Damage{"L1Short", 0xf0000 + 8, BigEndian(1, 4), "level 1 table is too short"},
                    Damage{"StateHuge", 0xf0000 + 40, BigEndian(uint64_t{1} << 62, 8), "level 1 table is too short"},
                    Damage{"DiskHuge", 0xf0000 + 48, BigEndian(~uint64_t{0}, 8), "level 1 table is too short"}),
    [](const auto& info) { return info.param.name; });

// The places in the tables are found by the snapshot's own entry.
TEST(Qcow2ImageTest, EntriesOfTheTablesAreChecked) {
  const std::string good = Recorded();
  const auto number = [&](size_t at) {
    uint64_t value = 0;
    for (size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<uint8_t>(good[at + i]);
    return value;
  };
  const size_t l1 = number(0xf0000) + 8;
  const size_t l2 = number(l1) & 0x00fffffffffffe00;
  ASSERT_LT(l2, good.size());
  ASSERT_EQ(Walk(good), absl::OkStatus());
  const auto with = [&](size_t at, uint64_t value) {
    std::string file = good;
    file.replace(at, 8, BigEndian(value, 8));
    return std::string(Walk(file).message());
  };
  EXPECT_THAT(with(l1, 0x10200), HasSubstr("no cluster begins at 66048"));
  EXPECT_THAT(with(l1, uint64_t{1} << 50), HasSubstr("is behind the end of the file"));
  EXPECT_THAT(with(l2, uint64_t{1} << 50), HasSubstr("is behind the end of the file"));
  EXPECT_THAT(with(l2, number(l2 + 8)), HasSubstr("is used twice"));
  EXPECT_THAT(with(l2, l2), HasSubstr("is used twice"));
  EXPECT_THAT(with(l2, number(l2) | uint64_t{1} << 62), HasSubstr("is compressed"));
  EXPECT_EQ(with(l2, 0), "") << "no cluster: zeros";
  EXPECT_EQ(with(l2, number(l2) | 1), "") << "a cluster of zeros";
}

TEST(Qcow2ImageTest, NoTruncationIsReadBeyondItsEnd) {
  const std::string file = Recorded();
  // The table of snapshots is the last that is needed.
  for (size_t size = 0; size < 0xf0000 + 72; size += size < 200 || size > 0xf0000 ? 1 : 4093) {
    const std::string cut = file.substr(0, size);  // a copy, so that the sanitizer sees its end
    ASSERT_FALSE(Walk(cut).ok()) << size;
  }
}

}  // namespace
}  // namespace armstate
