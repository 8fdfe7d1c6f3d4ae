#include "storage/base_cache.h"

#include <algorithm>
#include <utility>

#include "storage/storage_errors.h"

namespace armstate {

absl::optional<BaseCache::Entry> BaseCache::Find(absl::string_view vm) {
  std::lock_guard<std::mutex> lock(mutex_);
  const Entry* const entry = present_.Find(vm);
  if (entry == nullptr) return absl::nullopt;
  return *entry;
}

void BaseCache::Put(absl::string_view vm, Entry entry) {
  const size_t bytes = entry.base->memory_bytes();
  std::lock_guard<std::mutex> lock(mutex_);
  present_.Put(vm, std::move(entry), bytes);
}

void BaseCache::NoteVersion(absl::string_view vm, uint64_t incarnation, int64_t version) {
  std::lock_guard<std::mutex> lock(mutex_);
  Entry* const entry = present_.Find(vm);
  if (entry == nullptr || entry->incarnation != incarnation) return;
  entry->last_version = std::max(entry->last_version, version);
}

void BaseCache::Remove(absl::string_view vm) {
  std::lock_guard<std::mutex> lock(mutex_);
  present_.Erase(vm);
}

BaseCache::Base BaseCache::FindRead(absl::string_view vm, int64_t base_version) {
  const std::string name = BaseName(vm, base_version);
  std::lock_guard<std::mutex> lock(mutex_);
  const Base* const base = read_.Find(name);
  return base == nullptr ? nullptr : *base;
}

void BaseCache::PutRead(absl::string_view vm, int64_t base_version, Base base) {
  const size_t bytes = base->memory_bytes();
  std::lock_guard<std::mutex> lock(mutex_);
  read_.Put(BaseName(vm, base_version), std::move(base), bytes);
}

void BaseCache::RemoveRead(absl::string_view vm, int64_t base_version) {
  std::lock_guard<std::mutex> lock(mutex_);
  read_.Erase(BaseName(vm, base_version));
}

}  // namespace armstate
