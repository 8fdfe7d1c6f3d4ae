// TlsFiles names the files of one side of a TLS connection, for armstated and for its clients.
#ifndef ARMSTATE_PROTO_TLS_FILES_H_
#define ARMSTATE_PROTO_TLS_FILES_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "grpcpp/security/tls_certificate_provider.h"

namespace armstate {

// PEM files; "" for none. gRPC reads them again every few seconds: replace each one by renaming a new file over it, or
// all at once by a symbolic link to their folder.
struct TlsFiles {
  // The certificate of this side, followed by those that lead to the CA, and its private key: both or neither.
  std::string certificate = {};
  std::string key = {};
  // The certificates of the CAs that the other side's certificate must lead to.
  std::string ca = {};

  bool empty() const { return certificate.empty() && key.empty() && ca.empty(); }
};

// INVALID_ARGUMENT, with the file and what is wrong with it: it cannot be read, contains no certificate or no key, or a
// certificate that has expired or is not the key's.
absl::Status CheckTlsFiles(const TlsFiles& files);

// Provides gRPC with the files as they are now and will be. Precondition: CheckTlsFiles.
std::shared_ptr<grpc::experimental::CertificateProviderInterface> WatchTlsFiles(const TlsFiles& files);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_TLS_FILES_H_
