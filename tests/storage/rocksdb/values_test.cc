#include "storage/rocksdb/values.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "absl/strings/escaping.h"
#include "core/error.h"
#include "storage/format/checksummed.h"
#include "storage/rocksdb/keys.h"

namespace armstate {
namespace {

using namespace std::string_literals;

// The golden bytes were made by another program from the format's description: CRC32C bit by bit, checked with
// 0xe3069283 for "123456789".
constexpr char kFormatHex[] = "a090411f0103000000";
constexpr char kVmHex[] =
    "d74bfd0d0188776655443322110700000000000000060000000000000005000000000000000100167b0d12d1140200a0d885573416040000"
    "000000000003000000000000000a0000000000000000a0b830460300000170110100000000000200000000000000";
constexpr char kCheckpointHex[] = "fc290b10010f0100167b0d12d114c0621fc3f7bdf537c467247265636f7264";
constexpr char kPlainCheckpointHex[] = "c878bcdf01000100167b0d12d114007265636f7264";
// The first 8 bytes that sha256sum prints for "req".
constexpr char kHashOfReq[] = "c3f7bdf537c46724";
constexpr char kRequestHex[] = "6d68a0b5010201000000000000";
constexpr char kEventRangeHex[] = "25087a4b0105000000000000000201000000000000";
// Two events. In order: CRC32C, format, number of events; kind, time, incarnation, version, length and name of each.
constexpr char kEventsHex[] =
    "3a63e3200102"
    "01"
    "0000167b0d12d114"
    "0100000000000000"
    "01"
    "02"
    "6462"
    "02"
    "0100167b0d12d114"
    "8877665544332211"
    "ac02"
    "03"
    "776562";
constexpr char kBytesHex[] = "b27d0dc301616263";

VmInfo Info() {
  VmInfo info;
  info.vm = "web";
  info.incarnation = 0x1122334455667788;
  info.last_version = 7;
  info.latest_kept_version = 6;
  info.checkpoint_count = 5;
  info.create_time = absl::FromUnixNanos(1500000000000000001);
  info.update_time = absl::FromUnixNanos(1600000000000000002);
  info.base_version = 4;
  info.swept_version = 3;
  info.retention = {10, absl::Hours(1), true};
  info.raw_bytes = 70000;
  info.protected_count = 2;
  return info;
}

KeptCheckpoint Checkpoint() {
  KeptCheckpoint checkpoint;
  checkpoint.request_hash = RequestHash("req");
  checkpoint.stored.version = 40;
  checkpoint.stored.base_version = 9;
  checkpoint.stored.time = absl::FromUnixNanos(1500000000000000001);
  checkpoint.stored.raw_bytes = 12608;
  checkpoint.stored.labelled = true;
  checkpoint.stored.is_protected = true;
  return checkpoint;
}

CheckpointEvent Event() {
  return {7, CheckpointEventKind::kDeleted, "web", 0x1122334455667788, 300, absl::FromUnixNanos(1500000000000000001)};
}

CheckpointEvent OtherEvent() {
  return {6, CheckpointEventKind::kCommitted, "db", 1, 1, absl::FromUnixNanos(1500000000000000000)};
}

// That it is Event().
void ExpectEvent(const CheckpointEvent& event) {
  EXPECT_EQ(event.sequence, 7u);
  EXPECT_EQ(event.kind, CheckpointEventKind::kDeleted);
  EXPECT_EQ(event.vm, "web");
  EXPECT_EQ(event.incarnation, 0x1122334455667788u);
  EXPECT_EQ(event.version, 300);
  EXPECT_EQ(absl::ToUnixNanos(event.time), 1500000000000000001);
}

TEST(RocksDbValuesTest, Crc32cIsTheOneOfRfc3720) {
  // RFC 3720, B.4: 32 bytes of zeros have the checksum aa 36 91 8a, first byte first.
  EXPECT_EQ(WithCrc(std::string(32, '\0')).substr(0, 4), "\xaa\x36\x91\x8a");
}

TEST(RocksDbValuesTest, GoldenBytes) {
  EXPECT_EQ(absl::BytesToHexString(EncodeFormatValue(3)), kFormatHex);
  EXPECT_EQ(absl::BytesToHexString(EncodeVmValue(Info())), kVmHex);
  EXPECT_EQ(absl::BytesToHexString(RequestHash("req")), kHashOfReq);
  EXPECT_EQ(absl::BytesToHexString(EncodeCheckpointValue(Checkpoint(), "record")), kCheckpointHex);
  KeptCheckpoint plain;
  plain.stored.version = 40;
  plain.stored.time = absl::FromUnixNanos(1500000000000000001);
  EXPECT_EQ(absl::BytesToHexString(EncodeCheckpointValue(plain, "record")), kPlainCheckpointHex);
  EXPECT_EQ(absl::BytesToHexString(EncodeRequestValue(258)), kRequestHex);
  EXPECT_EQ(absl::BytesToHexString(EncodeEventRangeValue({5, 258})), kEventRangeHex);
  EXPECT_EQ(absl::BytesToHexString(EncodeEventsValue({OtherEvent(), Event()})), kEventsHex);
  EXPECT_EQ(absl::BytesToHexString(EncodeBytesValue("abc")), kBytesHex);
}

TEST(RocksDbValuesTest, GoldenBytesAreRead) {
  EXPECT_EQ(DecodeFormatValue(absl::HexStringToBytes(kFormatHex), "it").value(), 3u);
  const VmInfo info = DecodeVmValue("web", absl::HexStringToBytes(kVmHex)).value();
  EXPECT_EQ(info.vm, "web");
  EXPECT_EQ(info.incarnation, 0x1122334455667788u);
  EXPECT_EQ(info.last_version, 7);
  EXPECT_EQ(info.latest_kept_version, 6);
  EXPECT_EQ(info.checkpoint_count, 5);
  EXPECT_EQ(absl::ToUnixNanos(info.create_time), 1500000000000000001);
  EXPECT_EQ(absl::ToUnixNanos(info.update_time), 1600000000000000002);
  EXPECT_EQ(info.base_version, 4);
  EXPECT_EQ(info.swept_version, 3);
  EXPECT_EQ(info.retention.keep_last, 10);
  EXPECT_EQ(info.retention.keep_for, absl::Hours(1));
  EXPECT_TRUE(info.retention.keep_labelled);
  EXPECT_EQ(info.raw_bytes, 70000);
  EXPECT_EQ(info.protected_count, 2);
  const std::string bytes = absl::HexStringToBytes(kCheckpointHex);
  const KeptCheckpoint checkpoint = DecodeCheckpointValue(40, bytes, "it").value();
  EXPECT_EQ(checkpoint.stored.version, 40);
  EXPECT_EQ(absl::BytesToHexString(checkpoint.request_hash), kHashOfReq);
  EXPECT_EQ(checkpoint.stored.base_version, 9);
  EXPECT_EQ(absl::ToUnixNanos(checkpoint.stored.time), 1500000000000000001);
  EXPECT_EQ(checkpoint.stored.raw_bytes, 12608u);
  EXPECT_TRUE(checkpoint.stored.labelled);
  EXPECT_TRUE(checkpoint.stored.is_protected);
  EXPECT_EQ(checkpoint.stored.record, "record");
  EXPECT_EQ(DecodeRequestValue(absl::HexStringToBytes(kRequestHex), "it").value(), 258);
  EXPECT_EQ(DecodeBytesValue(absl::HexStringToBytes(kBytesHex), "it").value(), "abc");
}

TEST(RocksDbValuesTest, GoldenBytesOfEventsAreRead) {
  const EventRange range = DecodeEventRangeValue(absl::HexStringToBytes(kEventRangeHex), "it").value();
  EXPECT_EQ(range.oldest, 5u);
  EXPECT_EQ(range.newest, 258u);
  const std::vector<CheckpointEvent> events = DecodeEventsValue(7, absl::HexStringToBytes(kEventsHex)).value();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].sequence, 6u);
  EXPECT_EQ(events[0].kind, CheckpointEventKind::kCommitted);
  EXPECT_EQ(events[0].vm, "db");
  EXPECT_EQ(events[0].incarnation, 1u);
  EXPECT_EQ(events[0].version, 1);
  EXPECT_EQ(absl::ToUnixNanos(events[0].time), 1500000000000000000);
  ExpectEvent(events[1]);
}

