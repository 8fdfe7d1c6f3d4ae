// `BackUp` makes a backup of an open database; storage/backup.h has the rest.
#ifndef ARMSTATE_STORAGE_ROCKSDB_BACKUP_H_
#define ARMSTATE_STORAGE_ROCKSDB_BACKUP_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "storage/backup.h"
#include "storage/rocksdb/database.h"

namespace armstate {

// See RocksDbStorage::CreateBackup. Not by two threads at once.
absl::StatusOr<Backup> BackUp(RocksDbDatabase& database, const std::string& backup_dir,
                              const std::function<bool()>& cancelled);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_BACKUP_H_
