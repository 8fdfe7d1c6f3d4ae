#include "storage/rocksdb/event_log.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/rocksdb/keys.h"
#include "storage/rocksdb/values.h"
#include "storage/storage_errors.h"

namespace armstate {

RocksDbEventLog::RocksDbEventLog(const RocksDbDatabase& database, uint64_t kept)
    : database_(database), kept_(std::max<uint64_t>(kept, 1)) {}

absl::Status RocksDbEventLog::Load() {
  is_loaded_ = false;
  const absl::StatusOr<absl::optional<std::string>> value =
      database_.Get(ColumnFamily::kDefault, kEventRangeKey, "events");
  if (!value.ok()) return value.status();
  const absl::StatusOr<absl::optional<std::string>> id =
      database_.Get(ColumnFamily::kDefault, kEventLogIdKey, "events");
  if (!id.ok()) return id.status();
  if (!*id) return RecordDamaged("events", "their log has no ID");
  const absl::StatusOr<uint64_t> log_id = DecodeEventLogIdValue(**id, "events");
  if (!log_id.ok()) return log_id.status();
  EventRange range;
  if (*value) {
    const absl::StatusOr<EventRange> decoded = DecodeEventRangeValue(**value, "events");
    if (!decoded.ok()) return decoded.status();
    range = *decoded;
  }
  range.log_id = *log_id;
  written_ = prepared_ = range;
  {
    absl::MutexLock lock(&mutex_);
    range_ = range;
  }
  is_loaded_ = true;
  return absl::OkStatus();
}

void RocksDbEventLog::Add(std::vector<CheckpointEvent> events) {
  for (CheckpointEvent& event : events) {
    event.sequence = ++prepared_.newest;
    added_.push_back(std::move(event));
  }
}

void RocksDbEventLog::Finish(rocksdb::WriteBatch& batch) {
  if (added_.empty()) return;
  batch.Put(database_.handle(ColumnFamily::kEvents), EventKey(prepared_.newest), EncodeEventsValue(added_));
  added_.clear();
  const uint64_t count = prepared_.newest - prepared_.oldest + 1;
  // Not one by one: each range that is deleted costs every read until it is compacted.
  if (count > kept_ + kept_ / 16) {
    const uint64_t oldest = prepared_.newest - kept_ + 1;
    // Those that were written together with some that are kept are kept too, but not read.
    batch.DeleteRange(database_.handle(ColumnFamily::kEvents), EventKey(prepared_.oldest), EventKey(oldest));
    prepared_.oldest = oldest;
    // Before they go, so that a reader who does not find one knows why.
    SetRange(oldest, written_.newest);
  }
  batch.Put(database_.handle(ColumnFamily::kDefault), kEventRangeKey, EncodeEventRangeValue(prepared_));
}

void RocksDbEventLog::OnWritten(const absl::Status& written) {
  if (written.ok()) {
    written_ = prepared_;
  } else {
    prepared_ = written_;
  }
  SetRange(written_.oldest, written_.newest);
}

EventRange RocksDbEventLog::range() const {
  absl::MutexLock lock(&mutex_);
  return range_;
}

void RocksDbEventLog::SetRange(uint64_t oldest, uint64_t newest) {
  absl::MutexLock lock(&mutex_);
  range_.oldest = oldest;
  range_.newest = newest;
}

absl::StatusOr<EventPage> RocksDbEventLog::Read(uint64_t after, size_t limit) const {
  const EventRange present = range();
  if (absl::Status status = CheckEventPosition(after, present); !status.ok()) return status;
  EventPage page;
  page.newest = present.newest;
  if (after == present.newest) return page;
  const uint64_t last = after + std::min<uint64_t>(present.newest - after, std::max<size_t>(limit, 1));
  const std::string end = EventKey(present.newest + 1);
  const rocksdb::Slice end_slice(end);
  const std::unique_ptr<rocksdb::Iterator> it = database_.NewIterator(ColumnFamily::kEvents, end_slice);
  uint64_t next = after + 1;
  for (it->Seek(EventKey(next)); next <= last && it->Valid(); it->Next()) {
    const absl::optional<uint64_t> newest_of_these = ParseEventKey(ToView(it->key()));
    if (!newest_of_these) break;
    absl::StatusOr<std::vector<CheckpointEvent>> events = DecodeEventsValue(*newest_of_these, ToView(it->value()));
    if (!events.ok() && !page.events.empty()) return page;
    if (!events.ok()) return events.status();
    if (events->front().sequence > next) break;
    for (CheckpointEvent& event : *events) {
      if (event.sequence != next || next > last) continue;
      page.events.push_back(std::move(event));
      ++next;
    }
  }
  if (next <= last && !page.events.empty()) return page;  // what is damaged comes with the next one
  const std::string name = EventName(next);
  if (!it->status().ok()) return FromRocksDbRead(it->status(), name);
  if (next <= last) {
    // It may have gone since the range was looked at.
    if (absl::Status status = CheckEventPosition(next - 1, range()); !status.ok()) return status;
    return RecordDamaged(name, "it is missing");
  }
  return page;
}

}  // namespace armstate
