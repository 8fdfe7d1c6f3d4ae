#include "storage/rocksdb/values.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/format/byte_codec.h"
#include "storage/format/checksummed.h"
#include "storage/rocksdb/keys.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

constexpr uint8_t kFormat = 1;

constexpr uint8_t kLabelled = 1;
constexpr uint8_t kProtected = 2;
constexpr uint8_t kHasRequest = 4;
constexpr uint8_t kHasBase = 8;

// The checksum, the format, and the fields of fixed size of any value.
constexpr size_t kUsualBytes = 128;

// `bytes`: what the value holds beside that.
ByteWriter NewValue(size_t bytes = 0) {
  ByteWriter writer;
  writer.Reserve(kUsualBytes + bytes);
  writer.U32(0);  // the checksum
  writer.U8(kFormat);
  return writer;
}

std::string Finish(ByteWriter writer) {
  std::string value = std::move(writer).Release();
  SetCrc(value);
  return value;
}

// The bytes after the checksum and the format.
absl::StatusOr<absl::string_view> Payload(absl::string_view value, absl::string_view name) {
  const absl::StatusOr<absl::string_view> body = CheckCrc(value, name);
  if (!body.ok()) return body.status();
  ByteReader reader(*body);
  const uint8_t format = reader.U8();
  if (!reader.ok() || format != kFormat) {
    return RecordDamaged(name, absl::StrCat("format ", format, ", but this program knows only ", kFormat));
  }
  return body->substr(reader.offset());
}

// All values but those that end with free bytes are read to their end.
absl::Status CheckRead(const ByteReader& reader, absl::string_view name) {
  if (reader.ok() && reader.remaining() == 0) return absl::OkStatus();
  return RecordDamaged(name, "it is of the wrong length");
}

absl::Time ReadTime(ByteReader& reader) { return absl::FromUnixNanos(static_cast<int64_t>(reader.U64())); }

}  // namespace

std::string EncodeFormatValue(uint32_t format) {
  ByteWriter writer = NewValue();
  writer.U32(format);
  return Finish(std::move(writer));
}

absl::StatusOr<uint32_t> DecodeFormatValue(absl::string_view value, absl::string_view name) {
  const absl::StatusOr<absl::string_view> payload = Payload(value, name);
  if (!payload.ok()) return payload.status();
  ByteReader reader(*payload);
  const uint32_t format = reader.U32();
  if (absl::Status status = CheckRead(reader, name); !status.ok()) return status;
  return format;
}

std::string EncodeVmValue(const VmInfo& info) {
  ByteWriter writer = NewValue();
  writer.U64(info.incarnation);
  writer.U64(static_cast<uint64_t>(info.last_version));
  writer.U64(static_cast<uint64_t>(info.latest_kept_version));
  writer.U64(static_cast<uint64_t>(info.checkpoint_count));
  writer.U64(static_cast<uint64_t>(absl::ToUnixNanos(info.create_time)));
  writer.U64(static_cast<uint64_t>(absl::ToUnixNanos(info.update_time)));
  writer.U64(static_cast<uint64_t>(info.base_version));
  writer.U64(static_cast<uint64_t>(info.swept_version));
  writer.U64(static_cast<uint64_t>(info.retention.keep_last));
  writer.U64(static_cast<uint64_t>(absl::ToInt64Nanoseconds(info.retention.keep_for)));
  writer.U8(info.retention.keep_labelled ? 1 : 0);
  writer.U64(static_cast<uint64_t>(info.raw_bytes));
  writer.U64(static_cast<uint64_t>(info.protected_count));
  return Finish(std::move(writer));
}

