// Databases of earlier formats, brought to the present one.
#ifndef ARMSTATE_STORAGE_ROCKSDB_UPGRADE_H_
#define ARMSTATE_STORAGE_ROCKSDB_UPGRADE_H_

#include <string>

#include "absl/status/status.h"
#include "storage/rocksdb/database.h"

namespace armstate {

// Nothing if it has the present format. `name` is what errors call the database. An upgrade that was cut short is
// simply done again. Values are read in all formats, so only what is found by other keys, or counted, is written.
absl::Status UpgradeDatabase(RocksDbDatabase& database, const std::string& name);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_UPGRADE_H_
