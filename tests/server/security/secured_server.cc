#include "tests/server/security/secured_server.h"

#include <stdio.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "client/connection.h"
#include "gtest/gtest.h"

namespace armstate {

SecuredServer::SecuredServer(absl::string_view policy) : ca_(folder_.path(), "ours") {
  WritePolicy(policy);
  ServerOptions options;
  options.listen_address = "127.0.0.1:0";
  options.data_dir = folder_.path() + "/data";
  options.backup_dir = folder_.path() + "/backup";
  options.tls = ca_.Issue("server", Names());
  options.policy_file = folder_.path() + "/policy";
  server_ = Server::Start(options).value();
}

std::string SecuredServer::target() const { return absl::StrCat("localhost:", server_->port()); }

std::shared_ptr<grpc::Channel> SecuredServer::ChannelBy(const TlsFiles& files) const {
  ConnectionOptions options;
  options.target = target();
  options.tls = files;
  options.max_attempts = 1;
  return Connection(options).channel();
}

void SecuredServer::WritePolicy(absl::string_view policy) const {
  const std::string file = folder_.path() + "/policy";
  std::ofstream(file + ".part") << policy;
  ASSERT_EQ(rename((file + ".part").c_str(), file.c_str()), 0);
}

}  // namespace armstate