absl::StatusOr<VmInfo> DecodeVmValue(absl::string_view vm, absl::string_view value) {
  const std::string name = VmName(vm);
  const absl::StatusOr<absl::string_view> payload = Payload(value, name);
  if (!payload.ok()) return payload.status();
  ByteReader reader(*payload);
  VmInfo info;
  info.vm = std::string(vm);
  info.incarnation = reader.U64();
  info.last_version = static_cast<int64_t>(reader.U64());
  info.latest_kept_version = static_cast<int64_t>(reader.U64());
  info.checkpoint_count = static_cast<int64_t>(reader.U64());
  info.create_time = ReadTime(reader);
  info.update_time = ReadTime(reader);
  info.base_version = static_cast<int64_t>(reader.U64());
  info.swept_version = static_cast<int64_t>(reader.U64());
  info.retention.keep_last = static_cast<int64_t>(reader.U64());
  info.retention.keep_for = absl::Nanoseconds(static_cast<int64_t>(reader.U64()));
  const uint8_t keep_labelled = reader.U8();
  info.retention.keep_labelled = keep_labelled != 0;
  info.raw_bytes = static_cast<int64_t>(reader.U64());
  info.protected_count = static_cast<int64_t>(reader.U64());
  if (absl::Status status = CheckRead(reader, name); !status.ok()) return status;
  const auto is_version = [&](int64_t version) { return version >= 0 && version <= info.last_version; };
  // The store counts up from last_version and down from the others.
  if (info.last_version < 1 || info.last_version == std::numeric_limits<int64_t>::max() ||
      !is_version(info.latest_kept_version) || info.checkpoint_count < 0 ||
      info.checkpoint_count > info.latest_kept_version || !is_version(info.base_version) ||
      !is_version(info.swept_version)) {
    return RecordDamaged(name, "its versions contradict each other");
  }
  if (info.raw_bytes < 0 || info.protected_count < 0 || info.protected_count > info.checkpoint_count)
    return RecordDamaged(name, "its counts cannot be");
  if (info.retention.keep_last < 0 || info.retention.keep_for < absl::ZeroDuration() || keep_labelled > 1)
    return RecordDamaged(name, "its retention is invalid");
  return info;
}

std::string EncodeCheckpointValue(const KeptCheckpoint& checkpoint, absl::string_view record) {
  const StoredRecord& stored = checkpoint.stored;
  const bool has_base = stored.base_version != 0;
  ByteWriter writer = NewValue(record.size());
  writer.U8(static_cast<uint8_t>((stored.labelled ? kLabelled : 0) | (stored.is_protected ? kProtected : 0) |
                                 (checkpoint.request_hash.empty() ? 0 : kHasRequest) | (has_base ? kHasBase : 0)));
  writer.U64(static_cast<uint64_t>(absl::ToUnixNanos(stored.time)));
  writer.Varint(stored.raw_bytes);
  if (has_base) writer.U8(static_cast<uint8_t>(stored.version - stored.base_version));
  writer.Bytes(checkpoint.request_hash);
  writer.Bytes(record);
  return Finish(std::move(writer));
}

absl::StatusOr<KeptCheckpoint> DecodeCheckpointValue(int64_t version, absl::string_view value, absl::string_view name) {
  const absl::StatusOr<absl::string_view> payload = Payload(value, name);
  if (!payload.ok()) return payload.status();
  ByteReader reader(*payload);
  KeptCheckpoint decoded;
  StoredRecord& stored = decoded.stored;
  stored.version = version;
  const uint8_t flags = reader.U8();
  if (flags > (kLabelled | kProtected | kHasRequest | kHasBase))
    return RecordDamaged(name, absl::StrCat("flags ", flags));
  stored.labelled = (flags & kLabelled) != 0;
  stored.is_protected = (flags & kProtected) != 0;
  stored.time = ReadTime(reader);
  stored.raw_bytes = reader.Varint();
  if ((flags & kHasBase) != 0) {
    const int64_t distance = reader.U8();
    if (distance >= CheckpointStore::kMaxVersionsPerBase || distance >= version)
      return RecordDamaged(name, absl::StrCat("its base is ", distance, " versions before it"));
    stored.base_version = version - distance;
  }
  if ((flags & kHasRequest) != 0) decoded.request_hash = std::string(reader.Bytes(kRequestHashBytes));
  const absl::string_view record = reader.Bytes(reader.remaining());
  if (absl::Status status = CheckRead(reader, name); !status.ok()) return status;
  stored.record = std::string(record);
  return decoded;
}

std::string EncodeRequestValue(int64_t version) {
  ByteWriter writer = NewValue();
  writer.U64(static_cast<uint64_t>(version));
  return Finish(std::move(writer));
}

absl::StatusOr<int64_t> DecodeRequestValue(absl::string_view value, absl::string_view name) {
  const absl::StatusOr<absl::string_view> payload = Payload(value, name);
  if (!payload.ok()) return payload.status();
  ByteReader reader(*payload);
  const int64_t version = static_cast<int64_t>(reader.U64());
  if (absl::Status status = CheckRead(reader, name); !status.ok()) return status;
  return version;
}

