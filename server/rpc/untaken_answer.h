// EndOfUntaken returns a function that ends a call whose client does not read the answer.
#ifndef ARMSTATE_SERVER_RPC_UNTAKEN_ANSWER_H_
#define ARMSTATE_SERVER_RPC_UNTAKEN_ANSWER_H_

#include <functional>

#include "grpcpp/server_context.h"

namespace armstate {

// The function ends the call with RESOURCE_EXHAUSTED, for MemoryBudget. Unlike TryCancel of the context, it can be
// called by any thread, even after the call has ended.
std::function<void()> EndOfUntaken(grpc::CallbackServerContext& context);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_UNTAKEN_ANSWER_H_
