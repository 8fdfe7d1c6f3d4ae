#include "storage/rocksdb/backup.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/error.h"
#include "rocksdb/env.h"
#include "rocksdb/rate_limiter.h"
#include "rocksdb/sst_file_reader.h"
#include "rocksdb/utilities/backup_engine.h"
#include "storage/rocksdb/log_id.h"
#include "storage/storage_errors.h"

namespace armstate {
namespace {

std::string BackupName(uint32_t number) { return absl::StrCat("backups/", number); }

rocksdb::BackupEngineOptions Options(const std::string& backup_dir) {
  rocksdb::BackupEngineOptions options(backup_dir);
  // A backup is on disk when it is said to be.
  options.sync = true;
  options.share_table_files = true;
  // Two databases, or one that was restored, may have different files of the same name.
  options.share_files_with_checksum = true;
  return options;
}

Backup ToBackup(const rocksdb::BackupInfo& info) {
  return {info.backup_id, absl::FromUnixSeconds(info.timestamp), info.size};
}

absl::Status Refused(const std::string& cause) {
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kStorageUnavailable, cause, {{"cause", cause}});
}

// Limits nothing: RocksDB has no other way to tell how far a restore is.
class WriteCounter : public rocksdb::RateLimiter {
 public:
  explicit WriteCounter(std::function<void(uint64_t bytes)> written)
      : RateLimiter(Mode::kWritesOnly), written_(std::move(written)) {}

  using RateLimiter::Request;
  void Request(int64_t bytes, rocksdb::Env::IOPriority, rocksdb::Statistics*) override {
    written_(bytes_ += static_cast<uint64_t>(bytes));
  }
  void SetBytesPerSecond(int64_t) override {}
  // The buffer with which RocksDB copies; as large as without a limiter.
  int64_t GetSingleBurstBytes() const override { return int64_t{5} << 20; }
  int64_t GetTotalBytesThrough(rocksdb::Env::IOPriority) const override { return static_cast<int64_t>(bytes_); }
  int64_t GetTotalRequests(rocksdb::Env::IOPriority) const override { return 0; }
  int64_t GetBytesPerSecond() const override { return std::numeric_limits<int64_t>::max(); }

