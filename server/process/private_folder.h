// MakePrivate closes folders that hold guests' registers, and so their keys, to other users.
#ifndef ARMSTATE_SERVER_PROCESS_PRIVATE_FOLDER_H_
#define ARMSTATE_SERVER_PROCESS_PRIVATE_FOLDER_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace armstate {

// RocksDB's backups; a database has no folders.
inline constexpr absl::string_view kBackupFolders[] = {"meta", "private", "shared", "shared_checksum"};

struct Privacy {
  // Folders and files whose mode was changed.
  int mended = 0;
  // What others can still read, and why: sentences for a log.
  std::vector<std::string> open;
};

// Takes all rights of group and others from `folder`, from the files in it, and from those of its `subfolders`. Follows
// no symbolic links, but for `folder` itself. If there is anything else in it, it may be somebody's home: then nothing
// is changed, and that is said. Nothing is said of a folder that is not there.
Privacy MakePrivate(const std::string& folder, absl::Span<const absl::string_view> subfolders);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_PRIVATE_FOLDER_H_
