// MemoryOnlyReads keeps a thread from waiting for the disk.
#ifndef ARMSTATE_STORAGE_MEMORY_ONLY_READS_H_
#define ARMSTATE_STORAGE_MEMORY_ONLY_READS_H_

#include <cstddef>

namespace armstate {

// While it exists, reads of single records by this thread see only what is in memory, and not large: to decode that
// takes time, too. What they answer then is right if it is there; any error means only that it is not all so.
//
// Example:
//   {
//     const MemoryOnlyReads no_disk;
//     if (auto checkpoint = repository.Get(vm, version); checkpoint.ok()) return checkpoint;
//   }
//   return executor.Run([&] { return repository.Get(vm, version); });
class MemoryOnlyReads {
 public:
  static constexpr size_t kLargeBytes = size_t{128} << 10;

  MemoryOnlyReads() { active_ = true; }
  ~MemoryOnlyReads() { active_ = false; }
  MemoryOnlyReads(const MemoryOnlyReads&) = delete;
  MemoryOnlyReads& operator=(const MemoryOnlyReads&) = delete;

  static bool active() { return active_; }
  // True if this thread does not read a record of this size.
  static bool IsTooLarge(size_t bytes) { return active_ && bytes > kLargeBytes; }

 private:
  inline static thread_local bool active_ = false;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_MEMORY_ONLY_READS_H_
