// All value bytes of the RocksDB database, format 4. (What records, bases and layouts look like inside is the business
// of storage/format/checkpoint_record.h, difference_record.h and full_copy.h: any engine keeps those.)
//
// Integers are little-endian, varints LEB128, times are i64 nanoseconds since 1970-01-01 00:00 UTC. Every value is: u32
// CRC32C of all that follows; u8 format of the value, 1 unless another is named; then
//
//   format     u32 number of the database's format
//   VmInfo     format 3: as format 2, then i64 raw bytes, i64 protected checkpoints
//              format 2: u64 incarnation, i64 last version, i64 latest kept version, i64 checkpoints kept, create time,
//              update time, i64 base version, i64 swept version, i64 keep last, i64 keep for (nanoseconds),
//              u8 keep labelled
//              format 1: ends after the update time
//   checkpoint format 3: u8 flags (1 labelled, 2 protected, 4 request hash, 8 base), time, varint raw bytes,
//              if there is a base: u8 how many versions before this one it was brought,
//              if there is a request ID: its hash (storage/rocksdb/keys.h); the record
//              format 2: without raw bytes
//              format 1: u32 length, request ID; the record
//   retry      i64 version
//   layout, base: its bytes
//   events     u64 oldest, u64 newest sequence number that is kept
//   event      format 2: varint number of events that were written together, at least 1; for each of them
//              u8 kind (storage/checkpoint_event.h), time, u64 incarnation, varint version, varint length, name of the
//              VM format 1: one event, without the length
//   the rest   the caller's bytes: machines, hosts, CPU profiles, restore reports
//
// Every decoder takes any bytes, and answers DATA_LOSS, reason RECORD_DAMAGED (metadata "record": `name`), if they are
// not such a value. What it gives points into the bytes.
#ifndef ARMSTATE_STORAGE_ROCKSDB_VALUES_H_
#define ARMSTATE_STORAGE_ROCKSDB_VALUES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "storage/checkpoint_event.h"
#include "storage/checkpoint_store.h"

namespace armstate {

// The database's format that this program writes. It brings older ones to it when it opens them.
inline constexpr uint32_t kDatabaseFormat = 4;

std::string EncodeFormatValue(uint32_t format);
absl::StatusOr<uint32_t> DecodeFormatValue(absl::string_view value, absl::string_view name);

// The name is in the key. All formats are decoded.
std::string EncodeVmValue(const VmInfo& info);
absl::StatusOr<VmInfo> DecodeVmValue(absl::string_view vm, absl::string_view value);

struct CheckpointValue {
  // Empty: there was no request ID.
  std::string request_hash;
  // How many versions before this one its base was brought, 0 to kMaxVersionsPerBase - 1; nothing if it has no base.
  absl::optional<int64_t> base_distance;
  absl::Time time;
  // See CommitRequest; 0 in formats 1 and 2.
  uint32_t raw_bytes = 0;
  bool labelled = false;
  bool is_protected = false;
  absl::string_view record;
};
std::string EncodeCheckpointValue(const CheckpointValue& checkpoint);
// All formats. Format 1 has its time in the record only, whose format was 1 too: it is read from there.
absl::StatusOr<CheckpointValue> DecodeCheckpointValue(absl::string_view value, absl::string_view name);

std::string EncodeRequestValue(int64_t version);
absl::StatusOr<int64_t> DecodeRequestValue(absl::string_view value, absl::string_view name);

// Without the log's ID, which is a value of its own, as it does not change.
std::string EncodeEventRangeValue(const EventRange& range);
absl::StatusOr<EventRange> DecodeEventRangeValue(absl::string_view value, absl::string_view name);

std::string EncodeEventLogIdValue(uint64_t id);
absl::StatusOr<uint64_t> DecodeEventLogIdValue(absl::string_view value, absl::string_view name);

// Events that were written together, in their order; at least one. The sequence number of the last one is in the key.
std::string EncodeEventsValue(const std::vector<CheckpointEvent>& events);
// All formats. `last`: of the key.
absl::StatusOr<std::vector<CheckpointEvent>> DecodeEventsValue(uint64_t last, absl::string_view value);

// Layouts, bases, and all records of RecordStore.
std::string EncodeBytesValue(absl::string_view bytes);
absl::StatusOr<absl::string_view> DecodeBytesValue(absl::string_view value, absl::string_view name);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_VALUES_H_
