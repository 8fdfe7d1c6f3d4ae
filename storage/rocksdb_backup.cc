#include "storage/rocksdb_backup.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "rocksdb/env.h"
#include "rocksdb/utilities/backup_engine.h"
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

absl::Status Refused(absl::StatusCode code, const std::string& cause) {
  return MakeError(code, ErrorReason::kStorageUnavailable, cause, {{"cause", cause}});
}

absl::StatusOr<std::unique_ptr<rocksdb::BackupEngineReadOnly>> OpenForReading(const std::string& backup_dir) {
  rocksdb::BackupEngineReadOnly* engine = nullptr;
  const rocksdb::IOStatus status =
      rocksdb::BackupEngineReadOnly::Open(Options(backup_dir), rocksdb::Env::Default(), &engine);
  if (!status.ok()) return FromRocksDb(status, backup_dir);
  return std::unique_ptr<rocksdb::BackupEngineReadOnly>(engine);
}

// `action` names what was tried with the backup.
absl::Status FromBackupEngine(const rocksdb::Status& status, const std::string& backup_dir, uint32_t number) {
  if (status.ok()) return absl::OkStatus();
  if (status.IsNotFound()) {
    return Refused(absl::StatusCode::kNotFound, absl::StrCat("there is no backup ", number, " in ", backup_dir));
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

}  // namespace

absl::StatusOr<Backup> BackUp(RocksDbDatabase& database, const std::string& backup_dir) {
  rocksdb::BackupEngine* opened = nullptr;
  const rocksdb::IOStatus open_status =
      rocksdb::BackupEngine::Open(Options(backup_dir), rocksdb::Env::Default(), &opened);
  if (!open_status.ok()) return FromRocksDb(open_status, backup_dir);
  const std::unique_ptr<rocksdb::BackupEngine> engine(opened);
  rocksdb::BackupID number = 0;
  // The log goes with it, so nothing needs to be flushed for it.
  const absl::Status made = database.Use([&](rocksdb::DB& db) -> rocksdb::Status {
    return engine->CreateNewBackup(rocksdb::CreateBackupOptions(), &db, &number);
  });
  if (!made.ok()) return made;
  absl::Status status =
      FromBackupEngine(engine->VerifyBackup(number, /*verify_with_checksum=*/true), backup_dir, number);
  if (!status.ok()) return status;
  rocksdb::BackupInfo info;
  status = FromBackupEngine(engine->GetBackupInfo(number, &info), backup_dir, number);
  if (!status.ok()) return status;
  return ToBackup(info);
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

absl::Status VerifyBackup(const std::string& backup_dir, uint32_t number) {
  const absl::StatusOr<std::unique_ptr<rocksdb::BackupEngineReadOnly>> engine = OpenForReading(backup_dir);
  if (!engine.ok()) return engine.status();
  return FromBackupEngine((*engine)->VerifyBackup(number, /*verify_with_checksum=*/true), backup_dir, number);
}

absl::Status RestoreBackup(const std::string& backup_dir, uint32_t number, const std::string& data_dir) {
  const absl::StatusOr<bool> is_empty = IsEmpty(data_dir);
  if (!is_empty.ok()) return is_empty.status();
  if (!*is_empty) {
    return Refused(absl::StatusCode::kFailedPrecondition,
                   absl::StrCat(data_dir, " is not empty: a backup is not restored over anything"));
  }
  const absl::StatusOr<std::unique_ptr<rocksdb::BackupEngineReadOnly>> engine = OpenForReading(backup_dir);
  if (!engine.ok()) return engine.status();
  absl::Status status =
      FromBackupEngine((*engine)->VerifyBackup(number, /*verify_with_checksum=*/true), backup_dir, number);
  if (!status.ok()) return status;

  // Beside its place first, so that half of a database never is where a server looks for one.
  rocksdb::Env* const env = rocksdb::Env::Default();
  const std::string unfinished = data_dir + ".restoring";
  RemoveDirectory(unfinished);
  status = FromBackupEngine((*engine)->RestoreDBFromBackup(number, unfinished, unfinished), backup_dir, number);
  if (status.ok()) {
    env->DeleteDir(data_dir).PermitUncheckedError();  // it is empty or not there
    const rocksdb::Status renamed = env->RenameFile(unfinished, data_dir);
    if (!renamed.ok()) status = FromRocksDb(renamed, data_dir);
  }
  if (!status.ok()) RemoveDirectory(unfinished);
  return status;
}

}  // namespace armstate
