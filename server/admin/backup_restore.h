// RestoreFromBackup implements `armstated --restore_backup`: it makes a data_dir from a backup, without a server.
#ifndef ARMSTATE_SERVER_ADMIN_BACKUP_RESTORE_H_
#define ARMSTATE_SERVER_ADMIN_BACKUP_RESTORE_H_

#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "armstate/v1/admin_service.pb.h"

namespace armstate {

// Restores a backup, a number or "latest", into `data_dir`, which must be empty or not exist; all or nothing. If the
// restore takes longer than a second, its progress is written to `progress`, unless null, on one line that is
// overwritten.
// * INVALID_ARGUMENT, reason FIELD_INVALID: neither a number nor "latest".
// * NOT_FOUND, reason BACKUP_NOT_FOUND: there is no such backup.
// * FAILED_PRECONDITION, reason STORAGE_UNAVAILABLE: data_dir is not empty.
// * DATA_LOSS, reason RECORD_DAMAGED: the backup is damaged; nothing was restored. Also if "latest" is one that
// ListBackups leaves out: an older one has to be asked for by its number.
// * UNAVAILABLE or RESOURCE_EXHAUSTED, reason STORAGE_UNAVAILABLE: a folder cannot be read or written.
absl::StatusOr<v1::Backup> RestoreFromBackup(const std::string& which, const std::string& backup_dir,
                                             const std::string& data_dir, std::ostream* progress);

// Returns one line of JSON for the caller of the program: the armstate.v1.Backup, or the google.rpc.Status.
std::string RestoreAnswer(const absl::StatusOr<v1::Backup>& restored);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_ADMIN_BACKUP_RESTORE_H_