TEST(RocksDbValuesTest, IdOfTheLogOfEvents) {
  const std::string bytes = EncodeEventLogIdValue(0x1122334455667788);
  // After the checksum: format 1, and the ID.
  EXPECT_EQ(absl::BytesToHexString(bytes.substr(4)), "018877665544332211");
  EXPECT_EQ(DecodeEventLogIdValue(bytes, "events").value(), 0x1122334455667788u);
  EXPECT_EQ(DecodeEventLogIdValue(WithCrc(bytes.substr(4, 8)), "events").status().code(), absl::StatusCode::kDataLoss);
}

TEST(RocksDbValuesTest, PlainCheckpoint) {
  const std::string bytes = absl::HexStringToBytes(kPlainCheckpointHex);
  const KeptCheckpoint checkpoint = DecodeCheckpointValue(40, bytes, "it").value();
  EXPECT_EQ(checkpoint.stored.version, 40);
  EXPECT_EQ(checkpoint.request_hash, "");
  EXPECT_EQ(checkpoint.stored.base_version, 0);
  EXPECT_FALSE(checkpoint.stored.labelled);
  EXPECT_FALSE(checkpoint.stored.is_protected);
  EXPECT_EQ(checkpoint.stored.record, "record");
}

void ExpectDamaged(const absl::Status& status, absl::string_view record) {
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  ASSERT_TRUE(info.has_value()) << status;
  EXPECT_EQ(info->reason, ErrorReason::kRecordDamaged);
  EXPECT_EQ(info->metadata.at("record"), record);
}

