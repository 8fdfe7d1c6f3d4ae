// `ColumnFamily` names the column families of the RocksDB database; docs/storage-format.md says what each holds.
#ifndef ARMSTATE_STORAGE_ROCKSDB_COLUMN_FAMILY_H_
#define ARMSTATE_STORAGE_ROCKSDB_COLUMN_FAMILY_H_

#include <cstddef>

namespace armstate {

enum class ColumnFamily {
  kDefault,
  kVms,
  kCheckpoints,
  kLayouts,
  kMachines,
  kHosts,
  kCpuProfiles,
  kRestoreReports,
  kBases,
  kRetries,
  kEvents
};

inline constexpr size_t kColumnFamilies = 11;

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_COLUMN_FAMILY_H_
