#include "server/audit/audit_entry.h"

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "server/rpc/answer_verdict.h"
#include "server/security/identity.h"
#include "server/security/rpc_rights.h"

namespace armstate {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kMaxTextBytes = 256;
constexpr size_t kMaxResources = 100;

std::string Shortened(absl::string_view text) { return std::string(text.substr(0, kMaxTextBytes)); }

std::string Metadata(const grpc::ServerContextBase& context, const char* name) {
  const auto found = context.client_metadata().find(name);
  if (found == context.client_metadata().end()) return "";
  return Shortened({found->second.data(), found->second.size()});
}

// Empty if the message has no such field, or it is of another type.
std::string Text(const Message& message, const char* name) {
  const FieldDescriptor* const field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->cpp_type() != FieldDescriptor::CPPTYPE_STRING || field->is_repeated()) return "";
  return Shortened(message.GetReflection()->GetString(message, field));
}

}  // namespace

void AuditEntry::AddCaller(const grpc::ServerContextBase& context) {
  identity = IdentityOf(*context.auth_context());
  peer = context.peer();
  traceparent = Metadata(context, "traceparent");
  if (request_id.empty()) request_id = Metadata(context, "x-request-id");
}

void AuditEntry::AddRequest(const Message& request) {
  if (const RpcRights* const rights = RpcRights::Find(*request.GetDescriptor())) {
    for (const std::string& name : rights->Resources(request, kMaxResources)) resources.push_back(Shortened(name));
  }
  if (std::string id = Text(request, "request_id"); !id.empty()) request_id = std::move(id);
  const FieldDescriptor* const secrets = request.GetDescriptor()->FindFieldByName("include_secrets");
  includes_secrets = secrets != nullptr && request.GetReflection()->GetBool(request, secrets);
}

void AuditEntry::AddAnswer(const Message& answer) {
  result = Text(answer, "name");
  verdict = VerdictOfAnswer(answer);
}

std::string AuditEntry::ToJson() const {
  nlohmann::ordered_json line;
  line["time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::Now(), absl::UTCTimeZone());
  line["identity"] = identity;
  line["peer"] = peer;
  line["rpc"] = rpc;
  if (!resources.empty()) line["resources"] = resources;
  if (includes_secrets) line["secrets"] = true;
  line["code"] = absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
  if (!result.empty()) line["result"] = result;
  if (!verdict.empty()) line["verdict"] = verdict;
  if (!request_id.empty()) line["request_id"] = request_id;
  if (!traceparent.empty()) line["traceparent"] = traceparent;
  return line.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace armstate