 private:
  const std::function<void(uint64_t bytes)> written_;
  std::atomic<uint64_t> bytes_ = 0;
};

absl::StatusOr<std::unique_ptr<rocksdb::BackupEngineReadOnly>> OpenForReading(
    const std::string& backup_dir, std::shared_ptr<rocksdb::RateLimiter> restore_counter = nullptr) {
  rocksdb::BackupEngineOptions options = Options(backup_dir);
  options.restore_rate_limiter = std::move(restore_counter);
  rocksdb::BackupEngineReadOnly* engine = nullptr;
  const rocksdb::IOStatus status = rocksdb::BackupEngineReadOnly::Open(options, rocksdb::Env::Default(), &engine);
  if (!status.ok()) return FromRocksDb(status, backup_dir);
  return std::unique_ptr<rocksdb::BackupEngineReadOnly>(engine);
}

// `action` names what was tried with the backup.
absl::Status FromBackupEngine(const rocksdb::Status& status, const std::string& backup_dir, uint32_t number) {
  if (status.ok()) return absl::OkStatus();
  if (status.IsNotFound()) {
    return MakeError(absl::StatusCode::kNotFound, ErrorReason::kBackupNotFound,
                     absl::StrCat("there is no backup ", number, " in ", backup_dir), {{"name", BackupName(number)}});
  }
  return FromRocksDb(status, BackupName(number));
}

// Also if it does not exist.
absl::StatusOr<bool> IsEmpty(const std::string& directory) {
  std::vector<std::string> names;
  const rocksdb::Status status = rocksdb::Env::Default()->GetChildren(directory, &names);
  if (status.IsNotFound()) return true;
  if (!status.ok()) return FromRocksDb(status, directory);
  return std::all_of(names.begin(), names.end(), [](const std::string& name) { return name == "." || name == ".."; });
}

void RemoveDirectory(const std::string& directory) {
  rocksdb::Env* const env = rocksdb::Env::Default();
  std::vector<std::string> names;
  env->GetChildren(directory, &names).PermitUncheckedError();
  for (const std::string& name : names) env->DeleteFile(absl::StrCat(directory, "/", name)).PermitUncheckedError();
  env->DeleteDir(directory).PermitUncheckedError();
}

// Compares each table with the checksums in it: that a copy is what was copied does not tell whether that was whole.
absl::Status VerifyTables(const rocksdb::BackupInfo& info, const std::string& backup_dir) {
  for (const rocksdb::BackupFileInfo& file : info.file_details) {
    if (!absl::EndsWith(file.relative_filename, ".sst")) continue;
    rocksdb::SstFileReader table{rocksdb::Options()};
    rocksdb::Status status = table.Open(absl::StrCat(backup_dir, "/", file.relative_filename));
    if (status.ok()) status = table.VerifyChecksum(rocksdb::ReadOptions());
    if (status.ok()) continue;
    if (!status.IsCorruption()) return FromRocksDb(status, backup_dir);
    // "shared_checksum/000012_sABC_123.sst" is a copy of 000012.sst.
    const std::vector<std::string> parts = absl::StrSplit(file.relative_filename, absl::ByAnyChar("/_."));
    const std::string number = parts.size() > 2 ? parts[2] : file.relative_filename;
    return RecordDamaged(BackupName(info.backup_id),
                         absl::StrCat("the database's own table ", number, ".sst is: ", status.ToString(),
                                      ". The backup is not kept; restore an earlier one"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Backup> BackUp(RocksDbDatabase& database, const std::string& backup_dir,
                              const std::function<bool()>& cancelled) {
  rocksdb::BackupEngine* opened = nullptr;
  const rocksdb::IOStatus open_status =
      rocksdb::BackupEngine::Open(Options(backup_dir), rocksdb::Env::Default(), &opened);
  if (!open_status.ok()) return FromRocksDb(open_status, backup_dir);
  const std::unique_ptr<rocksdb::BackupEngine> engine(opened);
  rocksdb::BackupID number = 0;
  // The log goes with it, so nothing needs to be flushed for it.
  rocksdb::CreateBackupOptions options;
  std::atomic<bool> is_in_the_way = false;
  options.progress_callback = [&] {
    if (database.is_closing()) is_in_the_way = true;
    if (is_in_the_way || cancelled()) engine->StopBackup();
  };
  const absl::Status made =
      database.Use([&](rocksdb::DB& db) -> rocksdb::Status { return engine->CreateNewBackup(options, &db, &number); });
  if (cancelled()) {
    if (made.ok()) engine->DeleteBackup(number).PermitUncheckedError();
    return CallCancelled("the backup was cancelled");
  }
  if (!made.ok()) return is_in_the_way ? RocksDbDatabase::NotOpen() : made;
  rocksdb::BackupInfo info;
  rocksdb::Status verified = engine->VerifyBackup(number, /*verify_with_checksum=*/true);
  if (verified.ok()) verified = engine->GetBackupInfo(number, &info, /*include_file_details=*/true);
  absl::Status status = FromBackupEngine(verified, backup_dir, number);
  if (status.ok()) status = VerifyTables(info, backup_dir);
  if (status.ok()) return ToBackup(info);
  engine->DeleteBackup(number).PermitUncheckedError();
  return status;
}

absl::StatusOr<std::vector<Backup>> ListBackups(const std::string& backup_dir) {
  if (rocksdb::Env::Default()->FileExists(backup_dir).IsNotFound()) return std::vector<Backup>();
  const absl::StatusOr<std::unique_ptr<rocksdb::BackupEngineReadOnly>> engine = OpenForReading(backup_dir);
  if (!engine.ok()) return engine.status();
  std::vector<rocksdb::BackupInfo> infos;
  (*engine)->GetBackupInfo(&infos);
  std::vector<Backup> backups;
  for (const rocksdb::BackupInfo& info : infos) backups.push_back(ToBackup(info));
  return backups;
}

absl::StatusOr<std::vector<uint32_t>> ListDamagedBackups(const std::string& backup_dir) {
  if (rocksdb::Env::Default()->FileExists(backup_dir).IsNotFound()) return std::vector<uint32_t>();
  const absl::StatusOr<std::unique_ptr<rocksdb::BackupEngineReadOnly>> engine = OpenForReading(backup_dir);
  if (!engine.ok()) return engine.status();
  std::vector<rocksdb::BackupID> damaged;
  (*engine)->GetCorruptedBackups(&damaged);
  std::sort(damaged.begin(), damaged.end());
  return damaged;
}

absl::Status VerifyBackup(const std::string& backup_dir, uint32_t number) {
  const absl::StatusOr<std::unique_ptr<rocksdb::BackupEngineReadOnly>> engine = OpenForReading(backup_dir);
  if (!engine.ok()) return engine.status();
  return FromBackupEngine((*engine)->VerifyBackup(number, /*verify_with_checksum=*/true), backup_dir, number);
}

absl::Status RestoreBackup(const std::string& backup_dir, uint32_t number, const std::string& data_dir,
                           const RestoreProgress& progress) {
  const absl::StatusOr<bool> is_empty = IsEmpty(data_dir);
  if (!is_empty.ok()) return is_empty.status();
  if (!*is_empty) {
    return Refused(absl::StrCat(data_dir, " is not empty: a backup is not restored over anything"));
  }
  rocksdb::BackupInfo info;
  std::shared_ptr<rocksdb::RateLimiter> counter;
  if (progress) counter = std::make_shared<WriteCounter>([&](uint64_t bytes) { progress(bytes, info.size); });
  const absl::StatusOr<std::unique_ptr<rocksdb::BackupEngineReadOnly>> engine = OpenForReading(backup_dir, counter);
  if (!engine.ok()) return engine.status();
  absl::Status status = FromBackupEngine((*engine)->GetBackupInfo(number, &info), backup_dir, number);
  if (!status.ok()) return status;
  if (progress) progress(0, info.size);
  status = FromBackupEngine((*engine)->VerifyBackup(number, /*verify_with_checksum=*/true), backup_dir, number);
  if (!status.ok()) return status;

  // Beside its place first, so that half of a database never is where a server looks for one.
  rocksdb::Env* const env = rocksdb::Env::Default();
  const std::string unfinished = data_dir + ".restoring";
  RemoveDirectory(unfinished);
  status = FromBackupEngine((*engine)->RestoreDBFromBackup(number, unfinished, unfinished), backup_dir, number);
  if (status.ok()) {
    const rocksdb::Status marked =
        rocksdb::WriteStringToFile(env, "", absl::StrCat(unfinished, "/", kRestoredMarker), /*should_sync=*/true);
    if (!marked.ok()) status = FromRocksDb(marked, unfinished);
  }
  if (status.ok()) {
    env->DeleteDir(data_dir).PermitUncheckedError();  // it is empty or not there
    const rocksdb::Status renamed = env->RenameFile(unfinished, data_dir);
    if (!renamed.ok()) status = FromRocksDb(renamed, data_dir);
  }
  if (!status.ok()) RemoveDirectory(unfinished);
  return status;
}

}  // namespace armstate
