#include "client/files/sparse_writer.h"

#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace armstate {
namespace {

constexpr uint64_t kBlock = 4096;  // the granularity of holes in file systems

bool IsZero(absl::string_view bytes) {
  return bytes.empty() || (bytes[0] == 0 && memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

absl::Status WriteNext(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = write(fd, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return absl::ErrnoToStatus(errno, "write");
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteAt(int fd, absl::string_view bytes, uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t size = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return absl::ErrnoToStatus(errno, "pwrite");
    bytes.remove_prefix(static_cast<size_t>(size));
    offset += static_cast<uint64_t>(size);
  }
  return absl::OkStatus();
}

absl::Status SparseWriter::Append(absl::string_view bytes) {
  if (holes_ == Holes::kWriteZeros) {
    size_ += bytes.size();
    return WriteNext(fd_, bytes);
  }
  size_t written = 0;  // how many bytes are written, or skipped as zeros
  size_t at = 0;
  const auto flush = [&] {
    const absl::Status status = WriteAt(fd_, bytes.substr(written, at - written), size_ + written);
    written = at;
    return status;
  };
  while (at < bytes.size()) {
    const size_t size = std::min<size_t>(kBlock - (size_ + at) % kBlock, bytes.size() - at);
    if (size == kBlock && IsZero(bytes.substr(at, size))) {
      const absl::Status status = flush();
      if (!status.ok()) return status;
      written = at + size;
    }
    at += size;
  }
  const absl::Status status = flush();
  size_ += bytes.size();
  return status;
}

absl::Status SparseWriter::AppendZeros(uint64_t count) {
  size_ += count;
  if (holes_ == Holes::kLeave) return absl::OkStatus();
  static constexpr char kZeros[64 * 1024] = {};
  absl::Status status;
  for (; status.ok() && count > 0; count -= std::min<uint64_t>(count, sizeof(kZeros))) {
    status = WriteNext(fd_, {kZeros, std::min<uint64_t>(count, sizeof(kZeros))});
  }
  return status;
}

absl::Status SparseWriter::Finish() {
  if (holes_ == Holes::kWriteZeros) return absl::OkStatus();
  if (ftruncate(fd_, static_cast<off_t>(size_)) != 0) return absl::ErrnoToStatus(errno, "ftruncate");
  return absl::OkStatus();
}

}  // namespace armstate
