// `NewRequestId` makes IDs with which a request is safe to repeat.
#ifndef ARMSTATE_CLIENT_REQUEST_ID_H_
#define ARMSTATE_CLIENT_REQUEST_ID_H_

#include <string>

namespace armstate {
namespace internal {

// A random UUID (RFC 4122, version 4), e.g. "9b2f0c1e-6f0a-4d6e-8a3e-1c2d3e4f5a6b". Thread-safe.
std::string NewRequestId();

}  // namespace internal
}  // namespace armstate

#endif  // ARMSTATE_CLIENT_REQUEST_ID_H_
