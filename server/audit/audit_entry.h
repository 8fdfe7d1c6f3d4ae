// AuditEntry is one line of the audit log.
#ifndef ARMSTATE_SERVER_AUDIT_AUDIT_ENTRY_H_
#define ARMSTATE_SERVER_AUDIT_AUDIT_ENTRY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "grpcpp/security/auth_context.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"

namespace armstate {

// Holds nothing of register values, and of what clients send only names and identifiers, shortened.
struct AuditEntry {
  std::string identity;  // as IdentityOf
  std::string peer;      // as gRPC has it: "ipv4:192.0.2.1:50000"
  std::string rpc;       // "CheckpointService.CreateCheckpoint"
  std::vector<std::string> resources;
  bool includes_secrets = false;
  std::string request_id;   // of the request, or the metadata x-request-id
  std::string traceparent;  // the W3C's metadata
  std::string result;       // the name of what the answer is
  std::string verdict;      // "REFUSED"
  grpc::StatusCode code = grpc::StatusCode::OK;

  // Adds what the context says of the caller.
  void AddCaller(const grpc::ServerContextBase& context);
  void AddRequest(const google::protobuf::Message& request);
  void AddAnswer(const google::protobuf::Message& answer);

  // A line of JSON, without a line feed. Members that have nothing to say are left out.
  std::string ToJson() const;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_AUDIT_AUDIT_ENTRY_H_
