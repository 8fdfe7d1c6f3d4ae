#include "storage/format/difference_record.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "core/error.h"
#include "storage/format/full_copy.h"

namespace armstate {
namespace {

constexpr char kName[] = "vms/web/checkpoints/7";
constexpr uint64_t kFpsr = 0x60200000001000d4;      // 4 bytes
constexpr uint64_t kSctlrEl1 = 0x603000000013c080;  // 8 bytes

// Made by another program (CRC32C bit by bit) from the formats' descriptions.
constexpr char kFullCopy[] =
    "005d01e32401040000006d6574610100000062f5fc572f2d1eb66b4f74aaf46adbb4fcbc2c2b628aeacd7e2baefcb098ce06010000000000"
    "0000000000000c000000020000000102030405060708090a0b0c6f70";
constexpr char kDifference[] = "5598715902086469676573742d6f01010620200101122002020002656e";

absl::StatusOr<std::shared_ptr<const RegisterLayout>> FindLayout(absl::string_view) {
  return RegisterLayout::Create({kFpsr, kSctlrEl1});
}

NewCheckpoint First() {
  NewCheckpoint record;
  record.metadata = "meta";
  record.vcpus.push_back(
      {0, *RegisterList::Create({kFpsr, kSctlrEl1}, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"), "op"});
  return record;
}

NewCheckpoint Second() {
  NewCheckpoint record;
  record.request_digest = "digest-of-the-request";
  record.metadata = "mETa";
  record.vcpus.push_back(
      {0, *RegisterList::Create({kFpsr, kSctlrEl1}, "\x01\x02\x03\x04\x05\x26\x07\x08\x09\x0a\x0b\x0c"), "open"});
  return record;
}

std::shared_ptr<const FullCopy> GoldenCopy() {
  return FullCopy::Unpack(absl::HexStringToBytes(kFullCopy), kName, FindLayout).value();
}

void ExpectDamaged(const absl::Status& status, absl::string_view what = "") {
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  ASSERT_TRUE(info.has_value()) << status;
  EXPECT_EQ(info->reason, ErrorReason::kRecordDamaged);
  EXPECT_EQ(info->metadata.at("record"), kName);
  EXPECT_TRUE(absl::StrContains(status.message(), what)) << status;
}

TEST(FullCopyTest, GoldenBytes) {
  EXPECT_EQ(absl::BytesToHexString(EncodeCheckpoint(First())->record), std::string(kFullCopy).substr(2));
  const std::shared_ptr<const FullCopy> copy = GoldenCopy();
  EXPECT_EQ(copy->checksum(), 0x24e3015du);
  EXPECT_EQ(copy->metadata().bytes, "meta");
  ASSERT_EQ(copy->vcpus().size(), 1u);
  EXPECT_EQ(copy->vcpus()[0].vcpu_index, 0);
  EXPECT_EQ(copy->vcpus()[0].values.bytes, First().vcpus[0].registers.values());
  EXPECT_EQ(copy->vcpus()[0].opaque.bytes, "op");
}

// A real vCPU is mostly zeros: packed it is less, and the same when it is unpacked.
TEST(FullCopyTest, Packed) {
  NewCheckpoint record = First();
  record.vcpus[0].opaque = std::string(1000, '\0');
  const std::string plain = EncodeCheckpoint(record)->record;
  const std::string packed = FullCopy::Pack(plain);
  EXPECT_EQ(packed[0], 1);
  EXPECT_LT(packed.size(), 200u);
  const auto copy = FullCopy::Unpack(packed, kName, FindLayout);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ((*copy)->record_bytes(), plain.size());
  EXPECT_EQ((*copy)->vcpus()[0].opaque.bytes, std::string(1000, '\0'));

  for (size_t byte = 0; byte < packed.size(); ++byte) {
    std::string damaged = packed;
    damaged[byte] ^= 1;
    // zstd ignores some bits; then what is unpacked is the same.
    const auto unpacked = FullCopy::Unpack(damaged, kName, FindLayout);
    if (unpacked.ok()) {
      EXPECT_EQ((*unpacked)->checksum(), (*copy)->checksum()) << byte;
    } else {
      ExpectDamaged(unpacked.status());
    }
  }
}

TEST(FullCopyTest, NoiseCostsOneByte) {
  std::mt19937 random(1);
  NewCheckpoint record = First();
  record.vcpus[0].opaque = std::string(5000, '\0');
  for (char& byte : record.vcpus[0].opaque) byte = static_cast<char>(random());
  const std::string plain = EncodeCheckpoint(record)->record;
  EXPECT_EQ(FullCopy::Pack(plain).size(), plain.size() + 1);
}

// 4 GB are promised by a few bytes.
TEST(FullCopyTest, HugeSizeIsNotBelieved) {
  std::string packed = FullCopy::Pack(std::string(1000, 'x'));
  ASSERT_EQ(packed[0], 1);
  packed.replace(1, 4, "\xff\xff\xff\xff");
  ExpectDamaged(FullCopy::Unpack(packed, kName, FindLayout).status(), "4294967295 bytes");
  packed.replace(1, 4, std::string("\0\0\0\x02", 4));
  ExpectDamaged(FullCopy::Unpack(packed, kName, FindLayout).status(), "sizes contradict");
  ExpectDamaged(FullCopy::Unpack("", kName, FindLayout).status(), "packing");
  ExpectDamaged(FullCopy::Unpack("\x02", kName, FindLayout).status(), "packing 2");
}

TEST(DifferenceRecordTest, GoldenBytes) {
  EXPECT_EQ(absl::BytesToHexString(EncodeDifference(*GoldenCopy(), Second()).value()), kDifference);
}

TEST(DifferenceRecordTest, GoldenBytesAreRead) {
  const DecodedDifference decoded =
      DecodeDifference(*GoldenCopy(), absl::HexStringToBytes(kDifference), kName, absl::nullopt).value();
  EXPECT_EQ(decoded.request_digest, "digest-o");
  EXPECT_EQ(decoded.metadata, "mETa");
  ASSERT_EQ(decoded.vcpus.size(), 1u);
  EXPECT_EQ(decoded.vcpus[0].values, "\x01\x02\x03\x04\x05\x26\x07\x08\x09\x0a\x0b\x0c");
  EXPECT_EQ(decoded.vcpus[0].opaque, "open");
}

TEST(DifferenceRecordTest, Summary) {
  const DecodedDifference decoded =
      DecodeDifference(*GoldenCopy(), absl::HexStringToBytes(kDifference), kName, kNoVcpus).value();
  EXPECT_EQ(decoded.request_digest, "digest-o");
  EXPECT_EQ(decoded.metadata, "mETa");
  EXPECT_TRUE(decoded.vcpus.empty());
}

// Whichever vCPUs are wanted, each is as it is among all: of three with differences of three kinds.
TEST(DifferenceRecordTest, SomeVcpus) {
  NewCheckpoint first;
  NewCheckpoint second;
  for (const int index : {0, 3, 9}) {
    first.vcpus.push_back({index, *RegisterList::Create({kFpsr, kSctlrEl1}, "abcdefghijkl"), "opaque bytes"});
    second.vcpus.push_back(first.vcpus.back());
  }
  second.vcpus[0].registers = *RegisterList::Create({kFpsr, kSctlrEl1}, "abcdEfghijkl");
  second.vcpus[0].opaque = "longer opaque bytes";
  second.vcpus[1].opaque = "opaque BYTES";
  second.vcpus[2].opaque = "";
  const auto copy = FullCopy::Create(EncodeCheckpoint(first)->record, kName, FindLayout).value();
  const std::string record = EncodeDifference(*copy, second).value();
  for (int wanted = 0; wanted < 8; ++wanted) {
    std::vector<int32_t> indexes;
    std::vector<size_t> positions;
    for (size_t i = 0; i < 3; ++i) {
      if (!(wanted >> i & 1)) continue;
      indexes.push_back(second.vcpus[i].vcpu_index);
      positions.push_back(i);
    }
    indexes.push_back(50);  // that it does not have
    const DecodedDifference decoded = DecodeDifference(*copy, record, kName, absl::MakeConstSpan(indexes)).value();
    ASSERT_EQ(decoded.vcpus.size(), positions.size());
    for (size_t i = 0; i < positions.size(); ++i) {
      EXPECT_EQ(decoded.vcpus[i].position, positions[i]);
      EXPECT_EQ(decoded.vcpus[i].values, second.vcpus[positions[i]].registers.values());
      EXPECT_EQ(decoded.vcpus[i].opaque, second.vcpus[positions[i]].opaque);
    }
  }
}

TEST(DifferenceRecordTest, OtherVcpusHaveNoDifference) {
  NewCheckpoint more = Second();
  more.vcpus.push_back({1, more.vcpus[0].registers, ""});
  EXPECT_FALSE(EncodeDifference(*GoldenCopy(), more).has_value());
  NewCheckpoint other_index = Second();
  other_index.vcpus[0].vcpu_index = 1;
  EXPECT_FALSE(EncodeDifference(*GoldenCopy(), other_index).has_value());
  NewCheckpoint other_registers = Second();
  other_registers.vcpus[0].registers = *RegisterList::Create({kSctlrEl1}, "ssssssss");
  EXPECT_FALSE(EncodeDifference(*GoldenCopy(), other_registers).has_value());
  const auto without_layout = FullCopy::Unpack(absl::HexStringToBytes(kFullCopy), kName,
                                               [](absl::string_view) { return absl::DataLossError("no layout"); });
  EXPECT_FALSE(EncodeDifference(**without_layout, Second()).has_value());
}

TEST(DifferenceRecordTest, EveryFlippedBitIsFound) {
  const std::string golden = absl::HexStringToBytes(kDifference);
  for (size_t bit = 0; bit < 8 * golden.size(); ++bit) {
    SCOPED_TRACE(bit);
    std::string damaged = golden;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    ExpectDamaged(DecodeDifference(*GoldenCopy(), damaged, kName, kNoVcpus).status());
  }
}

TEST(DifferenceRecordTest, EveryTruncationIsFound) {
  const std::string golden = absl::HexStringToBytes(kDifference);
  for (size_t size = 0; size < golden.size(); ++size) {
    ExpectDamaged(DecodeDifference(*GoldenCopy(), golden.substr(0, size), kName, absl::nullopt).status());
  }
}

// A whole record, and a whole full copy, that do not belong together.
TEST(DifferenceRecordTest, AnotherFullCopyIsFound) {
  NewCheckpoint other = First();
  other.metadata = "meat";
  const auto copy = FullCopy::Create(EncodeCheckpoint(other)->record, kName, FindLayout).value();
  ExpectDamaged(DecodeDifference(*copy, absl::HexStringToBytes(kDifference), kName, absl::nullopt).status(), "CRC32C");
}

}  // namespace
}  // namespace armstate
