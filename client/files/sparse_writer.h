// Writes a file from its beginning to its end; blocks of zeros become holes, which take no room on disk.
#ifndef ARMSTATE_CLIENT_FILES_SPARSE_WRITER_H_
#define ARMSTATE_CLIENT_FILES_SPARSE_WRITER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace armstate {

// Of a regular file that is empty and open for writing; the descriptor stays the caller's. Errors are codes of errno;
// after one the content is undefined. Not thread-safe.
class SparseWriter {
 public:
  explicit SparseWriter(int fd) : fd_(fd) {}

  // The next byte goes there.
  uint64_t size() const { return size_; }

  absl::Status Append(absl::string_view bytes);
  // Zeros.
  void AppendZeros(uint64_t count) { size_ += count; }
  // Gives the file its length, which a hole at its end does not.
  absl::Status Finish();

 private:
  int fd_;
  uint64_t size_ = 0;
};

// Writes at an offset, all of it.
absl::Status WriteAt(int fd, absl::string_view bytes, uint64_t offset);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FILES_SPARSE_WRITER_H_
