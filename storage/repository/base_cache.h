// The full copies that were used last.
#ifndef ARMSTATE_STORAGE_REPOSITORY_BASE_CACHE_H_
#define ARMSTATE_STORAGE_REPOSITORY_BASE_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "storage/cache/clock_cache.h"
#include "storage/format/full_copy.h"

namespace armstate {

// Of each VM the one that its next version may be a difference to; and beside them any that were read. Thread-safe.
class BaseCache {
 public:
  using Base = std::shared_ptr<const FullCopy>;

  // Of a VM.
  struct Entry {
    uint64_t incarnation = 0;
    // That brought the base.
    int64_t base_version = 0;
    // The last version that is known of the VM.
    int64_t last_version = 0;
    Base base;
  };

  // Holds about so many bytes of each kind, but always what was put last.
  explicit BaseCache(size_t max_bytes) : present_(max_bytes), read_(max_bytes) {}

  // What is there may be outdated: the store tells.
  absl::optional<Entry> Find(absl::string_view vm);
  void Put(absl::string_view vm, Entry entry);
  // A commit gave this version.
  void NoteVersion(absl::string_view vm, uint64_t incarnation, int64_t version);
  void Remove(absl::string_view vm);

  // The base that this version brought; null if it is not at hand. It may be one of an earlier VM of the same name:
  // then a difference does not fit it.
  Base FindRead(absl::string_view vm, int64_t base_version);
  void PutRead(absl::string_view vm, int64_t base_version, Base base);
  void RemoveRead(absl::string_view vm, int64_t base_version);

 private:
  absl::Mutex mutex_;
  ClockCache<Entry> present_ ABSL_GUARDED_BY(mutex_);  // by VM
  ClockCache<Base> read_ ABSL_GUARDED_BY(mutex_);      // by name of the base
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_REPOSITORY_BASE_CACHE_H_
