#include "storage/space_reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace armstate {

SpaceReserve::SpaceReserve(std::string path) : path_(std::move(path)) {
  struct stat found;
  if (!path_.empty() && stat(path_.c_str(), &found) == 0) bytes_ = static_cast<uint64_t>(found.st_size);
}

void SpaceReserve::Take() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (path_.empty()) return;
  const int file = open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return;
  if (posix_fallocate(file, 0, static_cast<off_t>(kBytes)) == 0) {
    bytes_ = kBytes;
  } else if (ftruncate(file, static_cast<off_t>(bytes_)) != 0) {
    unlink(path_.c_str());
    bytes_ = 0;
  }
  close(file);
}

bool SpaceReserve::GiveBackAPiece() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (bytes_ == 0) return false;
  bytes_ -= std::min(bytes_, kPieceBytes);
  if (bytes_ == 0 || truncate(path_.c_str(), static_cast<off_t>(bytes_)) != 0) {
    unlink(path_.c_str());
    bytes_ = 0;
  }
  return true;
}

uint64_t SpaceReserve::bytes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return bytes_;
}

}  // namespace armstate
