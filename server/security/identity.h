// IdentityOf says who makes a call.
#ifndef ARMSTATE_SERVER_SECURITY_IDENTITY_H_
#define ARMSTATE_SERVER_SECURITY_IDENTITY_H_

#include <string>

#include "absl/strings/string_view.h"
#include "grpcpp/security/auth_context.h"

namespace armstate {

// An identity begins with one of these; see armstate.v1.AccessRule.
inline constexpr absl::string_view kIdentityKinds[] = {"uri:", "dns:", "cn:", "unix:"};
inline constexpr absl::string_view kAnyone = "anyone";
// Of a client with a certificate that has none of these names.
inline constexpr absl::string_view kNoName = "cn:";

// The property of a connection that has the whole identity of a Unix socket's user; see UnixUsers.
inline constexpr char kUnixIdentityProperty[] = "armstate_unix_identity";

// Returns an identity as armstate.v1.AccessRule describes it.
std::string IdentityOf(const grpc::AuthContext& context);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SECURITY_IDENTITY_H_
