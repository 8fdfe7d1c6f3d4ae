#include "storage/rocksdb/record_store.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "storage/rocksdb/keys.h"
#include "storage/rocksdb/values.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

ColumnFamily FamilyOf(RecordKind kind) {
  switch (kind) {
    case RecordKind::kMachine:
      return ColumnFamily::kMachines;
    case RecordKind::kHost:
      return ColumnFamily::kHosts;
    case RecordKind::kCpuProfile:
      return ColumnFamily::kCpuProfiles;
    case RecordKind::kRestoreReport:
      break;
  }
  return ColumnFamily::kRestoreReports;
}

absl::StatusOr<std::string> Decode(RecordKind kind, absl::string_view name, absl::string_view value) {
  const absl::StatusOr<absl::string_view> bytes = DecodeBytesValue(value, RecordName(kind, name));
  if (!bytes.ok()) return bytes.status();
  return std::string(*bytes);
}

// The time for which a deletion is retried while there is no space for it.
constexpr absl::Duration kPatienceWithSpace = absl::Seconds(10);

absl::Status WriteOnce(RocksDbDatabase& database, absl::Span<const RecordChange> changes) {
  const RocksDbDatabase::Pin pin = database.PinOpen();
  if (pin == nullptr) return RocksDbDatabase::NotOpen();
  rocksdb::WriteBatch batch;
  size_t added = 0;
  bool adds = false;
  for (const RecordChange& change : changes) {
    const ColumnFamily family = FamilyOf(change.kind);
    if (!change.bytes) {
      batch.Delete(pin->handle(family), change.name);
      continue;
    }
    adds = true;
    added += change.bytes->size();
    batch.Put(pin->handle(family), change.name, database.Encrypt(family, change.name, EncodeBytesValue(*change.bytes)));
  }
  if (adds) {
    if (absl::Status status = database.CheckSpace(added); !status.ok()) return status;
  }
  return database.Write(pin, batch);
}

// A change that only removes, and may be repeated.
absl::Status RetryForSpace(const RocksDbDatabase& database, const std::function<absl::Status()>& remove) {
  const absl::Time deadline = absl::Now() + kPatienceWithSpace;
  absl::Status status = remove();
  const bool was_full = absl::IsResourceExhausted(status);
  while (was_full && !status.ok() && absl::Now() < deadline) {
    // The commit queue's thread reopens the database, with space from the reserve.
    absl::SleepFor(absl::Milliseconds(10));
    if (!database.needs_recovery()) status = remove();
  }
  return status;
}

}  // namespace

absl::Status RocksDbRecordStore::Commit(absl::Span<const RecordChange> changes) {
  const auto write = [&] { return WriteOnce(database_, changes); };
  const bool adds =
      std::any_of(changes.begin(), changes.end(), [](const RecordChange& change) { return change.bytes.has_value(); });
  return adds ? write() : RetryForSpace(database_, write);
}

absl::StatusOr<std::string> RocksDbRecordStore::Get(RecordKind kind, absl::string_view name) {
  const absl::StatusOr<absl::optional<std::string>> value = database_.Get(FamilyOf(kind), name, RecordName(kind, name));
  if (!value.ok()) return value.status();
  if (!value->has_value()) return RecordNotFound(kind, name);
  return Decode(kind, name, **value);
}

absl::StatusOr<NamedRecordPage> RocksDbRecordStore::List(RecordKind kind, absl::string_view prefix,
                                                         absl::string_view after, size_t limit) {
  NamedRecordPage page;
  size_t bytes = 0;
  const std::string end = PrefixEnd(prefix);
  const rocksdb::Slice end_slice = end;
  const std::unique_ptr<rocksdb::Iterator> it = database_.NewIterator(FamilyOf(kind), end_slice);
  // The name itself with a NUL is the least one that sorts after it.
  const std::string first = absl::StrCat(after, absl::string_view("\0", after.empty() ? 0 : 1));
  std::string next = std::max(first, std::string(prefix));
  it->Seek(next);
  while (true) {
    for (; it->Valid(); it->Next()) {
      if (!page.records.empty() && (page.records.size() >= limit || bytes + it->value().size() > kMaxPageBytes)) {
        page.more = true;
        return page;
      }
      bytes += it->value().size();
      const std::string name = it->key().ToString();
      const absl::StatusOr<std::string> value =
          database_.Decrypt(FamilyOf(kind), name, ToView(it->value()), RecordName(kind, name));
      page.records.push_back({name, value.ok() ? Decode(kind, name, *value) : value});
      next = absl::StrCat(name, absl::string_view("\0", 1));
    }
    if (it->status().ok()) return page;
    const std::string last = page.records.empty() ? std::string(after) : page.records.back().name;
    const absl::Status status =
        FromRocksDbRead(it->status(), absl::StrCat(RecordName(kind, last), ", or one after it"));
    if (!absl::IsDataLoss(status)) return status;
    page.unnamed = status;
    next = SeekBehindDamage(*it, next);
    if (next.empty()) return page;
  }
}

absl::Status RocksDbRecordStore::Delete(RecordKind kind, absl::string_view name) {
  const absl::StatusOr<std::string> present = Get(kind, name);
  if (!present.ok() && !absl::IsDataLoss(present.status())) return present.status();
  return Commit({{kind, std::string(name), absl::nullopt}});
}

absl::Status RocksDbRecordStore::DeletePrefix(RecordKind kind, absl::string_view prefix) {
  const std::string end = PrefixEnd(prefix);
  if (end.empty()) return absl::InternalError("a prefix without an end");
  return RetryForSpace(database_, [&] {
    const RocksDbDatabase::Pin pin = database_.PinOpen();
    if (pin == nullptr) return RocksDbDatabase::NotOpen();
    rocksdb::WriteBatch batch;
    batch.DeleteRange(pin->handle(FamilyOf(kind)), ToSlice(prefix), end);
    return database_.Write(pin, batch);
  });
}

}  // namespace armstate
