#include "tests/client/qemu/target_state.h"

#include <utility>

#include "absl/strings/match.h"
#include "core/qemu_list.h"
#include "core/register_kind.h"

namespace armstate {

VcpuState TargetState(const VcpuState& guest, const VcpuState& target) {
  VcpuState state;
  state.vcpu_index = guest.vcpu_index;
  RegisterListBuilder registers;
  for (size_t i = 0; i < target.registers.size(); ++i) {
    const RegisterId id = target.registers.id(i);
    if (!IsInQemuList(id)) continue;
    const absl::optional<absl::string_view> value = guest.registers.Find(id);
    const bool keeps = value && !IsIdRegister(id) && !IsFirmwareRegister(id);
    registers.AddBytes(id, keeps ? *value : target.registers.value(i));
  }
  for (size_t i = 0; i < guest.registers.size(); ++i) {
    const RegisterId id = guest.registers.id(i);
    if (!IsInQemuList(id)) registers.AddBytes(id, guest.registers.value(i));
  }
  state.registers = *std::move(registers).Build();
  const auto is_upper_half = [](const OpaqueField& field) {
    return absl::StartsWith(field.name, "cpreg_vmstate_values[");
  };
  for (const OpaqueField& field : guest.opaque_fields) {
    if (!is_upper_half(field)) state.opaque_fields.push_back(field);
  }
  for (const OpaqueField& field : target.opaque_fields) {
    if (is_upper_half(field)) state.opaque_fields.push_back(field);
  }
  return state;
}

}  // namespace armstate
