// SecuredServer is a server with mutual TLS and a policy, and channels of clients with certificates of its CA.
#ifndef ARMSTATE_TESTS_SERVER_SECURITY_SECURED_SERVER_H_
#define ARMSTATE_TESTS_SERVER_SECURITY_SECURED_SERVER_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "grpcpp/channel.h"
#include "server/server.h"
#include "tests/testing/certificates.h"
#include "tests/testing/temp_dir.h"

namespace armstate {

class SecuredServer {
 public:
  explicit SecuredServer(absl::string_view policy);

  // Of a client with a certificate of the server's CA.
  std::shared_ptr<grpc::Channel> ChannelOf(const TestCa::Subject& subject) {
    return ChannelBy(ca_.Issue("client", subject));
  }
  // Of a client with these files; plain text if there are none.
  std::shared_ptr<grpc::Channel> ChannelBy(const TlsFiles& files) const;

  // "localhost:port".
  std::string target() const;
  TestCa& ca() { return ca_; }
  const std::string& folder() const { return folder_.path(); }
  // The names of the server's certificate.
  static TestCa::Subject Names() { return {"armstated", "DNS:localhost,IP:127.0.0.1"}; }
  // Renames a new policy over the old one.
  void WritePolicy(absl::string_view policy) const;

 private:
  TempDir folder_;
  TestCa ca_;
  std::unique_ptr<Server> server_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_SERVER_SECURITY_SECURED_SERVER_H_
