#include "storage/rocksdb/log_id.h"

#include "absl/strings/str_cat.h"
#include "storage/rocksdb/keys.h"
#include "storage/rocksdb/random_id.h"
#include "storage/rocksdb/values.h"

namespace armstate {

absl::Status EnsureEventLogId(RocksDbDatabase& database, const std::string& data_dir, rocksdb::Env* env) {
  const std::string marker = absl::StrCat(data_dir, "/", kRestoredMarker);
  const rocksdb::Status found = env->FileExists(marker);
  if (!found.ok() && !found.IsNotFound()) return FromRocksDb(found, data_dir);
  if (!found.ok()) {
    const absl::StatusOr<absl::optional<std::string>> present =
        database.Get(ColumnFamily::kDefault, kEventLogIdKey, data_dir);
    if (!present.ok()) return present.status();
    if (present->has_value()) return absl::OkStatus();
  }
  rocksdb::WriteBatch batch;
  batch.Put(kEventLogIdKey, EncodeEventLogIdValue(NewRandomId()));
  if (absl::Status status = database.Write(batch); !status.ok()) return status;
  // If it stays, the next opening makes another ID: watchers start over once more.
  if (found.ok()) env->DeleteFile(marker).PermitUncheckedError();
  return absl::OkStatus();
}

}  // namespace armstate
