// `AdminClient` reads the statistics of the service and manages its backups.
#ifndef ARMSTATE_CLIENT_ADMIN_CLIENT_H_
#define ARMSTATE_CLIENT_ADMIN_CLIENT_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "armstate/v1/admin_service.grpc.pb.h"
#include "client/connection.h"

namespace armstate {

// Example:
//   AdminClient client(connection);
//   absl::StatusOr<v1::Backup> backup = client.CreateBackup(absl::Hours(1));
//
// Every call answers with the server's absl::Status, whose reason GetErrorInfo (core/error.h) reads. The errors stand
// in proto/armstate/v1/admin_service.proto.
//
// Thread-safe. Cheap to copy.
class AdminClient {
 public:
  explicit AdminClient(const Connection& connection);
  // For tests: any stub, e.g. v1::MockAdminServiceStub.
  AdminClient(std::shared_ptr<v1::AdminService::StubInterface> stub, absl::Duration call_timeout);

  absl::StatusOr<v1::Statistics> GetStatistics() const;
  // Waits so long, and not as long as the connection says: a backup takes as long as the disk needs. Not tried again
  // when the server is UNAVAILABLE: by then the backup may be there.
  absl::StatusOr<v1::Backup> CreateBackup(absl::Duration timeout) const;
  // All pages, oldest first.
  absl::StatusOr<std::vector<v1::Backup>> ListBackups() const;
  // Not tried again when the server is UNAVAILABLE: it may have made a new data key.
  absl::StatusOr<v1::RotateEncryptionKeyResponse> RotateEncryptionKey(
      const v1::RotateEncryptionKeyRequest& request) const;

 private:
  std::shared_ptr<v1::AdminService::StubInterface> stub_;
  absl::Duration call_timeout_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_ADMIN_CLIENT_H_
