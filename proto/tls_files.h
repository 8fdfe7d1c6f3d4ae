// TlsFiles names the files of one side of a TLS connection, for armstated and for its clients.
#ifndef ARMSTATE_PROTO_TLS_FILES_H_
#define ARMSTATE_PROTO_TLS_FILES_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/security/tls_certificate_provider.h"

namespace armstate {

// PEM files of at most 1 MiB; "" for none. They are read again every second: replace each one by renaming a new file
// over it, or all at once by a symbolic link to their folder.
struct TlsFiles {
  // The certificate of this side, followed by those that lead to the CA, and its private key: both or neither.
  std::string certificate = {};
  std::string key = {};
  // The certificates of the CAs that the other side's certificate must lead to.
  std::string ca = {};

  bool empty() const { return certificate.empty() && key.empty() && ca.empty(); }
};

// Provides gRPC with the files as they are now and will be; at least one is named. What is wrong with them later is
// logged by gRPC's log, and the files before stay in use. INVALID_ARGUMENT, with the file and what is wrong with it: it
// cannot be read, contains no certificate or no key, or a certificate that has expired or is not the key's. INTERNAL if
// there are no descriptors.
absl::StatusOr<std::shared_ptr<grpc::experimental::CertificateProviderInterface>> WatchTlsFiles(const TlsFiles& files);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_TLS_FILES_H_
