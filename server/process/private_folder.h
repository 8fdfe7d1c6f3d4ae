// MakePrivate makes folders that hold guests' registers, and thus their keys, inaccessible to other users.
#ifndef ARMSTATE_SERVER_PROCESS_PRIVATE_FOLDER_H_
#define ARMSTATE_SERVER_PROCESS_PRIVATE_FOLDER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace armstate {

// The folders of RocksDB's backups; a database has no folders.
inline constexpr absl::string_view kBackupFolders[] = {"meta", "private", "shared", "shared_checksum"};

struct Privacy {
  // The number of folders and files whose mode was changed.
  int mended = 0;
  // What others can still read, and why, as sentences for a log.
  std::vector<std::string> open;
};

// Removes all permissions of group and others from `folder`, from the files in it, and from the files in its
// `subfolders`. Follows no symbolic link except `folder` itself. If the folder contains anything else, it may be a home
// directory: nothing is changed then, and the result says so. A folder that does not exist is not reported.
Privacy MakePrivate(const std::string& folder, absl::Span<const absl::string_view> subfolders);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_PRIVATE_FOLDER_H_
