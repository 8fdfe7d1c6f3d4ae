// Requests as clients of the service send them: checkpoints of a fleet's guests, 1 vCPU with 333 registers each.
#ifndef ARMSTATE_TESTS_BENCHMARKS_GUEST_REQUESTS_H_
#define ARMSTATE_TESTS_BENCHMARKS_GUEST_REQUESTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "armstate/v1/checkpoint_service.pb.h"

namespace armstate {

// The register IDs are those of QEMU's cortex-a57, and the values are what the recorded Linux guests have in theirs
// (tests/testing/linux_checkpoints.h; both vCPUs, one after the other, over and over, as it is another CPU): as many
// bytes change from checkpoint to checkpoint, in as many places. Immutable.
class GuestRequests {
 public:
  GuestRequests();

  // Checkpoint `number` of guest `guest`, with a description of the source, a capture time and two labels. Without a
  // request ID.
  v1::CreateCheckpointRequest Make(uint32_t guest, uint32_t number) const;

 private:
  std::vector<v1::Checkpoint> prepared_;
};

// "vms/web-00017".
std::string GuestName(uint32_t guest);

}  // namespace armstate

#endif  // ARMSTATE_TESTS_BENCHMARKS_GUEST_REQUESTS_H_
