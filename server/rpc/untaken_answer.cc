#include "server/rpc/untaken_answer.h"

#include <memory>

#include "grpc/grpc.h"

namespace armstate {

std::function<void()> EndOfUntaken(grpc::CallbackServerContext& context) {
  grpc_call_ref(context.c_call());
  const std::shared_ptr<grpc_call> call(context.c_call(), &grpc_call_unref);
  return [call] {
    grpc_call_cancel_with_status(call.get(), GRPC_STATUS_RESOURCE_EXHAUSTED,
                                 "the answer was not read in time, and others need the memory: call again, and read",
                                 nullptr);
  };
}

}  // namespace armstate
