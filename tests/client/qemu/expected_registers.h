// The names by which KVM knows the registers that QEMU keeps in the fields of its `cpu` section.
#ifndef ARMSTATE_TESTS_CLIENT_QEMU_EXPECTED_REGISTERS_H_
#define ARMSTATE_TESTS_CLIENT_QEMU_EXPECTED_REGISTERS_H_

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace armstate {

// All registers of one vCPU as the independent parser decoded it (a line of tests/data/qemu-7.2/lists): ID -> value,
// "0x" and as many digits as the register is wide. IDs: Linux, Documentation/virt/kvm/api.rst, the tables of 32-bit ARM
// and arm64 registers.
std::map<uint64_t, std::string> ExpectedRegisters(const nlohmann::json& vcpu);

}  // namespace armstate

#endif  // ARMSTATE_TESTS_CLIENT_QEMU_EXPECTED_REGISTERS_H_
