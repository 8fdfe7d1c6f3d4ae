// `MakeRocksDbOptions` makes the options of RocksDB: of the database and of each column family.
#ifndef ARMSTATE_STORAGE_ROCKSDB_OPTIONS_H_
#define ARMSTATE_STORAGE_ROCKSDB_OPTIONS_H_

#include <vector>

#include "rocksdb/db.h"
#include "rocksdb/options.h"
#include "storage/storage_options.h"

namespace armstate {

struct RocksDbOptions {
  rocksdb::DBOptions database;
  // In the order of ColumnFamily.
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
};

RocksDbOptions MakeRocksDbOptions(const StorageOptions& options, rocksdb::Env* env);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_OPTIONS_H_
