// How a call ends whose answer its client does not take.
#ifndef ARMSTATE_SERVER_RPC_UNTAKEN_ANSWER_H_
#define ARMSTATE_SERVER_RPC_UNTAKEN_ANSWER_H_

#include <functional>

#include "grpcpp/server_context.h"

namespace armstate {

// A function that ends the call with RESOURCE_EXHAUSTED, for MemoryBudget. Unlike the context, which has TryCancel, it
// can be called, by any thread, when the call has gone.
std::function<void()> EndOfUntaken(grpc::CallbackServerContext& context);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_UNTAKEN_ANSWER_H_
