#include "server/audit/audited_calls.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "armstate/v1/checkpoint_service.pb.h"
#include "google/protobuf/message.h"
#include "server/audit/audit_entry.h"
#include "server/rpc/served_rpcs.h"
#include "server/security/rpc_rights.h"

namespace armstate {
namespace {

using google::protobuf::Message;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;

}  // namespace

// Deleted by gRPC when the call has ended.
class AuditedCalls::Call final : public grpc::experimental::Interceptor {
 public:
  Call(const AuditedCalls& calls, const Rpc& rpc, ServerRpcInfo& info) : calls_(calls), rpc_(rpc), info_(info) {
    entry_.rpc = absl::StrCat(rpc.method->service()->name(), ".", rpc.method->name());
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    const auto is_at = [methods](InterceptionHookPoints point) { return methods->QueryInterceptionHookPoint(point); };
    // A stream of requests has them as bytes, see DecodedService. Protobuf's generated classes have Message as their
    // first base, so that a pointer to one is a pointer to the other. Null: the request cannot be decoded.
    if (is_at(InterceptionHookPoints::POST_RECV_MESSAGE) && !rpc_.method->client_streaming()) {
      if (const void* const request = methods->GetRecvMessage())
        entry_.AddRequest(*static_cast<const Message*>(request));
    }
    std::string lines;
    if (is_at(InterceptionHookPoints::PRE_SEND_MESSAGE)) {
      if (const void* const answer = methods->GetSendMessage()) {
        if (rpc_.method->client_streaming()) {
          lines = LinesOf(*static_cast<const v1::StreamCheckpointsResponse*>(answer));
        } else {
          entry_.AddAnswer(*static_cast<const Message*>(answer));
        }
      }
    }
    const bool is_end = is_at(InterceptionHookPoints::PRE_SEND_STATUS);
    if (is_end) {
      entry_.code = methods->GetSendStatus().error_code();
      if (IsWanted()) lines = LineOf(entry_);
    }
    if (lines.empty()) return methods->Proceed();
    calls_.log_.Append(std::move(lines), [this, methods, is_end](const absl::Status& status) {
      if (!status.ok() && calls_.is_required_) {
        if (is_end) {
          methods->ModifySendStatus({grpc::StatusCode::UNAVAILABLE,
                                     "the audit log cannot be written: whether the call did anything is not known"});
        } else {
          info_.server_context()->TryCancel();
        }
      }
      methods->Proceed();
    });
  }

 private:
  bool IsWanted() const {
    return rpc_.is_audited || entry_.includes_secrets || entry_.code == grpc::StatusCode::PERMISSION_DENIED ||
           entry_.code == grpc::StatusCode::UNAUTHENTICATED;
  }

  std::string LineOf(AuditEntry& entry) const {
    entry.AddCaller(*info_.server_context());
    return entry.ToJson();
  }

  std::string LinesOf(const v1::StreamCheckpointsResponse& response) const {
    std::string lines;
    for (const auto& acknowledgement : response.acknowledgements()) {
      AuditEntry entry;
      entry.rpc = entry_.rpc;
      entry.result = acknowledgement.checkpoint().name();
      entry.code = static_cast<grpc::StatusCode>(acknowledgement.error().code());
      absl::StrAppend(&lines, lines.empty() ? "" : "\n", LineOf(entry));
    }
    return lines;
  }

  const AuditedCalls& calls_;
  const Rpc& rpc_;
  ServerRpcInfo& info_;
  AuditEntry entry_;
};

AuditedCalls::AuditedCalls(AuditLog& log, const AuditOptions& options) : log_(log), is_required_(options.is_required) {
  for (const auto& [path, method] : ServedRpcs()) {
    const RpcRights* const rights = RpcRights::Find(*method->input_type());
    const bool is_read = rights != nullptr && rights->IsRead();
    rpcs_.emplace(path, Rpc{method, !is_read || options.all_reads});
  }
}

grpc::experimental::Interceptor* AuditedCalls::CreateServerInterceptor(ServerRpcInfo* info) {
  const auto rpc = rpcs_.find(info->method());
  return rpc == rpcs_.end() ? nullptr : new Call(*this, rpc->second, *info);
}

}  // namespace armstate
