// ServerFiles is what the files say that the server's options name.
#ifndef ARMSTATE_SERVER_SERVER_FILES_H_
#define ARMSTATE_SERVER_SERVER_FILES_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "grpcpp/security/server_credentials.h"
#include "server/security/access_control.h"
#include "server/server_options.h"
#include "server/verdict/server_advice.h"
#include "server/verdict/server_tolerances.h"
#include "storage/encryption/data_keys.h"

namespace armstate {

struct ServerFiles {
  // Errors: those of the parts, each with the file.
  static absl::StatusOr<ServerFiles> Load(const ServerOptions& options);

  std::shared_ptr<grpc::ServerCredentials> credentials;  // for TCP
  std::unique_ptr<AccessControl> access;
  absl::optional<WrappingKey> encryption_key;  // none: records are not encrypted
  ServerTolerances tolerances;
  ServerAdvice advice;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SERVER_FILES_H_
