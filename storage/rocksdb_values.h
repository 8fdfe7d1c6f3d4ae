// All value bytes of the RocksDB database, format 1. (What a checkpoint's record and a layout look like inside is the
// business of storage/checkpoint_record.h: any engine keeps those.)
//
// Integers are little-endian. Every value is: u32 CRC32C of all that follows; u8 format, 1; then
//
//   format     u32 number of the database's format
//   VmInfo     u64 incarnation, i64 last version, i64 latest kept version, i64 checkpoints kept,
//              i64 create time, i64 update time (nanoseconds since 1970-01-01 00:00 UTC)
//   checkpoint u32 length, request ID; the record
//   request    i64 version
//   layout     its bytes
//   the rest   the caller's bytes: machines, hosts, CPU profiles, restore reports
//
// Every decoder takes any bytes, and answers DATA_LOSS, reason RECORD_DAMAGED (metadata "record": `name`), if they are
// not such a value. What it gives points into the bytes.
#ifndef ARMSTATE_STORAGE_ROCKSDB_VALUES_H_
#define ARMSTATE_STORAGE_ROCKSDB_VALUES_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/checkpoint_store.h"

namespace armstate {

// The database's format that this program writes, and the only one that it reads.
inline constexpr uint32_t kDatabaseFormat = 1;

std::string EncodeFormatValue(uint32_t format);
absl::StatusOr<uint32_t> DecodeFormatValue(absl::string_view value, absl::string_view name);

// The name is in the key.
std::string EncodeVmValue(const VmInfo& info);
absl::StatusOr<VmInfo> DecodeVmValue(absl::string_view vm, absl::string_view value);

struct CheckpointValue {
  absl::string_view request_id;
  absl::string_view record;
};
std::string EncodeCheckpointValue(absl::string_view request_id, absl::string_view record);
absl::StatusOr<CheckpointValue> DecodeCheckpointValue(absl::string_view value, absl::string_view name);

std::string EncodeRequestValue(int64_t version);
absl::StatusOr<int64_t> DecodeRequestValue(absl::string_view value, absl::string_view name);

// Layouts, and all records of RecordStore.
std::string EncodeBytesValue(absl::string_view bytes);
absl::StatusOr<absl::string_view> DecodeBytesValue(absl::string_view value, absl::string_view name);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_VALUES_H_