struct Decoder {
  const char* name;
  const char* hex;
  std::function<absl::Status(absl::string_view)> decode;
  // The value ends with bytes of any length.
  bool open_ended;
};

const Decoder kDecoders[] = {
    {"format", kFormatHex, [](absl::string_view bytes) { return DecodeFormatValue(bytes, "vms/web").status(); }, false},
    {"vm", kVmHex, [](absl::string_view bytes) { return DecodeVmValue("web", bytes).status(); }, false},
    {"event range", kEventRangeHex,
     [](absl::string_view bytes) { return DecodeEventRangeValue(bytes, "vms/web").status(); }, false},
    {"checkpoint", kCheckpointHex,
     [](absl::string_view bytes) { return DecodeCheckpointValue(40, bytes, "vms/web").status(); }, true},
    {"request", kRequestHex, [](absl::string_view bytes) { return DecodeRequestValue(bytes, "vms/web").status(); },
     false},
    {"bytes", kBytesHex, [](absl::string_view bytes) { return DecodeBytesValue(bytes, "vms/web").status(); }, true},
};

TEST(RocksDbValuesTest, EveryFlippedBitIsFound) {
  for (const Decoder& decoder : kDecoders) {
    SCOPED_TRACE(decoder.name);
    const std::string golden = absl::HexStringToBytes(decoder.hex);
    ASSERT_TRUE(decoder.decode(golden).ok());
    for (size_t bit = 0; bit < 8 * golden.size(); ++bit) {
      std::string damaged = golden;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
      ExpectDamaged(decoder.decode(damaged), "vms/web");
    }
  }
}

TEST(RocksDbValuesTest, EveryTruncationIsFound) {
  for (const Decoder& decoder : kDecoders) {
    SCOPED_TRACE(decoder.name);
    const std::string golden = absl::HexStringToBytes(decoder.hex);
    for (size_t size = 0; size < golden.size(); ++size)
      ExpectDamaged(decoder.decode(golden.substr(0, size)), "vms/web");
  }
}

// With a checksum that is right again, so that what follows it is looked at.
TEST(RocksDbValuesTest, WrongLengthsAreFoundBehindTheChecksum) {
  for (const Decoder& decoder : kDecoders) {
    if (decoder.open_ended) continue;
    SCOPED_TRACE(decoder.name);
    const std::string body = absl::HexStringToBytes(decoder.hex).substr(4);
    for (size_t size = 0; size < body.size(); ++size)
      ExpectDamaged(decoder.decode(WithCrc(body.substr(0, size))), "vms/web");
    ExpectDamaged(decoder.decode(WithCrc(body + "x")), "vms/web");
  }
  const std::string header = absl::HexStringToBytes(kCheckpointHex).substr(4, 21);  // up to the request hash
  EXPECT_TRUE(DecodeCheckpointValue(40, WithCrc(header), "vms/web").ok());
  for (size_t size = 0; size < header.size(); ++size)
    ExpectDamaged(DecodeCheckpointValue(40, WithCrc(header.substr(0, size)), "vms/web").status(), "vms/web");
  ExpectDamaged(DecodeCheckpointValue(40, WithCrc("\x02" + header.substr(1)), "vms/web").status(), "vms/web");
  ExpectDamaged(DecodeCheckpointValue(40, WithCrc("\x01\x10" + header.substr(2)), "vms/web").status(), "vms/web");
  // A base 32 versions before.
  ExpectDamaged(
      DecodeCheckpointValue(40, WithCrc(header.substr(0, 12) + "\x20" + header.substr(13)), "vms/web").status(),
      "vms/web");
  // A base before version 1.
  ExpectDamaged(DecodeCheckpointValue(31, WithCrc(header), "vms/web").status(), "vms/web");
  EXPECT_EQ(DecodeCheckpointValue(32, WithCrc(header), "vms/web")->stored.base_version, 1);
  ExpectDamaged(DecodeBytesValue(WithCrc("\x02xyz"s), "vms/web").status(), "vms/web");
  ExpectDamaged(DecodeBytesValue(WithCrc(""), "vms/web").status(), "vms/web");
}

