#include "tests/testing/small_volume.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

namespace armstate {

absl::StatusOr<std::unique_ptr<SmallVolume>> SmallVolume::Mount() {
  const uid_t user = getuid();
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return absl::ErrnoToStatus(errno, "unshare");
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
  }
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return absl::ErrnoToStatus(errno, "private /");
  // Not make_unique: the constructor is private.
  std::unique_ptr<SmallVolume> volume(new SmallVolume);
  if (mount("tmpfs", volume->folder_.path().c_str(), "tmpfs", 0, "size=160m") != 0) {
    return absl::ErrnoToStatus(errno, "mount");
  }
  return volume;
}

SmallVolume::~SmallVolume() { EXPECT_EQ(umount(folder_.path().c_str()), 0) << strerror(errno); }

uint64_t SmallVolume::Free() const {
  struct statvfs found;
  return statvfs(folder_.path().c_str(), &found) == 0 ? found.f_bavail * found.f_frsize : 0;
}

void SmallVolume::TakeTheRest(uint64_t but_for) {
  std::ofstream file(Filler(), std::ios::binary | std::ios::app);
  const std::string block(4096, 'x');
  while (Free() > but_for && file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
  }
}

void SmallVolume::GiveBack() { std::filesystem::remove(Filler()); }

}  // namespace armstate
