#include "storage/rocksdb/record_cache.h"

#include "absl/hash/hash.h"

namespace armstate {

RecordCache::Lookup RecordCache::Find(absl::string_view key) {
  absl::MutexLock lock(&mutex_);
  if (const StoredRecord* const record = records_.Find(key); record != nullptr) return {*record};
  return {absl::nullopt, ChangesOf(key).begun};
}

void RecordCache::Put(absl::string_view key, const StoredRecord& record, uint64_t changes) {
  if (record.record.size() > kMaxRecordBytes) return;
  absl::MutexLock lock(&mutex_);
  const Changes& now = ChangesOf(key);
  if (now.is_running || now.begun != changes) return;
  records_.Put(key, record, record.record.size());
}

void RecordCache::BeginChange(absl::string_view key) {
  absl::MutexLock lock(&mutex_);
  records_.Erase(key);
  Begin(ChangesOf(key));
}

void RecordCache::BeginChangeOfAll() {
  absl::MutexLock lock(&mutex_);
  records_.Clear();
  for (Changes& changes : changes_) Begin(changes);
}

void RecordCache::EndChanges() {
  absl::MutexLock lock(&mutex_);
  for (Changes* const changes : running_) changes->is_running = false;
  running_.clear();
}

void RecordCache::Restart() {
  BeginChangeOfAll();
  EndChanges();
}

RecordCache::Changes& RecordCache::ChangesOf(absl::string_view key) {
  return changes_[absl::HashOf(key) % changes_.size()];
}

void RecordCache::Begin(Changes& changes) {
  changes.begun += 1;
  changes.is_running = true;
  running_.push_back(&changes);
}

}  // namespace armstate
