// `ClockCache` maps names to values of a limited total size, and evicts values that were not used for long.
#ifndef ARMSTATE_STORAGE_CACHE_CLOCK_CACHE_H_
#define ARMSTATE_STORAGE_CACHE_CLOCK_CACHE_H_

#include <cstddef>
#include <iterator>
#include <list>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace armstate {

// Example:
//   ClockCache<int> cache(1000);
//   cache.Put("one", 1, /*bytes=*/4);
//   int* one = cache.Find("one");
//
// Eviction is second-chance (CLOCK): a hit sets a bit. An LRU list would relink three nodes, wherever they are in
// memory, for each hit.
//
// Not thread-safe.
template <typename Value>
class ClockCache {
 public:
  // Holds at most `max_bytes`, but always the value that was put last.
  explicit ClockCache(size_t max_bytes) : max_bytes_(max_bytes) {}
  ClockCache(const ClockCache&) = delete;
  ClockCache& operator=(const ClockCache&) = delete;

  // Null if the key is not there. The pointer is valid until the next change of the cache.
  Value* Find(absl::string_view key) {
    const auto it = by_key_.find(key);
    if (it == by_key_.end()) return nullptr;
    it->second->used = true;
    return &it->second->value;
  }

  // Replaces the value that is there. `bytes`: the size of the value, to which the cache adds its own.
  void Put(absl::string_view key, Value value, size_t bytes) {
    bytes += sizeof(Node) + kOverheadBytes + key.size();
    auto it = by_key_.find(key);
    if (it == by_key_.end()) {
      nodes_.push_front({std::string(key)});
      it = by_key_.emplace(nodes_.front().key, nodes_.begin()).first;
    }
    Node& node = *it->second;
    node.used = node.bytes > 0;  // one that is replaced
    node.value = std::move(value);
    bytes_ += bytes - node.bytes;
    node.bytes = bytes;
    MakeRoom(node);
  }

  void Erase(absl::string_view key) {
    if (const auto it = by_key_.find(key); it != by_key_.end()) Erase(it->second);
  }

  void Clear() {
    by_key_.clear();
    nodes_.clear();
    bytes_ = 0;
  }

 private:
  // The size of a node of the list and an entry of the table, which is half empty.
  static constexpr size_t kOverheadBytes = 64;

  struct Node {
    std::string key;
    Value value = {};
    size_t bytes = 0;
    bool used = false;
  };
  using Nodes = std::list<Node>;

  void MakeRoom(const Node& put_last) {
    while (bytes_ > max_bytes_ && nodes_.size() > 1) {
      const auto oldest = std::prev(nodes_.end());
      if (oldest->used || &*oldest == &put_last) {
        oldest->used = false;
        nodes_.splice(nodes_.begin(), nodes_, oldest);
      } else {
        Erase(oldest);
      }
    }
  }

  void Erase(typename Nodes::iterator node) {
    bytes_ -= node->bytes;
    by_key_.erase(node->key);
    nodes_.erase(node);
  }

  const size_t max_bytes_;
  Nodes nodes_;  // the oldest one is last
  // The keys are those of the nodes.
  absl::flat_hash_map<absl::string_view, typename Nodes::iterator> by_key_;
  size_t bytes_ = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_CACHE_CLOCK_CACHE_H_
