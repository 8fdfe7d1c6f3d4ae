#include "server/security/server_credentials.h"

#include <utility>

#include "grpcpp/security/tls_credentials_options.h"

namespace armstate {

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> TcpCredentials(const TlsFiles& files) {
  if (files.empty()) return grpc::InsecureServerCredentials();
  auto provider = WatchTlsFiles(files);
  if (!provider.ok()) return provider.status();
  if (files.certificate.empty()) {
    return absl::InvalidArgumentError(
        "--tls_client_ca needs --tls_certificate and --tls_key: without them there is no TLS");
  }
  grpc::experimental::TlsServerCredentialsOptions options(*std::move(provider));
  options.watch_identity_key_cert_pairs();
  if (!files.ca.empty()) {
    options.watch_root_certs();
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace armstate
