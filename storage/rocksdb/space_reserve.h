// `SpaceReserve` holds space on the disk for deletions when nothing else is free.
#ifndef ARMSTATE_STORAGE_ROCKSDB_SPACE_RESERVE_H_
#define ARMSTATE_STORAGE_ROCKSDB_SPACE_RESERVE_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace armstate {

// A file that holds its space, so that neither new records nor other programs get it. It is given back a piece at a
// time: what is free, others may take. It stays when the process ends, for the next start.
//
// Thread-safe.
class SpaceReserve {
 public:
  static constexpr uint64_t kBytes = uint64_t{32} << 20;
  static constexpr uint64_t kPieceBytes = uint64_t{1} << 20;

  // With what an earlier process left. An empty path: there is no disk, and nothing to hold.
  explicit SpaceReserve(std::string path);

  // Holds so many bytes from now on, at most kBytes, in whole pieces. No less than before, and no more if there is not
  // so much space.
  void Take(uint64_t bytes);
  // False if nothing is left.
  bool GiveBackAPiece();
  // Checks the file, which may have been removed.
  void Refresh();
  // The bytes that are held.
  uint64_t bytes() const;

 private:
  const std::string path_;
  mutable absl::Mutex mutex_;
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_SPACE_RESERVE_H_
