// StorageOptions configures the embedded store.
#ifndef ARMSTATE_STORAGE_STORAGE_OPTIONS_H_
#define ARMSTATE_STORAGE_STORAGE_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "storage/encryption/data_keys.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace armstate {

struct StorageOptions {
  // Memory for uncompressed blocks of the database.
  size_t block_cache_bytes = size_t{256} << 20;
  // Memory for small records that were read, without the way through a memtable or a block.
  size_t record_cache_bytes = size_t{64} << 20;
  // Above it, changes that add something are refused: a disk that hangs would take the whole memory.
  size_t waiting_write_bytes = size_t{192} << 20;
  // The amount of data that may be only in the log and in memory; above it, RocksDB flushes to tables. It may be
  // exceeded for a moment.
  size_t memtable_bytes = size_t{192} << 20;
  // The number of events that are kept, the newest ones; at least 1. About 15 bytes each.
  uint64_t kept_events = 1000000;
  // Wraps the keys with which records are encrypted. Without it nothing is encrypted.
  absl::optional<WrappingKey> encryption_key = {};
  // Gets RocksDB's own warnings and errors, a line each, from any thread; may be empty.
  std::function<void(absl::string_view)> log;
  // The environment that holds the files: the disk if null; rocksdb::NewMemEnv in tests. Must outlive the storage.
  rocksdb::Env* env = nullptr;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_STORAGE_OPTIONS_H_
