// CheckBackupFolder finds out at the start what would otherwise be found by the first backup, or by the loss of all.
#ifndef ARMSTATE_SERVER_PROCESS_BACKUP_FOLDER_H_
#define ARMSTATE_SERVER_PROCESS_BACKUP_FOLDER_H_

#include <string>

#include "absl/status/status.h"

namespace armstate {

// INVALID_ARGUMENT if `backup_dir` is `data_dir` or in it, also by symbolic links, or if it is no folder; it need not
// exist.
absl::Status CheckBackupFolder(const std::string& backup_dir, const std::string& data_dir);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_BACKUP_FOLDER_H_
