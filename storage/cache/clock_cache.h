// A map by name that holds about so many bytes: what was not used for long goes first.
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
//   ClockCache<int> map(1000);
//   map.Put("one", 1, /*bytes=*/4);
//   int* one = map.Find("one");
//
// What is to go is the oldest value, but each that was used gets a second turn: so Find only leaves a mark. To keep
// them in the order of their use is to change three other ones, wherever they lie in memory, for each Find.
//
// Not thread-safe.
template <typename Value>
class ClockCache {
 public:
  // Always holds the value that was put last.
  explicit ClockCache(size_t max_bytes) : max_bytes_(max_bytes) {}
  ClockCache(const ClockCache&) = delete;
  ClockCache& operator=(const ClockCache&) = delete;

  // Null if it is not there. For use until the next change of the map.
  Value* Find(absl::string_view key) {
    const auto it = by_key_.find(key);
    if (it == by_key_.end()) return nullptr;
    it->second->used = true;
    return &it->second->value;
  }

  // In place of the one that is there. `bytes`: what the value takes; the map adds what it takes itself.
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
  // Of a node of the list and an entry of the table, which is half empty.
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
