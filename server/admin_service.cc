#include "server/admin_service.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "server/answer_by.h"
#include "server/backup_message.h"
#include "server/page_token.h"
#include "server/statistics.h"

namespace armstate {
namespace {

constexpr absl::string_view kBackupList = "backups";

absl::Status BackupDirNotSet() {
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kBackupDirNotSet,
                   "the server has no folder for backups: it was started without --backup_dir");
}

}  // namespace

absl::StatusOr<v1::Backup> AdminServiceImpl::Create(const std::function<bool()>& cancelled) {
  if (backup_dir_.empty()) return BackupDirNotSet();
  const absl::StatusOr<Backup> backup = storage_.CreateBackup(backup_dir_, cancelled);
  if (!backup.ok()) return backup.status();
  return BackupToProto(*backup);
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

grpc::ServerUnaryReactor* AdminServiceImpl::GetStatistics(grpc::CallbackServerContext* context,
                                                          const v1::GetStatisticsRequest*, v1::Statistics* response) {
  return AnswerBy(reads_, "too many calls wait for statistics and lists of backups", context, response,
                  [this](const StopCheck& stop) {
                    return CollectStatistics(checkpoints_, storage_, start_time_, [&stop] { return !stop().ok(); });
                  });
}

grpc::ServerUnaryReactor* AdminServiceImpl::CreateBackup(grpc::CallbackServerContext* context,
                                                         const v1::CreateBackupRequest*, v1::Backup* response) {
  return AnswerBy(backups_, "another backup is being made", context, response,
                  [this](const StopCheck& stop) { return Create([&stop] { return !stop().ok(); }); });
}

grpc::ServerUnaryReactor* AdminServiceImpl::ListBackups(grpc::CallbackServerContext* context,
                                                        const v1::ListBackupsRequest* request,
                                                        v1::ListBackupsResponse* response) {
  return AnswerBy(reads_, "too many calls wait for statistics and lists of backups", context, response,
                  [this, request](const StopCheck&) { return List(*request); });
}

}  // namespace armstate
