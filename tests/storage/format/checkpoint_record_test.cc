#include "storage/format/checkpoint_record.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/format/checksummed.h"

namespace armstate {
namespace {

constexpr char kName[] = "vms/web/checkpoints/7";

// Made by another program (hashlib's SHA-256, CRC32C bit by bit) from the format's description.
constexpr char kHashOfTwo[] = "62f5fc572f2d1eb66b4f74aaf46adbb4fcbc2c2b628aeacd7e2baefcb098ce06";
constexpr char kHashOfOne[] = "3ba8feeee37393b50966e7e332a6e5fe43c1d55cb68c875e2c6abf3720df9889";
constexpr char kRecord[] =
    "8cb273b301040000006d657461020000003ba8feeee37393b50966e7e332a6e5fe43c1d55cb68c875e2c6abf3720df988962f5fc572f2d1e"
    "b66b4f74aaf46adbb4fcbc2c2b628aeacd7e2baefcb098ce060200000000000000010000000c000000000000000300000000000000080000"
    "00020000000102030405060708090a0b0c21222324252627286f70";

constexpr uint64_t kFpsr = 0x60200000001000d4;      // 4 bytes
constexpr uint64_t kSctlrEl1 = 0x603000000013c080;  // 8 bytes

std::string Golden() { return absl::HexStringToBytes(kRecord); }

NewCheckpoint Record() {
  NewCheckpoint record;
  record.request_id = "r1";  // not in the record, as the digest
  record.request_digest = "dg";
  record.metadata = "meta";
  record.vcpus.push_back(
      {0, *RegisterList::Create({kFpsr, kSctlrEl1}, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"), ""});
  record.vcpus.push_back({3, *RegisterList::Create({kSctlrEl1}, "\x21\x22\x23\x24\x25\x26\x27\x28"), "op"});
  return record;
}

void ExpectDamaged(const absl::Status& status, absl::string_view record) {
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  ASSERT_TRUE(info.has_value()) << status;
  EXPECT_EQ(info->reason, ErrorReason::kRecordDamaged);
  EXPECT_EQ(info->metadata.at("record"), record);
}

void ExpectFieldInvalid(const absl::Status& status, absl::string_view field) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  ASSERT_TRUE(info.has_value()) << status;
  EXPECT_EQ(info->reason, ErrorReason::kFieldInvalid);
  EXPECT_EQ(info->metadata.at("field"), field);
}

TEST(CheckpointRecordTest, GoldenBytes) {
  const EncodedCheckpoint encoded = EncodeCheckpoint(Record()).value();
  EXPECT_EQ(absl::BytesToHexString(encoded.record), kRecord);
  ASSERT_EQ(encoded.layouts.size(), 2u);
  EXPECT_EQ(encoded.layouts.at(absl::HexStringToBytes(kHashOfTwo))->size(), 2u);
  EXPECT_EQ(encoded.layouts.at(absl::HexStringToBytes(kHashOfOne))->size(), 1u);
}

TEST(CheckpointRecordTest, GoldenBytesAreRead) {
  const std::string bytes = Golden();
  const CheckpointRecordView view = CheckpointRecordView::Parse(bytes, kName).value();
  EXPECT_EQ(view.metadata(), "meta");
  ASSERT_EQ(view.vcpu_count(), 2u);
  EXPECT_EQ(view.vcpu(0).vcpu_index, 0);
  EXPECT_EQ(absl::BytesToHexString(view.vcpu(0).layout_hash), kHashOfTwo);
  EXPECT_EQ(view.vcpu(0).values, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c");
  EXPECT_EQ(view.vcpu(0).opaque, "");
  EXPECT_EQ(view.vcpu(1).vcpu_index, 3);
  EXPECT_EQ(absl::BytesToHexString(view.vcpu(1).layout_hash), kHashOfOne);
  EXPECT_EQ(view.vcpu(1).values, "\x21\x22\x23\x24\x25\x26\x27\x28");
  EXPECT_EQ(view.vcpu(1).opaque, "op");
}

TEST(CheckpointRecordTest, VcpusWithEqualLayoutsShareOneHash) {
  NewCheckpoint record;
  for (int i = 0; i < 5; ++i) record.vcpus.push_back({i, *RegisterList::Create({kSctlrEl1}, std::string(8, 'v')), ""});
  EXPECT_EQ(EncodeCheckpoint(record).value().layouts.size(), 1u);
}

TEST(CheckpointRecordTest, WithoutVcpus) {
  const std::string bytes = EncodeCheckpoint(NewCheckpoint()).value().record;
  const CheckpointRecordView view = CheckpointRecordView::Parse(bytes, kName).value();
  EXPECT_EQ(view.vcpu_count(), 0u);
  EXPECT_EQ(view.metadata(), "");
}

TEST(CheckpointRecordTest, EveryFlippedBitIsFound) {
  for (size_t bit = 0; bit < 8 * Golden().size(); ++bit) {
    SCOPED_TRACE(bit);
    std::string damaged = Golden();
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    ExpectDamaged(CheckpointRecordView::Parse(damaged, kName).status(), kName);
  }
}

TEST(CheckpointRecordTest, EveryTruncationIsFound) {
  const std::string body = Golden().substr(4);
  for (size_t size = 0; size < Golden().size(); ++size) {
    SCOPED_TRACE(size);
    ExpectDamaged(CheckpointRecordView::Parse(absl::string_view(Golden()).substr(0, size), kName).status(), kName);
  }
  // Also behind a checksum that is right.
  for (size_t size = 0; size < body.size(); ++size) {
    SCOPED_TRACE(size);
    ExpectDamaged(CheckpointRecordView::Parse(WithCrc(body.substr(0, size)), kName).status(), kName);
  }
  ExpectDamaged(CheckpointRecordView::Parse(WithCrc(body + "x"), kName).status(), kName);
}

// One field of the golden record changed, behind a checksum that is right.
TEST(CheckpointRecordTest, HostileFields) {
  struct Case {
    const char* name;
    size_t offset;  // in the whole record
    std::string bytes;
    const char* message;
  };
  const std::string huge("\xff\xff\xff\xff", 4);
  const Case cases[] = {
      {"unknown format", 4, "\x02", "format 2"},
      {"metadata, length", 5, huge, "field at offset 9"},
      {"metadata above its limit", 5, std::string("\x01\0\0\x02", 4), "field at offset 9"},
      {"layouts", 13, huge, "4294967295 layouts at offset 13"},
      {"vCPUs", 81, huge, "4294967295 vCPUs at offset 81"},
      {"one vCPU too many", 81, std::string("\x03\0\0\0", 4), "vCPU"},
      {"one vCPU too few", 81, std::string("\x01\0\0\0", 4), "bytes too many"},
      {"negative vcpu_index", 85, huge, "vcpu_index 4294967295"},
      {"vcpu_index twice", 101, std::string("\0\0\0\0", 4), "vcpu_index 0 is not above 0"},
      {"layout that is not there", 89, std::string("\x02\0\0\0", 4), "layout 2 of 2"},
      {"values, length", 93, huge, "vCPU 0"},
      {"opaque, length", 113, huge, "vCPU 3"},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    std::string body = Golden().substr(4);
    body.replace(test.offset - 4, test.bytes.size(), test.bytes);
    const absl::Status status = CheckpointRecordView::Parse(WithCrc(body), kName).status();
    ExpectDamaged(status, kName);
    EXPECT_NE(status.message().find(test.message), absl::string_view::npos) << status;
  }
}

// What the view gives lies within the record, whatever byte has whatever value.
TEST(CheckpointRecordTest, AnyByteBehindARightChecksum) {
  const std::string body = Golden().substr(4);
  for (size_t i = 0; i < body.size(); ++i) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      std::string changed = body;
      changed[i] = static_cast<char>(value);
      const std::string bytes = WithCrc(changed);
      const absl::StatusOr<CheckpointRecordView> view = CheckpointRecordView::Parse(bytes, kName);
      if (!view.ok()) {
        ExpectDamaged(view.status(), kName);
        continue;
      }
      size_t size = 4 + 1 + 4 + 2 * 4 + 2 * 32 + 2 * 16;
      size += view->metadata().size();
      for (size_t v = 0; v < view->vcpu_count(); ++v) size += view->vcpu(v).values.size() + view->vcpu(v).opaque.size();
      EXPECT_EQ(size, bytes.size()) << "byte " << i << " = " << value;
    }
  }
}

TEST(CheckpointRecordTest, LimitsOfWriting) {
  NewCheckpoint record;
  record.request_id = std::string(64, 'r');
  record.request_digest = std::string(64, 'd');
  EXPECT_TRUE(EncodeCheckpoint(record).ok());
  record.request_id += "r";
  ExpectFieldInvalid(EncodeCheckpoint(record).status(), "request_id");
  record = NewCheckpoint();
  record.request_digest = std::string(65, 'd');
  ExpectFieldInvalid(EncodeCheckpoint(record).status(), "request_digest");

  record = NewCheckpoint();
  for (int i = 0; i < 512; ++i) record.vcpus.push_back({i, RegisterList(), ""});
  const std::string bytes = EncodeCheckpoint(record).value().record;
  EXPECT_EQ(CheckpointRecordView::Parse(bytes, kName).value().vcpu_count(), 512u);
  record.vcpus.push_back({512, RegisterList(), ""});
  ExpectFieldInvalid(EncodeCheckpoint(record).status(), "vcpus");

  record = NewCheckpoint();
  record.metadata = std::string((32 << 20) - 1, 'm');
  record.vcpus.push_back({0, RegisterList(), "o"});
  EXPECT_TRUE(EncodeCheckpoint(record).ok());
  record.vcpus[0].opaque = "oo";
  ExpectFieldInvalid(EncodeCheckpoint(record).status(), "checkpoint");
}

TEST(CheckpointRecordTest, VcpusOutOfOrderAreNotWritten) {
  for (const std::vector<int>& indexes : {std::vector<int>{1, 0}, {0, 0}, {-1}}) {
    NewCheckpoint record;
    for (const int index : indexes) record.vcpus.push_back({index, RegisterList(), ""});
    ExpectFieldInvalid(EncodeCheckpoint(record).status(), "vcpus");
  }
}

TEST(LayoutTest, GoldenBytes) {
  const RegisterList list = *RegisterList::Create({kFpsr, kSctlrEl1}, std::string(12, 'v'));
  const std::string bytes = EncodeLayout(list.layout());
  EXPECT_EQ(absl::BytesToHexString(bytes), "d40010000000206080c0130000003060");
  EXPECT_EQ(*DecodeLayout(bytes, absl::HexStringToBytes(kHashOfTwo)).value(), list.layout());
}

TEST(LayoutTest, BytesOfAnotherHash) {
  std::string bytes = absl::HexStringToBytes("d40010000000206080c0130000003060");
  bytes[3] ^= 1;
  ExpectDamaged(DecodeLayout(bytes, absl::HexStringToBytes(kHashOfTwo)).status(), absl::StrCat("layouts/", kHashOfTwo));
}

// sha256sum of 7 and of 8 zero bytes: the hash fits, but the bytes are no layout.
TEST(LayoutTest, BytesThatAreNoLayout) {
  const std::string seven = "837885c8f8091aeaeb9ec3c3f85a6ff470a415e610b8ba3e49f9b33c9cf9d619";
  const std::string eight = "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc";
  ExpectDamaged(DecodeLayout(std::string(7, '\0'), absl::HexStringToBytes(seven)).status(), "layouts/" + seven);
  ExpectDamaged(DecodeLayout(std::string(8, '\0'), absl::HexStringToBytes(eight)).status(), "layouts/" + eight);
}

}  // namespace
}  // namespace armstate
