// The functions here encode and decode the values of the RocksDB database. docs/storage-format.md defines them.
//
// Every decoder accepts arbitrary bytes. Bytes that are not a value of its kind give DATA_LOSS, reason RECORD_DAMAGED
// (metadata "record": `name`). DecodeBytesValue returns a view of the bytes.
#ifndef ARMSTATE_STORAGE_ROCKSDB_VALUES_H_
#define ARMSTATE_STORAGE_ROCKSDB_VALUES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/checkpoint_event.h"
#include "storage/checkpoint_store.h"

namespace armstate {

// The format of the keys and of all values: one that was never encrypted, and one that has or had data keys. A database
// with another number is not opened.
inline constexpr uint32_t kDatabaseFormat = 1;
inline constexpr uint32_t kEncryptedDatabaseFormat = 2;

std::string EncodeFormatValue(uint32_t format);
absl::StatusOr<uint32_t> DecodeFormatValue(absl::string_view value, absl::string_view name);

// The name of the VM is in the key.
std::string EncodeVmValue(const VmInfo& info);
absl::StatusOr<VmInfo> DecodeVmValue(absl::string_view vm, absl::string_view value);

// A version with what only the engine keeps of it.
struct KeptCheckpoint {
  // Empty: there was no request ID.
  std::string request_hash;
  StoredRecord stored;
};
// `record` takes the place of checkpoint.stored.record, so that it need not be copied there.
std::string EncodeCheckpointValue(const KeptCheckpoint& checkpoint, absl::string_view record);
// The version is in the key.
absl::StatusOr<KeptCheckpoint> DecodeCheckpointValue(int64_t version, absl::string_view value, absl::string_view name);

std::string EncodeRequestValue(int64_t version);
absl::StatusOr<int64_t> DecodeRequestValue(absl::string_view value, absl::string_view name);

// Without the log's ID, which is a value of its own, as it does not change.
std::string EncodeEventRangeValue(const EventRange& range);
absl::StatusOr<EventRange> DecodeEventRangeValue(absl::string_view value, absl::string_view name);

std::string EncodeEventLogIdValue(uint64_t id);
absl::StatusOr<uint64_t> DecodeEventLogIdValue(absl::string_view value, absl::string_view name);

// Events that were written together, in their order; at least one. The sequence number of the last one is in the key.
std::string EncodeEventsValue(const std::vector<CheckpointEvent>& events);
// `last`: the sequence number in the key.
absl::StatusOr<std::vector<CheckpointEvent>> DecodeEventsValue(uint64_t last, absl::string_view value);

// Layouts, bases, and all records of RecordStore.
std::string EncodeBytesValue(absl::string_view bytes);
absl::StatusOr<absl::string_view> DecodeBytesValue(absl::string_view value, absl::string_view name);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_VALUES_H_
