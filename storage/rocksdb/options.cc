#include "storage/rocksdb/options.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "rocksdb/cache.h"
#include "rocksdb/env.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "storage/rocksdb/column_family.h"
#include "storage/rocksdb/keys.h"
#include "storage/rocksdb/status.h"

namespace armstate {
namespace {

// In the order of ColumnFamily.
constexpr const char* kFamilyNames[kColumnFamilies] = {"default",  "vms",     "checkpoints",  "layouts",
                                                       "machines", "hosts",   "cpu_profiles", "restore_reports",
                                                       "bases",    "retries", "events"};

// RocksDB's own log of events, at warnings and above. Not RocksDB's usual file beside the data: when the disk is full,
// Debian's build ends the process by an assertion at the second line that cannot be written.
class EventLogger : public rocksdb::Logger {
 public:
  explicit EventLogger(std::function<void(absl::string_view)> log)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), log_(std::move(log)) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    if (!log_) return;
    char line[1024];
    vsnprintf(line, sizeof(line), format, arguments);
    log_(absl::StripTrailingAsciiWhitespace(line));
  }

 private:
  const std::function<void(absl::string_view)> log_;
};

// The options of all column families but one.
rocksdb::Options MakeOptions(const StorageOptions& options, rocksdb::Env* env,
                             const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));

  rocksdb::Options rocksdb;
  rocksdb.env = env;
  rocksdb.create_if_missing = true;
  rocksdb.create_missing_column_families = true;
  // RocksDB's default would open a database whose log is damaged in the middle, and silently drop all that was
  // acknowledged after that place. This one accepts only the torn last record that a crash leaves, which was not
  // acknowledged.
  rocksdb.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // The records are small already, so that the denser one costs little time; but what a memtable is flushed to is
  // merged into the next level soon, and would be compressed twice.
  rocksdb.compression = rocksdb::kZSTD;
  rocksdb.compression_per_level = {rocksdb::kLZ4Compression, rocksdb::kZSTD};  // of the last for all that follow
  // No row_cache: RocksDB does not support it together with deletions of ranges, and refuses these from 9.2 on.
  rocksdb.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rocksdb.db_write_buffer_size = options.memtable_bytes;
  // One that is being written to a table has a successor already.
  rocksdb.write_buffer_size = std::min(rocksdb.write_buffer_size, options.memtable_bytes / 2);
  rocksdb.info_log = std::make_shared<EventLogger>(options.log);
  return rocksdb;
}

// Large records are never changed: they are kept in files of their own (blob files), and the tables hold only keys. So
// a compaction copies none of them, and a damaged one does not make it fail: RocksDB takes no more writes after a
// compaction has failed. For the same reason blobs are not garbage-collected by copying; the space of deleted ones
// comes back when nothing in their file is kept. That would never end with small ones, of which one file has a hundred
// thousand: those are in the tables, where they also take less (docs/decisions/0013).
rocksdb::ColumnFamilyOptions WithBlobFiles(rocksdb::ColumnFamilyOptions options) {
  options.enable_blob_files = true;
  options.min_blob_size = 4096;
  options.blob_file_size = uint64_t{32} << 20;
  options.blob_compression_type = rocksdb::kZSTD;
  return options;
}

// The table options for small values that are read in order: larger blocks compress better, and single keys are not
// read.
rocksdb::BlockBasedTableOptions ForReadingInOrder(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = std::move(cache);
  table.block_size = size_t{32} << 10;
  return table;
}

// The VM of a key that goes on behind it (storage/rocksdb/keys.h).
class VmOfKey final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "armstate.VmOfKey"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), VmKeyBytes(ToView(key)).value_or(0)};
  }
  bool InDomain(const rocksdb::Slice& key) const override {
    return VmKeyBytes(ToView(key)).value_or(key.size()) < key.size();
  }
};

}  // namespace

RocksDbOptions MakeRocksDbOptions(const StorageOptions& options, rocksdb::Env* env) {
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  const rocksdb::Options common = MakeOptions(options, env, cache);
  RocksDbOptions made;
  made.database = common;
  for (const char* name : kFamilyNames) made.families.emplace_back(name, common);
  const auto family = [&made](ColumnFamily which) -> rocksdb::ColumnFamilyOptions& {
    return made.families[static_cast<size_t>(which)].options;
  };
  for (const ColumnFamily large :
       {ColumnFamily::kCheckpoints, ColumnFamily::kBases, ColumnFamily::kCpuProfiles, ColumnFamily::kRestoreReports}) {
    family(large) = WithBlobFiles(family(large));
  }
  // Each commit asks whether its request ID was there before, and it was not; and most versions that are read are not
  // new. A filter answers that before the memtable is searched.
  for (const ColumnFamily asked : {ColumnFamily::kRetries, ColumnFamily::kCheckpoints, ColumnFamily::kBases}) {
    family(asked).memtable_prefix_bloom_size_ratio = 0.02;
    family(asked).memtable_whole_key_filtering = true;
  }
  // In the memtable the next key of a VM is put beside its last one, instead of being searched for from the beginning.
  // RocksDB 7.8 confuses these places with those of range deletions that begin with a key of the same kind, and ends
  // the process; ours begin with the VM's key alone, which has no place.
  for (const ColumnFamily of_vms : {ColumnFamily::kCheckpoints, ColumnFamily::kRetries}) {
    family(of_vms).memtable_insert_with_hint_prefix_extractor = std::make_shared<VmOfKey>();
  }
  // No range of VMs is ever deleted.
  family(ColumnFamily::kVms).memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewNoopTransform());
  family(ColumnFamily::kEvents).table_factory.reset(rocksdb::NewBlockBasedTableFactory(ForReadingInOrder(cache)));
  return made;
}

}  // namespace armstate
