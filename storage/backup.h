// The functions here list and restore backups of the database. Backups are incremental and verified, and are restored
// into an empty folder.
//
// A backup folder holds any number of backups, which share the files that they have in common. A backup is the
// database at one moment: all that was acknowledged before it began is in it.
//
// Example:
//   absl::StatusOr<Backup> made = storage->CreateBackup("/backup/armstate");
//   absl::Status restored = RestoreBackup("/backup/armstate", made->number, "/var/lib/armstate");
#ifndef ARMSTATE_STORAGE_BACKUP_H_
#define ARMSTATE_STORAGE_BACKUP_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace armstate {

struct Backup {
  // 1, 2, 3 ... in the order in which they were made.
  uint32_t number = 0;
  absl::Time create_time;  // whole seconds
  // The size of all its files, including those that it shares with other backups.
  uint64_t bytes = 0;
};

// The whole backups, ascending; none if the folder does not exist. Damaged ones are left out, as far as file names and
// sizes tell: only VerifyBackup reads the files. UNAVAILABLE, reason STORAGE_UNAVAILABLE, if the folder cannot be read.
absl::StatusOr<std::vector<Backup>> ListBackups(const std::string& backup_dir);

// Returns the backups that ListBackups leaves out, ascending: the list of their files is damaged, or a file is missing
// or too short.
absl::StatusOr<std::vector<uint32_t>> ListDamagedBackups(const std::string& backup_dir);

// Reads all files of a backup, and compares them with what was written. Whether the database was whole then is what
// RocksDbStorage::CreateBackup has looked at.
// * DATA_LOSS, reason RECORD_DAMAGED (metadata "record" is "backups/{number}"): one is missing or is not what was
// written.
// * NOT_FOUND, reason BACKUP_NOT_FOUND: there is no such backup.
absl::Status VerifyBackup(const std::string& backup_dir, uint32_t number);

// Verifies a backup and makes `data_dir` from it, all or nothing. `data_dir` must not exist or be empty; its parent
// must exist. The log of events has another ID then (storage/checkpoint_event.h). `progress` may be empty; it is told
// how many bytes of the backup are written, at first that none is while the backup is verified. Errors as VerifyBackup,
// and:
// * FAILED_PRECONDITION, reason STORAGE_UNAVAILABLE: there is something in data_dir.
// * UNAVAILABLE or RESOURCE_EXHAUSTED, reason STORAGE_UNAVAILABLE: it cannot be written.
using RestoreProgress = std::function<void(uint64_t bytes_written, uint64_t bytes_of_backup)>;
absl::Status RestoreBackup(const std::string& backup_dir, uint32_t number, const std::string& data_dir,
                           const RestoreProgress& progress = nullptr);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_BACKUP_H_
