// `SparseWriter` writes from beginning to end; in a file, blocks of zeros become holes, which take no room on disk.
#ifndef ARMSTATE_CLIENT_FILES_SPARSE_WRITER_H_
#define ARMSTATE_CLIENT_FILES_SPARSE_WRITER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace armstate {

// Into a regular file that is empty, or with kWriteZeros into whatever takes bytes in their order, as a pipe. It is
// open for writing; the descriptor stays the caller's. Errors are codes of errno; after one the content is undefined.
// Not thread-safe.
class SparseWriter {
 public:
  enum class Holes { kLeave, kWriteZeros };

  explicit SparseWriter(int fd, Holes holes = Holes::kLeave) : fd_(fd), holes_(holes) {}

  // The next byte goes there.
  uint64_t size() const { return size_; }

  absl::Status Append(absl::string_view bytes);
  // Zeros.
  absl::Status AppendZeros(uint64_t count);
  // Gives the file its length, which a hole at its end does not.
  absl::Status Finish();

 private:
  int fd_;
  Holes holes_;
  uint64_t size_ = 0;
};

// Writes at an offset, all of it.
absl::Status WriteAt(int fd, absl::string_view bytes, uint64_t offset);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FILES_SPARSE_WRITER_H_
