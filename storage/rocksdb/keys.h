// The functions here encode and decode the keys of the RocksDB database. docs/storage-format.md defines them.
#ifndef ARMSTATE_STORAGE_ROCKSDB_KEYS_H_
#define ARMSTATE_STORAGE_ROCKSDB_KEYS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace armstate {

inline constexpr char kFormatKey[] = "format";
inline constexpr char kEventRangeKey[] = "events";
inline constexpr char kEventLogIdKey[] = "event_log_id";
inline constexpr char kDataKeysKey[] = "data_keys";

std::string VmKey(absl::string_view vm);
// The length of the VmKey that a key begins with.
absl::optional<size_t> VmKeyBytes(absl::string_view key);
// The end (exclusive) of all keys of a VM that begin with VmKey(vm).
std::string VmKeyEnd(absl::string_view vm);
std::string CheckpointKey(absl::string_view vm, int64_t version);
// In `retries`. `request_hash`: RequestHash of the ID.
std::string RequestKey(absl::string_view vm, absl::string_view request_hash);

// `sequence`: of the last event of those that were written together.
std::string EventKey(uint64_t sequence);
absl::optional<uint64_t> ParseEventKey(absl::string_view key);

// The end (exclusive) of all keys that begin with these bytes; "" if there is no end.
std::string PrefixEnd(absl::string_view prefix);

// Stands for a request ID in keys and values, as IDs are long and random: the first bytes of its SHA-256. Empty for an
// empty ID.
inline constexpr size_t kRequestHashBytes = 8;
std::string RequestHash(absl::string_view request_id);

// The name in a key of `vms`; nullopt if the bytes are no such key.
absl::optional<std::string> ParseVmKey(absl::string_view key);
// The version in a key of `checkpoints` or `bases`; nullopt if the bytes are no such key.
absl::optional<int64_t> ParseCheckpointVersion(absl::string_view key);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_KEYS_H_
