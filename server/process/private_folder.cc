#include "server/process/private_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/optional.h"

namespace armstate {
namespace {

constexpr mode_t kOthers = 077;
// The depth of a backup's folders: private/1/ contains files.
constexpr int kMaxDepth = 3;

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

Folder OpenFolder(int parent, const std::string& name, int flags) {
  const int fd = openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
  if (fd < 0) return nullptr;
  Folder folder(fdopendir(fd));
  if (folder == nullptr) close(fd);
  return folder;
}

// A folder and its contents.
class Tree {
 public:
  explicit Tree(absl::Span<const absl::string_view> subfolders) : subfolders_(subfolders) {}

  // Finds everything that others can access, and everything that is not armstate's.
  void Look(DIR* folder, const std::string& path, int depth) {
    struct stat info;
    if (fstat(dirfd(folder), &info) == 0) Note(path, info.st_mode);
    while (const dirent* const entry = readdir(folder)) {
      const std::string name = entry->d_name;
      if (name == "." || name == ".." || (depth == 0 && name == "lost+found")) continue;
      const std::string entry_path = absl::StrCat(path, "/", name);
      if (fstatat(dirfd(folder), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;  // it no longer exists
      const bool is_ours = depth > 0 || std::find(subfolders_.begin(), subfolders_.end(), name) != subfolders_.end();
      if (S_ISREG(info.st_mode)) {
        Note(entry_path, info.st_mode);
      } else if (S_ISDIR(info.st_mode) && is_ours && depth < kMaxDepth) {
        if (const Folder inner = OpenFolder(dirfd(folder), name, O_NOFOLLOW)) Look(inner.get(), entry_path, depth + 1);
      } else if (!foreign_) {
        foreign_ = entry_path;
      }
    }
  }

  Privacy Close() const {
    Privacy privacy;
    if (open_.empty()) return privacy;
    if (foreign_) {
      privacy.open.push_back(
          absl::StrFormat("other users can read %s (mode %04o), and nothing was changed, as %s is not "
                          "armstate's: use a folder of its own",
                          open_.front().path, open_.front().mode & 07777, *foreign_));
      return privacy;
    }
    for (const Entry& entry : open_) {  // a folder precedes its contents
      if (fchmodat(AT_FDCWD, entry.path.c_str(), entry.mode & 07777 & ~kOthers, AT_SYMLINK_NOFOLLOW) == 0) {
        ++privacy.mended;
      } else {
        privacy.open.push_back(
            absl::StrCat("other users can read ", entry.path, ", and its mode cannot be changed: ", strerror(errno)));
      }
    }
    return privacy;
  }

 private:
  struct Entry {
    std::string path;
    mode_t mode;
  };

  void Note(const std::string& path, mode_t mode) {
    if ((mode & kOthers) != 0) open_.push_back({path, mode});
  }

  const absl::Span<const absl::string_view> subfolders_;
  std::vector<Entry> open_;
  absl::optional<std::string> foreign_;
};

}  // namespace

Privacy MakePrivate(const std::string& folder, absl::Span<const absl::string_view> subfolders) {
  std::error_code error;
  const std::string path = std::filesystem::canonical(folder, error);
  const Folder opened = error ? nullptr : OpenFolder(AT_FDCWD, path, O_NOFOLLOW);
  if (opened == nullptr) return {};
  Tree tree(subfolders);
  tree.Look(opened.get(), path, 0);
  return tree.Close();
}

}  // namespace armstate
