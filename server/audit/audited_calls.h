// AuditedCalls writes an entry of the audit log for each call that matters, before its answer is sent.
#ifndef ARMSTATE_SERVER_AUDIT_AUDITED_CALLS_H_
#define ARMSTATE_SERVER_AUDIT_AUDITED_CALLS_H_

#include <string>
#include <unordered_map>

#include "google/protobuf/descriptor.h"
#include "grpcpp/support/server_interceptor.h"
#include "server/audit/audit_log.h"

namespace armstate {

// Without a log there are no entries.
struct AuditOptions {
  // Empty: no log.
  std::string file = {};
  // A call whose entry cannot be written to the disk fails with UNAVAILABLE, whatever it has done; a stream of
  // checkpoints is cancelled. Otherwise the answer waits for the entry, but is sent without one, too.
  bool is_required = false;
  // Every call has an entry.
  bool all_reads = false;
};

// Makes gRPC's interceptors. They write the entries that docs/security.md describes: of each call that needs more than
// the permission READ, of each that includes secrets, and of each that is refused for want of rights. A stream of
// checkpoints has an entry for each acknowledgement, and one at its end.
//
// Thread-safe. The log must outlive the server.
class AuditedCalls final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  AuditedCalls(AuditLog& log, const AuditOptions& options);

  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override;

 private:
  class Call;
  struct Rpc {
    const google::protobuf::MethodDescriptor* method;
    bool is_audited;  // whatever its request says
  };

  AuditLog& log_;
  const bool is_required_;
  std::unordered_map<std::string, Rpc> rpcs_;  // by their full names, "/SERVICE/METHOD"
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_AUDIT_AUDITED_CALLS_H_
