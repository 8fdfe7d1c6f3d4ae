// `BaseCache` caches full copies that were used recently.
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

// Holds, for each VM, the full copy that its next version may be a difference to (the present base); and, separately,
// full copies that were read. Thread-safe.
class BaseCache {
 public:
  using Base = std::shared_ptr<const FullCopy>;

  // The present base of a VM.
  struct Entry {
    uint64_t incarnation = 0;
    // The version that brought the base.
    int64_t base_version = 0;
    // The last known version of the VM.
    int64_t last_version = 0;
    Base base;
  };

  // Holds about `max_bytes` of each kind, but always the entry that was put last.
  explicit BaseCache(size_t max_bytes) : present_(max_bytes), read_(max_bytes) {}

  // The entry may be outdated; the store refuses a commit with an outdated base.
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
