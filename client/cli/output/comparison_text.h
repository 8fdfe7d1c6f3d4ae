// `PrintComparison` prints the differences between two states for users.
#ifndef ARMSTATE_CLIENT_CLI_OUTPUT_COMPARISON_TEXT_H_
#define ARMSTATE_CLIENT_CLI_OUTPUT_COMPARISON_TEXT_H_

#include <ostream>

#include "armstate/v1/comparison.pb.h"
#include "client/cli/output/palette.h"

namespace armstate {

// Example:
//   vms/web-1/checkpoints/1 -> vms/web-1/checkpoints/2
//   vCPU 0: 2 registers differ, 422 are equal
//     control
//       SCTLR_EL1  0x0000000000c50838 -> 0x0000000000c50839
//         M: 0x0 (disabled) -> 0x1 (enabled)
//     general
//       PC         0x0000000040080000 -> 0x0000000040080004
//
// Registers that are equal, where the server gave such, have one value.
void PrintComparison(const v1::CompareCheckpointsResponse& comparison, const Palette& palette, std::ostream& out);

// True if anything differs, including vCPUs that only one side has.
bool IsDifferent(const v1::CompareCheckpointsResponse& comparison);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_OUTPUT_COMPARISON_TEXT_H_
