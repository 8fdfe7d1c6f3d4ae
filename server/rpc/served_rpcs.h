// `ServedServices` and `ServedRpcs` are the API that a server offers, for what treats all RPCs alike.
#ifndef ARMSTATE_SERVER_RPC_SERVED_RPCS_H_
#define ARMSTATE_SERVER_RPC_SERVED_RPCS_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "google/protobuf/descriptor.h"

namespace armstate {

// The full names: "armstate.v1.CheckpointService" ...
absl::Span<const char* const> ServedServices();

struct ServedRpc {
  std::string path;  // as gRPC has it: "/SERVICE/METHOD"
  const google::protobuf::MethodDescriptor* method;
};
std::vector<ServedRpc> ServedRpcs();

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_SERVED_RPCS_H_
