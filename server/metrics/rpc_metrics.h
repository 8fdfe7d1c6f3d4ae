// RpcMetrics counts the calls of each RPC and their durations, for Prometheus.
#ifndef ARMSTATE_SERVER_METRICS_RPC_METRICS_H_
#define ARMSTATE_SERVER_METRICS_RPC_METRICS_H_

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "grpcpp/support/server_interceptor.h"
#include "prometheus/registry.h"

namespace armstate {

// Makes gRPC's interceptors; the names of the metrics are those that other gRPC servers use (grpc_server_*):
//   grpc_server_started_total    calls that a handler has begun
//   grpc_server_handled_total    calls that have ended, by their status code
//   grpc_server_handling_seconds the duration of unary calls, from their request to their status
//   armstate_verdicts_total      the verdicts that answers gave, by RPC
// Calls that gRPC refuses before a handler sees them are not counted.
//
// Thread-safe. The registry must outlive the server.
class RpcMetrics final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit RpcMetrics(prometheus::Registry& registry);
  ~RpcMetrics() override;

  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override;

 private:
  class Call;
  struct Rpc;

  std::unordered_map<std::string, std::unique_ptr<Rpc>> rpcs_;  // by their full names, "/SERVICE/METHOD"
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_METRICS_RPC_METRICS_H_
