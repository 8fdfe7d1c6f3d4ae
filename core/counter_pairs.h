// `CounterPair` describes two KVM registers for the same bits of the PMU: a guest sets bits with one and clears them
// with the other.
#ifndef ARMSTATE_CORE_COUNTER_PAIRS_H_
#define ARMSTATE_CORE_COUNTER_PAIRS_H_

#include <cstdint>
#include <vector>

#include "core/register_id.h"
#include "core/register_list.h"

namespace armstate {

struct CounterPairIds {
  RegisterId set;
  RegisterId clear;
};

// PMINTEN, PMCNTEN, PMOVS. Reads of both registers of a pair show the bits that are set. A write to them is KVM's:
// Linux 6.12 sets or clears the bits that are ones, other kernels store the value whichever of the two it is written
// to.
constexpr CounterPairIds kCounterPairs[] = {
    {RegisterId::System(3, 0, 9, 14, 1), RegisterId::System(3, 0, 9, 14, 2)},
    {RegisterId::System(3, 3, 9, 12, 1), RegisterId::System(3, 3, 9, 12, 2)},
    {RegisterId::System(3, 3, 9, 14, 3), RegisterId::System(3, 3, 9, 12, 3)},
};

// A pair by its positions in a layout.
struct CounterPair {
  uint32_t set;
  uint32_t clear;
};

// Those of which the layout has both registers.
std::vector<CounterPair> CounterPairsOf(const RegisterLayout& layout);

// The way in which a restore writes the register that clears. The bits of a fresh vCPU are not zero, and their reset
// value must not stay where the checkpoint has zeros, which no write to the other register takes away on Linux 6.12.
enum class CounterPairWrites {
  kClearFirst,  // all ones are written to it, whatever the list says; then the other register is set
  kAsListed,    // it is written like any other, as QEMU does
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_COUNTER_PAIRS_H_
