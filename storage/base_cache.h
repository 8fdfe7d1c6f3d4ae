// The full copies that were used last, one for each VM.
#ifndef ARMSTATE_STORAGE_BASE_CACHE_H_
#define ARMSTATE_STORAGE_BASE_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "storage/full_copy.h"

namespace armstate {

// Thread-safe.
class BaseCache {
 public:
  struct Entry {
    uint64_t incarnation = 0;
    // That brought the base.
    int64_t base_version = 0;
    // The last version that is known of the VM.
    int64_t last_version = 0;
    std::shared_ptr<const FullCopy> base;
  };

  // Holds about so many bytes, but always the entry that was put last.
  explicit BaseCache(size_t max_bytes) : max_bytes_(max_bytes) {}

  // What is there may be outdated: the store tells.
  absl::optional<Entry> Find(absl::string_view vm);
  void Put(absl::string_view vm, Entry entry);
  // A commit gave this version.
  void NoteVersion(absl::string_view vm, uint64_t incarnation, int64_t version);
  void Remove(absl::string_view vm);

 private:
  struct Node {
    std::string vm;
    Entry entry;
    size_t bytes = 0;
  };
  using Nodes = std::list<Node>;

  void Erase(Nodes::iterator node);  // with mutex_ held

  const size_t max_bytes_;
  std::mutex mutex_;
  // Guarded by mutex_, from here on.
  Nodes nodes_;  // the one that was used last is first
  absl::flat_hash_map<std::string, Nodes::iterator> by_vm_;
  size_t bytes_ = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_BASE_CACHE_H_
