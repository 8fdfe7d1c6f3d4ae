#include "storage/repository/base_cache.h"

#include <algorithm>
#include <utility>

#include "storage/storage_errors.h"

namespace armstate {

absl::optional<BaseCache::Entry> BaseCache::Find(absl::string_view vm) {
  absl::MutexLock lock(&mutex_);
  const Entry* const entry = present_.Find(vm);
  if (entry == nullptr) return absl::nullopt;
  return *entry;
}

void BaseCache::Put(absl::string_view vm, Entry entry) {
  const size_t bytes = entry.base->memory_bytes();
  absl::MutexLock lock(&mutex_);
  present_.Put(vm, std::move(entry), bytes);
}

void BaseCache::NoteVersion(absl::string_view vm, uint64_t incarnation, int64_t version) {
  absl::MutexLock lock(&mutex_);
  Entry* const entry = present_.Find(vm);
  if (entry == nullptr || entry->incarnation != incarnation) return;
  entry->last_version = std::max(entry->last_version, version);
}

void BaseCache::Remove(absl::string_view vm) {
  absl::MutexLock lock(&mutex_);
  present_.Erase(vm);
}

BaseCache::Base BaseCache::FindRead(absl::string_view vm, int64_t base_version) {
  const std::string name = BaseName(vm, base_version);
  absl::MutexLock lock(&mutex_);
  const Base* const base = read_.Find(name);
  return base == nullptr ? nullptr : *base;
}

void BaseCache::PutRead(absl::string_view vm, int64_t base_version, Base base) {
  const size_t bytes = base->memory_bytes();
  absl::MutexLock lock(&mutex_);
  read_.Put(BaseName(vm, base_version), std::move(base), bytes);
}

void BaseCache::RemoveRead(absl::string_view vm, int64_t base_version) {
  absl::MutexLock lock(&mutex_);
  read_.Erase(BaseName(vm, base_version));
}

}  // namespace armstate
