#include "server/services/admin_service.h"

#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "server/admin/backup_message.h"
#include "server/admin/statistics.h"
#include "server/rpc/page_token.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

constexpr absl::string_view kBackupList = "backups";

absl::Status BackupDirNotSet() {
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kBackupDirNotSet,
                   "the server has no folder for backups: it was started without --backup_dir");
}

absl::Status AnotherBackup() {
  return MakeError(absl::StatusCode::kUnavailable, ErrorReason::kBackupRunning, "another backup is in progress");
}

}  // namespace

absl::StatusOr<v1::Statistics> AdminServiceImpl::Collect(const v1::GetStatisticsRequest& /*request*/,
                                                         const StopCheck& stop) {
  return CollectStatistics(checkpoints_, storage_, start_time_, [&stop] { return !stop().ok(); });
}

absl::StatusOr<v1::Backup> AdminServiceImpl::Create(const v1::CreateBackupRequest& /*request*/, const StopCheck& stop) {
  if (backup_dir_.empty()) return BackupDirNotSet();
  if (backing_up_.exchange(true)) return AnotherBackup();
  const absl::Cleanup end = [this] { backing_up_ = false; };
  const absl::StatusOr<Backup> backup = storage_.CreateBackup(backup_dir_, [&stop] { return !stop().ok(); });
  if (!backup.ok()) return backup.status();
  return BackupToProto(*backup);
}

absl::StatusOr<v1::RotateEncryptionKeyResponse> AdminServiceImpl::Rotate(
    const v1::RotateEncryptionKeyRequest& request) {
  if (storage_.data_key() == 0) {
    return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kEncryptionKeyWrong,
                     "the database is not encrypted: the server was started without --encryption_key_file");
  }
  const absl::StatusOr<WrappingKey> key = read_key_();
  if (!key.ok()) return key.status();
  const absl::StatusOr<uint32_t> data_key = storage_.ChangeKeys(
      *key, request.new_data_key() ? RocksDbStorage::NewDataKey::kMake : RocksDbStorage::NewDataKey::kNo);
  if (!data_key.ok()) return data_key.status();
  spdlog::info("keys were rotated: records are encrypted with data key {}, which is wrapped by the key {}", *data_key,
               key->id());
  v1::RotateEncryptionKeyResponse response;
  response.set_wrapping_key_id(key->id());
  response.set_data_key(*data_key);
  return response;
}

absl::StatusOr<v1::ListBackupsResponse> AdminServiceImpl::List(const v1::ListBackupsRequest& request) {
  if (backup_dir_.empty()) return BackupDirNotSet();
  const absl::StatusOr<int> page_size = PageSize(request.page_size());
  if (!page_size.ok()) return page_size.status();
  const absl::StatusOr<std::string> token = DecodePageToken(kBackupList, request.page_token());
  if (!token.ok()) return token.status();
  uint32_t after = 0;
  if (!token->empty() && !absl::SimpleAtoi(*token, &after)) return PageTokenInvalid();
  const absl::StatusOr<std::vector<Backup>> backups = armstate::ListBackups(backup_dir_);
  if (!backups.ok()) return backups.status();
  v1::ListBackupsResponse response;
  for (const Backup& backup : *backups) {
    if (backup.number <= after) continue;
    if (response.backups_size() == *page_size) {
      response.set_next_page_token(EncodePageToken(kBackupList, absl::StrCat(after)));
      break;
    }
    after = backup.number;
    *response.add_backups() = BackupToProto(backup);
  }
  return response;
}

}  // namespace armstate
