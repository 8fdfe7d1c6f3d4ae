#include "server/process/backup_folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

namespace fs = std::filesystem;

// Returns the path without links, "..", and a trailing slash, as far as it exists.
fs::path Real(const std::string& folder) {
  std::error_code error;
  // Done twice: in "missing/../link" the link is visible only after the ".." is resolved.
  const fs::path real = fs::weakly_canonical(fs::weakly_canonical(fs::absolute(folder, error), error), error);
  return real.has_filename() ? real : real.parent_path();
}

}  // namespace

absl::Status CheckBackupFolder(const std::string& backup_dir, const std::string& data_dir) {
  const fs::path backups = Real(backup_dir);
  const fs::path data = Real(data_dir);
  if (std::mismatch(data.begin(), data.end(), backups.begin(), backups.end()).first == data.end()) {
    return absl::InvalidArgumentError(absl::StrCat("--backup_dir ", backup_dir, backups == data ? " is" : " is in",
                                                   " --data_dir, which is ", data_dir,
                                                   ", and would be lost with it: backup_dir must not be data_dir, nor "
                                                   "a folder in it; choose one elsewhere, best on another disk"));
  }
  // The existing part of the path.
  std::error_code error;
  fs::path existing = backups;
  while (existing.has_relative_path() && !fs::exists(existing, error)) existing = existing.parent_path();
  if (!fs::is_directory(existing, error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--backup_dir ", backup_dir, ": ", existing.string(),
                     " is not a folder; name a folder, which is created if it is missing"));
  }
  return absl::OkStatus();
}

}  // namespace armstate