std::string EncodeEventRangeValue(const EventRange& range) {
  ByteWriter writer = NewValue();
  writer.U64(range.oldest);
  writer.U64(range.newest);
  return Finish(std::move(writer));
}

absl::StatusOr<EventRange> DecodeEventRangeValue(absl::string_view value, absl::string_view name) {
  const absl::StatusOr<absl::string_view> payload = Payload(value, name);
  if (!payload.ok()) return payload.status();
  ByteReader reader(*payload);
  EventRange range;
  range.oldest = reader.U64();
  range.newest = reader.U64();
  if (absl::Status status = CheckRead(reader, name); !status.ok()) return status;
  // The log counts up from the newest.
  if (range.oldest == 0 || range.oldest > range.newest || range.newest == std::numeric_limits<uint64_t>::max())
    return RecordDamaged(name, "its numbers contradict each other");
  return range;
}

std::string EncodeEventLogIdValue(uint64_t id) {
  ByteWriter writer = NewValue();
  writer.U64(id);
  return Finish(std::move(writer));
}

absl::StatusOr<uint64_t> DecodeEventLogIdValue(absl::string_view value, absl::string_view name) {
  const absl::StatusOr<absl::string_view> payload = Payload(value, name);
  if (!payload.ok()) return payload.status();
  ByteReader reader(*payload);
  const uint64_t id = reader.U64();
  if (absl::Status status = CheckRead(reader, name); !status.ok()) return status;
  return id;
}

namespace {

CheckpointEvent ReadEvent(ByteReader& reader) {
  CheckpointEvent event;
  event.kind = static_cast<CheckpointEventKind>(reader.U8());
  event.time = ReadTime(reader);
  event.incarnation = reader.U64();
  event.version = static_cast<int64_t>(reader.Varint64());
  event.vm = std::string(reader.Bytes(reader.Varint()));
  return event;
}

absl::Status CheckEvent(const CheckpointEvent& event, absl::string_view name) {
  if (event.kind < CheckpointEventKind::kCommitted || event.kind > CheckpointEventKind::kVmDeleted)
    return RecordDamaged(name, absl::StrCat("kind ", static_cast<int>(event.kind)));
  if (event.version < 0) return RecordDamaged(name, "its version is negative");
  return absl::OkStatus();
}

}  // namespace

std::string EncodeEventsValue(const std::vector<CheckpointEvent>& events) {
  ByteWriter writer = NewValue();
  writer.Varint(events.size());
  for (const CheckpointEvent& event : events) {
    writer.U8(static_cast<uint8_t>(event.kind));
    writer.U64(static_cast<uint64_t>(absl::ToUnixNanos(event.time)));
    writer.U64(event.incarnation);
    writer.Varint(static_cast<uint64_t>(event.version));
    writer.Varint(event.vm.size());
    writer.Bytes(event.vm);
  }
  return Finish(std::move(writer));
}

absl::StatusOr<std::vector<CheckpointEvent>> DecodeEventsValue(uint64_t last, absl::string_view value) {
  const std::string name = EventName(last);
  const absl::StatusOr<absl::string_view> payload = Payload(value, name);
  if (!payload.ok()) return payload.status();
  ByteReader reader(*payload);
  std::vector<CheckpointEvent> events;
  const uint32_t count = reader.Varint();
  if (count == 0 || count > last) return RecordDamaged(name, absl::StrCat(count, " events"));
  for (uint32_t i = 0; i < count && reader.ok(); ++i) events.push_back(ReadEvent(reader));
  if (absl::Status status = CheckRead(reader, name); !status.ok()) return status;
  for (size_t i = 0; i < events.size(); ++i) {
    events[i].sequence = last - (events.size() - 1 - i);
    if (absl::Status status = CheckEvent(events[i], name); !status.ok()) return status;
  }
  return events;
}

std::string EncodeBytesValue(absl::string_view bytes) {
  ByteWriter writer = NewValue(bytes.size());
  writer.Bytes(bytes);
  return Finish(std::move(writer));
}

absl::StatusOr<absl::string_view> DecodeBytesValue(absl::string_view value, absl::string_view name) {
  return Payload(value, name);
}

}  // namespace armstate
