#include "server/security/identity.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "grpc/grpc_security_constants.h"

namespace armstate {
namespace {

std::string FirstOf(const grpc::AuthContext& context, const char* property) {
  const std::vector<grpc::string_ref> values = context.FindPropertyValues(property);
  return values.empty() ? "" : std::string(values.front().data(), values.front().size());
}

}  // namespace

std::string IdentityOf(const grpc::AuthContext& context) {
  constexpr struct {
    const char* property;
    absl::string_view kind;
  } kNames[] = {{kUnixIdentityProperty, ""},
                {GRPC_PEER_URI_PROPERTY_NAME, "uri:"},
                {GRPC_PEER_DNS_PROPERTY_NAME, "dns:"},
                {GRPC_X509_CN_PROPERTY_NAME, "cn:"}};
  for (const auto& name : kNames) {
    const std::string value = FirstOf(context, name.property);
    if (!value.empty()) return absl::StrCat(name.kind, value);
  }
  const bool has_certificate = !FirstOf(context, GRPC_X509_PEM_CERT_PROPERTY_NAME).empty();
  return std::string(has_certificate ? kNoName : kAnyone);
}

}  // namespace armstate
