// RpcRights is what the caller of an RPC must be permitted, before the RPC looks at anything.
#ifndef ARMSTATE_SERVER_SECURITY_RPC_RIGHTS_H_
#define ARMSTATE_SERVER_SECURITY_RPC_RIGHTS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "armstate/v1/access_policy.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/security/auth_context.h"
#include "server/security/access_control.h"

namespace armstate {

class RpcRights {
 public:
  // The rights of the RPC with this type of requests; each RPC has its own. Null if the table has no row for it: then
  // nobody may call it.
  static const RpcRights* Find(const google::protobuf::Descriptor& request);

  // Check for the caller with these properties, by Find; nothing is looked up if there is no policy.
  static absl::Status CheckCall(const AccessControl& control, const grpc::AuthContext& caller,
                                const google::protobuf::Message& request);

  // PERMISSION_DENIED if the caller lacks one of the rights. What a request leaves out or names wrongly is left to the
  // RPC, which refuses it; it must be refused for it to be harmless.
  absl::Status Check(const Access& access, const google::protobuf::Message& request) const;

  // True if no right but READ is needed.
  bool IsRead() const;
  // The names of what the request is about, at most `most`, for which rights are needed.
  std::vector<std::string> Resources(const google::protobuf::Message& request, size_t most) const;

  struct Right {
    v1::Permission permission;
    // The field that names the resource, or something of it, such as "checkpoint.name"; each of a repeated field.
    // "server" is the server itself. "machines/machine_id" is a field with the name's last part.
    absl::string_view resource;
  };

  // A request that asks for secrets needs this besides.
  struct Secret {
    absl::string_view resource;  // as above
    enum class Permission { kReadSecrets, kReadSecretsOrRestore } permission = Permission::kReadSecrets;
  };

  // No rights for lists, which leave out what the caller may not read.
  explicit RpcRights(std::vector<Right> rights, std::vector<Secret> secrets = {})
      : rights_(std::move(rights)), secrets_(std::move(secrets)) {}

  bool has_secrets() const { return !secrets_.empty(); }

 private:
  std::vector<Right> rights_;
  std::vector<Secret> secrets_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SECURITY_RPC_RIGHTS_H_
