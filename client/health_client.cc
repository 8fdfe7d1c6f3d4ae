#include "client/health_client.h"

#include "client/unary_call.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace armstate {

absl::StatusOr<bool> IsServing(const Connection& connection, const std::string& service) {
  using grpc::health::v1::Health;
  const std::unique_ptr<Health::StubInterface> stub = Health::NewStub(connection.channel());
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  const absl::StatusOr<grpc::health::v1::HealthCheckResponse> answer =
      internal::UnaryCall(*stub, &Health::StubInterface::Check, request, connection.call_timeout());
  if (!answer.ok()) return answer.status();
  return answer->status() == grpc::health::v1::HealthCheckResponse::SERVING;
}

}  // namespace armstate
