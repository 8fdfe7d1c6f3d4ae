#include "client/admin_client.h"

#include <utility>

#include "client/unary_call.h"

namespace armstate {

AdminClient::AdminClient(const Connection& connection)
    : AdminClient(v1::AdminService::NewStub(connection.channel()), connection.call_timeout()) {}

AdminClient::AdminClient(std::shared_ptr<v1::AdminService::StubInterface> stub, absl::Duration call_timeout)
    : stub_(std::move(stub)), call_timeout_(call_timeout) {}

absl::StatusOr<v1::Statistics> AdminClient::GetStatistics() const {
  return internal::UnaryCall(*stub_, &v1::AdminService::StubInterface::GetStatistics, v1::GetStatisticsRequest(),
                             call_timeout_);
}

absl::StatusOr<v1::Backup> AdminClient::CreateBackup(absl::Duration timeout) const {
  return internal::UnaryCall(*stub_, &v1::AdminService::StubInterface::CreateBackup, v1::CreateBackupRequest(),
                             timeout);
}

absl::StatusOr<v1::RotateEncryptionKeyResponse> AdminClient::RotateEncryptionKey(
    const v1::RotateEncryptionKeyRequest& request) const {
  return internal::UnaryCall(*stub_, &v1::AdminService::StubInterface::RotateEncryptionKey, request, call_timeout_);
}

absl::StatusOr<std::vector<v1::Backup>> AdminClient::ListBackups() const {
  std::vector<v1::Backup> all;
  const absl::Status status = internal::ForEachPage(
      v1::ListBackupsRequest(),
      [this](const v1::ListBackupsRequest& page) {
        return internal::UnaryCall(*stub_, &v1::AdminService::StubInterface::ListBackups, page, call_timeout_);
      },
      [&all](v1::ListBackupsResponse& response) {
        for (v1::Backup& item : *response.mutable_backups()) all.push_back(std::move(item));
      });
  if (!status.ok()) return status;
  return all;
}

}  // namespace armstate
