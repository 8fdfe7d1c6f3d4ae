// `MaxVectorBits` finds the vector length of a vCPU, as far as its registers show it.
#ifndef ARMSTATE_CLIENT_QEMU_VECTOR_LENGTH_H_
#define ARMSTATE_CLIENT_QEMU_VECTOR_LENGTH_H_

#include "core/register_list.h"

namespace armstate {

// An upper bound of the SVE vector length, in bits, from 128 to 2048: what ZCR_ELx of the current and the higher
// exception levels allow, or SMCR_ELx in streaming mode. 2048 where the list has none of them.
//
// `registers` are those of a vCPU in AArch64 state. Source: Arm ARM, ZCR_EL1.LEN; SVCR.SM.
unsigned MaxVectorBits(const RegisterList& registers);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_VECTOR_LENGTH_H_
