#include "server/server_files.h"

#include <utility>

#include "server/process/encryption_key.h"
#include "server/security/server_credentials.h"

namespace armstate {

absl::StatusOr<ServerFiles> ServerFiles::Load(const ServerOptions& options) {
  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> credentials = TcpCredentials(options.tls);
  if (!credentials.ok()) return credentials.status();
  absl::StatusOr<std::unique_ptr<AccessControl>> access = AccessControl::Open(options.policy_file);
  if (!access.ok()) return access.status();
  absl::optional<WrappingKey> encryption_key;
  if (!options.encryption_key.empty()) {
    if (options.unencrypted) return absl::InvalidArgumentError("--unencrypted and a key contradict each other");
    absl::StatusOr<WrappingKey> key = ReadEncryptionKey(options.encryption_key);
    if (!key.ok()) return key.status();
    encryption_key = *std::move(key);
  }
  absl::StatusOr<ServerTolerances> tolerances = ServerTolerances::Load(options.tolerances_file);
  if (!tolerances.ok()) return tolerances.status();
  absl::StatusOr<ServerAdvice> advice = ServerAdvice::Load(options.advice_file);
  if (!advice.ok()) return advice.status();
  return ServerFiles{*std::move(credentials), *std::move(access), std::move(encryption_key), *std::move(tolerances),
                     *std::move(advice)};
}

}  // namespace armstate