TEST(RocksDbValuesTest, VmWhoseVersionsContradictEachOther) {
  const auto decode = [](int64_t last, int64_t latest_kept, int64_t count) {
    VmInfo info = Info();
    info.base_version = info.swept_version = info.protected_count = 0;
    info.last_version = last;
    info.latest_kept_version = latest_kept;
    info.checkpoint_count = count;
    return DecodeVmValue("web", EncodeVmValue(info)).status();
  };
  EXPECT_TRUE(decode(1, 0, 0).ok());
  EXPECT_TRUE(decode(1, 1, 1).ok());
  ExpectDamaged(decode(0, 0, 0), "vms/web");
  ExpectDamaged(decode(-1, 0, 0), "vms/web");
  ExpectDamaged(decode(0x7fffffffffffffff, 1, 1), "vms/web");
  ExpectDamaged(decode(3, 4, 1), "vms/web");
  ExpectDamaged(decode(3, -1, 0), "vms/web");
  ExpectDamaged(decode(3, 2, 3), "vms/web");
  ExpectDamaged(decode(3, 2, -1), "vms/web");
}

TEST(RocksDbValuesTest, VmWithABaseOrRetentionThatCannotBe) {
  const auto decode = [](auto change) {
    VmInfo info = Info();
    change(info);
    return DecodeVmValue("web", EncodeVmValue(info)).status();
  };
  EXPECT_TRUE(decode([](VmInfo& info) { info.base_version = info.swept_version = 7; }).ok());
  ExpectDamaged(decode([](VmInfo& info) { info.base_version = 8; }), "vms/web");
  ExpectDamaged(decode([](VmInfo& info) { info.base_version = -1; }), "vms/web");
  ExpectDamaged(decode([](VmInfo& info) { info.swept_version = 8; }), "vms/web");
  ExpectDamaged(decode([](VmInfo& info) { info.retention.keep_last = -1; }), "vms/web");
  ExpectDamaged(decode([](VmInfo& info) { info.retention.keep_for = absl::Seconds(-1); }), "vms/web");
  EXPECT_TRUE(decode([](VmInfo& info) { info.protected_count = 5; }).ok());
  ExpectDamaged(decode([](VmInfo& info) { info.protected_count = 6; }), "vms/web");
  ExpectDamaged(decode([](VmInfo& info) { info.protected_count = -1; }), "vms/web");
  ExpectDamaged(decode([](VmInfo& info) { info.raw_bytes = -1; }), "vms/web");
}

TEST(RocksDbValuesTest, EventThatCannotBe) {
  const std::string golden = absl::HexStringToBytes(kEventsHex);
  for (size_t bit = 0; bit < 8 * golden.size(); ++bit) {
    std::string damaged = golden;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    ExpectDamaged(DecodeEventsValue(7, damaged).status(), "events/7");
  }
  const std::string fixed = absl::HexStringToBytes("0100167b0d12d1148877665544332211");  // time, incarnation
  const std::string before = "\x01\x01"s;
  const std::string after = "\x00"s;
  const std::string header = before + "\x02"s + fixed + "\xac\x02"s + after;
  EXPECT_EQ(DecodeEventsValue(7, WithCrc(header)).value().at(0).vm, "");
  for (size_t size = 0; size < header.size(); ++size) {
    ExpectDamaged(DecodeEventsValue(7, WithCrc(header.substr(0, size))).status(), "events/7");
  }
  for (const std::string& kind : {"\x00"s, "\x04"s}) {
    ExpectDamaged(DecodeEventsValue(7, WithCrc(before + kind + fixed + "\x01"s + after)).status(), "events/7");
  }
  // The version: 2^63, and 1 written with two bytes.
  for (const std::string& version : {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"s, "\x81\x00"s}) {
    ExpectDamaged(DecodeEventsValue(7, WithCrc(before + "\x02"s + fixed + version + after)).status(), "events/7");
  }
  // No events; more than there can be up to number 7; more bytes than the events have.
  const std::string event = "\x02"s + fixed + "\x01\x00"s;
  ExpectDamaged(DecodeEventsValue(7, WithCrc("\x01\x00"s)).status(), "events/7");
  std::string eight = "\x01\x08"s;
  for (int i = 0; i < 8; ++i) eight += event;
  EXPECT_EQ(DecodeEventsValue(8, WithCrc(eight)).value().front().sequence, 1u);
  ExpectDamaged(DecodeEventsValue(7, WithCrc(eight)).status(), "events/7");
  ExpectDamaged(DecodeEventsValue(8, WithCrc(eight + "\x00"s)).status(), "events/8");
}

TEST(RocksDbValuesTest, EventNumbersThatContradictEachOther) {
  const auto decode = [](uint64_t oldest, uint64_t newest) {
    return DecodeEventRangeValue(EncodeEventRangeValue({oldest, newest}), "events").status();
  };
  EXPECT_TRUE(decode(1, 1).ok());
  ExpectDamaged(decode(0, 1), "events");
  ExpectDamaged(decode(3, 2), "events");
  ExpectDamaged(decode(1, UINT64_MAX), "events");
}

}  // namespace
}  // namespace armstate
