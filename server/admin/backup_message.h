// BackupToProto converts a backup to its message.
#ifndef ARMSTATE_SERVER_ADMIN_BACKUP_MESSAGE_H_
#define ARMSTATE_SERVER_ADMIN_BACKUP_MESSAGE_H_

#include "absl/strings/str_cat.h"
#include "armstate/v1/admin_service.pb.h"
#include "storage/backup.h"

namespace armstate {

inline v1::Backup BackupToProto(const Backup& backup) {
  v1::Backup message;
  message.set_name(absl::StrCat("backups/", backup.number));
  message.mutable_create_time()->set_seconds(absl::ToUnixSeconds(backup.create_time));
  message.set_size_bytes(static_cast<int64_t>(backup.bytes));
  return message;
}

}  // namespace armstate

#endif  // ARMSTATE_SERVER_ADMIN_BACKUP_MESSAGE_H_
