// CheckBackupFolder detects at the start what would otherwise surface with the first backup, or with the loss of all of
// them.
#ifndef ARMSTATE_SERVER_PROCESS_BACKUP_FOLDER_H_
#define ARMSTATE_SERVER_PROCESS_BACKUP_FOLDER_H_

#include <string>

#include "absl/status/status.h"

namespace armstate {

// INVALID_ARGUMENT if `backup_dir` is `data_dir` or inside it, also through symbolic links, or if it is not a folder.
// It need not exist.
absl::Status CheckBackupFolder(const std::string& backup_dir, const std::string& data_dir);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_BACKUP_FOLDER_H_
