// `CheckRocksDbLogs` checks RocksDB's logs before RocksDB opens them.
//
// RocksDB takes a record that ends after its file for the torn one that a crash leaves, and opens without it and all
// that follows; of the list of tables (MANIFEST) it then removes the tables that were listed there. It does not see
// that the record is whole and only its length is damaged, nor that zeros or a damaged type hide whole records.
#ifndef ARMSTATE_STORAGE_ROCKSDB_LOG_CHECK_H_
#define ARMSTATE_STORAGE_ROCKSDB_LOG_CHECK_H_

#include <string>

#include "absl/status/status.h"
#include "rocksdb/env.h"

namespace armstate {

// Reads the list of tables and the write-ahead logs of a database that is not open; OK if there is no
// database. OK also if one of them ends in a torn record.
// * DATA_LOSS, reason RECORD_DAMAGED (metadata "record" is data_dir): something in them is damaged, the list of tables
// is missing, or a log is, or ends before what was on disk of it (storage/rocksdb/log_guard.h). Not of a log whose
// changes are in tables, of which the list of tables tells: RocksDB removes it.
// * UNAVAILABLE, reason STORAGE_UNAVAILABLE: they cannot be read.
absl::Status CheckRocksDbLogs(rocksdb::Env* env, const std::string& data_dir);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_LOG_CHECK_H_
