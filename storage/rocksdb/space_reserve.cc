#include "storage/rocksdb/space_reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace armstate {

SpaceReserve::SpaceReserve(std::string path) : path_(std::move(path)) { Refresh(); }

void SpaceReserve::Refresh() {
  absl::MutexLock lock(&mutex_);
  struct stat found;
  const bool is_there = !path_.empty() && stat(path_.c_str(), &found) == 0;
  // A copy may have a hole in its place.
  bytes_ = is_there ? static_cast<uint64_t>(std::min<off_t>(found.st_size, found.st_blocks * 512)) : 0;
}

void SpaceReserve::Take(uint64_t bytes) {
  bytes = std::min(bytes, kBytes) / kPieceBytes * kPieceBytes;
  absl::MutexLock lock(&mutex_);
  if (path_.empty() || bytes <= bytes_) return;
  const int file = open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return;
  if (posix_fallocate(file, 0, static_cast<off_t>(bytes)) == 0) {
    bytes_ = bytes;
  } else if (ftruncate(file, static_cast<off_t>(bytes_)) != 0) {
    unlink(path_.c_str());
    bytes_ = 0;
  }
  close(file);
}

bool SpaceReserve::GiveBackAPiece() {
  absl::MutexLock lock(&mutex_);
  if (bytes_ == 0) return false;
  bytes_ -= std::min(bytes_, kPieceBytes);
  if (bytes_ == 0 || truncate(path_.c_str(), static_cast<off_t>(bytes_)) != 0) {
    unlink(path_.c_str());
    bytes_ = 0;
  }
  return true;
}

uint64_t SpaceReserve::bytes() const {
  absl::MutexLock lock(&mutex_);
  return bytes_;
}

}  // namespace armstate
