#include "storage/base_cache.h"

#include <algorithm>
#include <utility>

namespace armstate {

absl::optional<BaseCache::Entry> BaseCache::Find(absl::string_view vm) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto it = by_vm_.find(vm);
  if (it == by_vm_.end()) return absl::nullopt;
  nodes_.splice(nodes_.begin(), nodes_, it->second);
  return it->second->entry;
}

void BaseCache::Put(absl::string_view vm, Entry entry) {
  const size_t bytes = sizeof(Node) + 2 * vm.size() + entry.base->memory_bytes();
  std::lock_guard<std::mutex> lock(mutex_);
  if (const auto it = by_vm_.find(vm); it != by_vm_.end()) Erase(it->second);
  nodes_.push_front({std::string(vm), std::move(entry), bytes});
  by_vm_.emplace(vm, nodes_.begin());
  bytes_ += bytes;
  while (bytes_ > max_bytes_ && nodes_.size() > 1) Erase(std::prev(nodes_.end()));
}

void BaseCache::NoteVersion(absl::string_view vm, uint64_t incarnation, int64_t version) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto it = by_vm_.find(vm);
  if (it == by_vm_.end() || it->second->entry.incarnation != incarnation) return;
  it->second->entry.last_version = std::max(it->second->entry.last_version, version);
}

void BaseCache::Remove(absl::string_view vm) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (const auto it = by_vm_.find(vm); it != by_vm_.end()) Erase(it->second);
}

void BaseCache::Erase(Nodes::iterator node) {
  bytes_ -= node->bytes;
  by_vm_.erase(node->vm);
  nodes_.erase(node);
}

}  // namespace armstate
