// ResidentBytes is the resident memory of this process.
#ifndef ARMSTATE_SERVER_RPC_RESIDENT_BYTES_H_
#define ARMSTATE_SERVER_RPC_RESIDENT_BYTES_H_

#include <cstdint>

namespace armstate {

// Returns 0 if it is unknown.
uint64_t ResidentBytes();

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RPC_RESIDENT_BYTES_H_
