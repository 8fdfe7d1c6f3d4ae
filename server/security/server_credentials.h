// TcpCredentials are the gRPC credentials of a server for TCP connections.
#ifndef ARMSTATE_SERVER_SECURITY_SERVER_CREDENTIALS_H_
#define ARMSTATE_SERVER_SECURITY_SERVER_CREDENTIALS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "grpcpp/security/server_credentials.h"
#include "proto/tls_files.h"

namespace armstate {

// TLS 1.2 or later by these files, which are read again while the server runs. With a CA, clients must have a
// certificate of it. Plain text without any file. Errors: WatchTlsFiles; INVALID_ARGUMENT if there is a CA and no
// certificate.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> TcpCredentials(const TlsFiles& files);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SECURITY_SERVER_CREDENTIALS_H_
