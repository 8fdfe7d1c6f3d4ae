// All key bytes of the RocksDB database, format 3.
//
//   column family   key                          value (storage/rocksdb/values.h)
//   default         "format"                     number of the format: of these keys, and of all values
//   default         "event_log_id"               random ID of the log of events
//   default         "events"                     which events are kept; nothing before the first one
//   vms             vm                           VmInfo
//   checkpoints     vm, u64 version              a version: what the store knows of it, and its record
//   bases           vm, u64 version              base that this version brought
//   retries         vm, request hash             version that this request made
//   requests        (empty; in format 1: vm, request ID: the same as retries)
//   layouts         hash                         layout
//   events          u64 sequence number          the event with this number, and those before it that were written
//   together
//                                                with it (format 4: only this one)
//   machines        name                         the caller's bytes
//   hosts           name                         the caller's bytes
//   cpu_profiles    name                         the caller's bytes
//   restore_reports name                         the caller's bytes
//
// "vm" is the VM's name with each byte 00 written as 00 FF, then 00 00. So a name may be any bytes, none is the
// beginning of another's keys, and keys sort as the names do. Versions and sequence numbers are big-endian, so that
// they sort as numbers. The rest is plain bytes up to the key's end.
//
// The incarnation of a VM is no part of the keys: a VM is deleted in one atomic write, so there is only ever one of
// each name.
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

std::string VmKey(absl::string_view vm);
// Of a key that begins with VmKey: how long that is.
absl::optional<size_t> VmKeyBytes(absl::string_view key);
// The end (exclusive) of all keys of a VM that begin with VmKey(vm).
std::string VmKeyEnd(absl::string_view vm);
std::string CheckpointKey(absl::string_view vm, int64_t version);
// In `retries`; in `requests` with the ID itself.
std::string RequestKey(absl::string_view vm, absl::string_view request_hash);

// Of the last event of those that were written together.
std::string EventKey(uint64_t sequence);
absl::optional<uint64_t> ParseEventKey(absl::string_view key);

// The end (exclusive) of all keys that begin with these bytes; "" if there is no end.
std::string PrefixEnd(absl::string_view prefix);

// What stands for a request ID in keys and values: IDs are long and random, so they do not get smaller by themselves.
// The first bytes of its SHA-256; none for no ID.
inline constexpr size_t kRequestHashBytes = 8;
std::string RequestHash(absl::string_view request_id);

// The name in a key that begins with VmKey, and the rest of the key; nothing if the bytes are no such key.
struct VmKeyParts {
  std::string vm;
  absl::string_view rest;
};
absl::optional<VmKeyParts> SplitVmKey(absl::string_view key);
// The name in a key of `vms`; nothing if the bytes are no such key.
absl::optional<std::string> ParseVmKey(absl::string_view key);
// The version in a key of `checkpoints` or `bases`; nothing if the bytes are no such key.
absl::optional<int64_t> ParseCheckpointVersion(absl::string_view key);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_KEYS_H_
