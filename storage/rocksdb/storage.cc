#include "storage/rocksdb/storage.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "core/error.h"
#include "rocksdb/env.h"
#include "storage/encryption/aes_gcm.h"
#include "storage/encryption/data_keys.h"
#include "storage/format/digest.h"
#include "storage/rocksdb/backup.h"
#include "storage/rocksdb/checkpoint_store.h"
#include "storage/rocksdb/data_directory.h"
#include "storage/rocksdb/database.h"
#include "storage/rocksdb/log_id.h"
#include "storage/rocksdb/record_store.h"
#include "storage/storage_errors.h"

namespace armstate {

class RocksDbStorage::Impl {
 public:
  // As RocksDbStorage::Open.
  static absl::StatusOr<std::unique_ptr<Impl>> Open(const std::string& data_dir, const StorageOptions& options);

  Impl(std::unique_ptr<RocksDbDatabase> database, const StorageOptions& options)
      : database_(std::move(database)), checkpoints_(*database_, options), records_(*database_) {}

  RocksDbDatabase& database() { return *database_; }
  RocksDbCheckpointStore& checkpoints() { return checkpoints_; }
  RecordStore& records() { return records_; }

  absl::StatusOr<Backup> CreateBackup(const std::string& backup_dir, const std::function<bool()>& cancelled) {
    if (!backup_mutex_.TryLock()) {
      return MakeError(absl::StatusCode::kUnavailable, ErrorReason::kBackupRunning, "another backup is being made");
    }
    absl::StatusOr<Backup> backup = BackUp(*database_, backup_dir, cancelled);
    backup_mutex_.Unlock();
    return backup;
  }

  absl::StatusOr<uint32_t> ChangeKeys(const WrappingKey& wrapping, NewDataKey new_data_key) {
    const absl::MutexLock lock(&keys_mutex_);
    std::shared_ptr<const DataKeys> keys = database_->data_keys();
    if (keys == nullptr) {
      return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kEncryptionKeyWrong,
                       "the database is not encrypted: the server was started without --encryption_key_file");
    }
    if (new_data_key == NewDataKey::kMake) {
      absl::StatusOr<std::shared_ptr<const DataKeys>> more = keys->WithNewKey();
      if (!more.ok()) return more.status();
      keys = *std::move(more);
    }
    const uint32_t newest = keys->newest();
    if (absl::Status status = database_->ChangeDataKeys(std::move(keys), wrapping); !status.ok()) return status;
    return newest;
  }

 private:
  std::unique_ptr<RocksDbDatabase> database_;
  RocksDbCheckpointStore checkpoints_;
  RocksDbRecordStore records_;
  absl::Mutex backup_mutex_;
  absl::Mutex keys_mutex_;  // one change after the other
};

namespace {

// Adds what to do about it to the message.
absl::Status AdviseRestore(const absl::Status& status) {
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  if (!absl::IsDataLoss(status) || !info) return status;
  return MakeError(status.code(), info->reason,
                   absl::StrCat(status.message(), ". Restore a backup with armstated --restore_backup=latest ",
                                "--backup_dir=FOLDER --data_dir=NEW_FOLDER"),
                   info->metadata);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksDbStorage>> RocksDbStorage::Open(const std::string& data_dir,
                                                                     const StorageOptions& options) {
  absl::StatusOr<std::unique_ptr<Impl>> impl = Impl::Open(data_dir, options);
  if (!impl.ok()) return AdviseRestore(impl.status());
  // Not make_unique: the constructor is private.
  return std::unique_ptr<RocksDbStorage>(new RocksDbStorage(*std::move(impl)));
}

absl::Status RocksDbStorage::CheckDataDir(const std::string& data_dir) {
  return CheckFolderIsOurs(rocksdb::Env::Default(), data_dir);
}

absl::StatusOr<std::unique_ptr<RocksDbStorage::Impl>> RocksDbStorage::Impl::Open(const std::string& data_dir,
                                                                                 const StorageOptions& options) {
  if (absl::Status status = CheckSha256(); !status.ok()) return status;
  if (options.encryption_key) {
    if (absl::Status status = CheckAesGcm(); !status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<RocksDbDatabase>> database = RocksDbDatabase::Open(data_dir, options);
  if (!database.ok()) return database.status();
  if (absl::Status status = (*database)->OpenDataKeys(options.encryption_key); !status.ok()) return status;
  rocksdb::Env* const env = options.env == nullptr ? rocksdb::Env::Default() : options.env;
  if (absl::Status status = EnsureEventLogId(**database, data_dir, env); !status.ok()) return status;
  auto impl = std::make_unique<Impl>(*std::move(database), options);
  if (absl::Status status = impl->checkpoints().Start(); !status.ok()) {
    return absl::IsDataLoss(status) ? RecordDamaged(data_dir, status.message()) : status;
  }
  return impl;
}

RocksDbStorage::RocksDbStorage(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksDbStorage::~RocksDbStorage() = default;

CheckpointStore& RocksDbStorage::checkpoints() { return impl_->checkpoints(); }
RecordStore& RocksDbStorage::records() { return impl_->records(); }
absl::Status RocksDbStorage::Close() {
  impl_->checkpoints().Stop();
  return impl_->database().Close();
}

absl::Status RocksDbStorage::Compact() { return impl_->database().Compact(); }

absl::StatusOr<Backup> RocksDbStorage::CreateBackup(const std::string& backup_dir,
                                                    const std::function<bool()>& cancelled) {
  return impl_->CreateBackup(backup_dir, cancelled);
}

absl::StatusOr<uint32_t> RocksDbStorage::ChangeKeys(const WrappingKey& wrapping, NewDataKey new_data_key) {
  return impl_->ChangeKeys(wrapping, new_data_key);
}

uint32_t RocksDbStorage::data_key() const {
  const std::shared_ptr<const DataKeys> keys = impl_->database().data_keys();
  return keys == nullptr ? 0 : keys->newest();
}

absl::Status RocksDbStorage::CheckWritable() const {
  const RocksDbDatabase& database = impl_->database();
  return database.needs_recovery() ? RocksDbDatabase::NotOpen() : database.CheckSpace(0);
}

StorageStatistics RocksDbStorage::statistics() const {
  const RocksDbDatabase& database = impl_->database();
  return {impl_->checkpoints().statistics(), database.StoredBytes(), database.DiskBytes(), database.Counters()};
}

}  // namespace armstate
