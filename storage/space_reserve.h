// Space on the disk for deletions when nothing else is free.
#ifndef ARMSTATE_STORAGE_SPACE_RESERVE_H_
#define ARMSTATE_STORAGE_SPACE_RESERVE_H_

#include <cstdint>
#include <mutex>
#include <string>

namespace armstate {

// A file that holds its space, so that neither new records nor other programs get it. It is given back a piece at a
// time: what is free, others may take. It stays when the process ends, for the next start.
//
// Thread-safe.
class SpaceReserve {
 public:
  static constexpr uint64_t kBytes = uint64_t{32} << 20;
  static constexpr uint64_t kPieceBytes = uint64_t{4} << 20;

  // With what an earlier process left. An empty path: there is no disk, and nothing to hold.
  explicit SpaceReserve(std::string path);

  // Holds kBytes from now on, if there is so much space.
  void Take();
  // False if nothing is left.
  bool GiveBackAPiece();
  // What is held.
  uint64_t bytes() const;

 private:
  const std::string path_;
  mutable std::mutex mutex_;
  uint64_t bytes_ = 0;  // guarded by mutex_
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_SPACE_RESERVE_H_
