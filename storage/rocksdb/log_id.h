// `EnsureEventLogId` gives the log of events its ID.
//
// A restore brings the numbers of old events back, and they are given again to other events. So a restored database
// gets another ID, which reveals watchers that come with a number from before.
#ifndef ARMSTATE_STORAGE_ROCKSDB_LOG_ID_H_
#define ARMSTATE_STORAGE_ROCKSDB_LOG_ID_H_

#include <string>

#include "absl/status/status.h"
#include "rocksdb/env.h"
#include "storage/rocksdb/database.h"

namespace armstate {

// A file in data_dir that says: restored from a backup, and not opened since.
inline constexpr char kRestoredMarker[] = "RESTORED";

// Gives the log an ID if it has none: in a new database, in a restored one, and in one of a program that knew of none.
absl::Status EnsureEventLogId(RocksDbDatabase& database, const std::string& data_dir, rocksdb::Env* env);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_LOG_ID_H_
