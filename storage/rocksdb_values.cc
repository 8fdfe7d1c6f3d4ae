#include "storage/rocksdb_values.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/byte_codec.h"
#include "storage/checksummed.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

constexpr uint8_t kFormat = 1;

ByteWriter NewValue() {
  ByteWriter writer;
  writer.U8(kFormat);
  return writer;
}

std::string Finish(ByteWriter writer) { return WithCrc(std::move(writer).Release()); }

// What follows checksum and format.
absl::StatusOr<absl::string_view> Payload(absl::string_view value, absl::string_view name) {
  absl::StatusOr<absl::string_view> body = CheckCrc(value, name);
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
  info.create_time = absl::FromUnixNanos(static_cast<int64_t>(reader.U64()));
  info.update_time = absl::FromUnixNanos(static_cast<int64_t>(reader.U64()));
  if (absl::Status status = CheckRead(reader, name); !status.ok()) return status;
  // The store counts up from last_version and down from the others.
  if (info.last_version < 1 || info.last_version == std::numeric_limits<int64_t>::max() ||
      info.latest_kept_version < 0 || info.latest_kept_version > info.last_version || info.checkpoint_count < 0 ||
      info.checkpoint_count > info.latest_kept_version) {
    return RecordDamaged(name, "its versions contradict each other");
  }
  return info;
}

std::string EncodeCheckpointValue(absl::string_view request_id, absl::string_view record) {
  ByteWriter writer = NewValue();
  writer.Counted(request_id);
  writer.Bytes(record);
  return Finish(std::move(writer));
}

absl::StatusOr<CheckpointValue> DecodeCheckpointValue(absl::string_view value, absl::string_view name) {
  const absl::StatusOr<absl::string_view> payload = Payload(value, name);
  if (!payload.ok()) return payload.status();
  ByteReader reader(*payload);
  CheckpointValue decoded;
  decoded.request_id = reader.Counted(payload->size());
  decoded.record = reader.Bytes(reader.remaining());
  if (absl::Status status = CheckRead(reader, name); !status.ok()) return status;
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

std::string EncodeBytesValue(absl::string_view bytes) {
  ByteWriter writer = NewValue();
  writer.Bytes(bytes);
  return Finish(std::move(writer));
}

absl::StatusOr<absl::string_view> DecodeBytesValue(absl::string_view value, absl::string_view name) {
  return Payload(value, name);
}

}  // namespace armstate
