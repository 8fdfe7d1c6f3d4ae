// `CpuModelName` finds the usual name of a CPU.
#ifndef ARMSTATE_CLIENT_KVM_TOOL_CPU_MODEL_H_
#define ARMSTATE_CLIENT_KVM_TOOL_CPU_MODEL_H_

#include <cstdint>
#include <string>

namespace armstate {

// "cortex-a72" by MIDR_EL1's implementer and part number; "midr-0x000f0510" for a CPU that we do not know.
std::string CpuModelName(uint64_t midr);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_TOOL_CPU_MODEL_H_
