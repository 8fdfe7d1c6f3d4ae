#include "proto/vcpu_state_conversion.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "proto/register_list_conversion.h"

namespace armstate {

absl::StatusOr<VcpuState> VcpuStateFromProto(v1::VcpuState&& message,
                                             const std::shared_ptr<const RegisterLayout>& likely_layout) {
  VcpuState state;
  state.vcpu_index = message.vcpu_index();
  absl::StatusOr<RegisterList> registers =
      RegisterListFromProto(std::move(*message.mutable_registers()), likely_layout);
  if (!registers.ok()) return Annotate(registers.status(), absl::StrCat("vCPU ", state.vcpu_index));
  state.registers = *std::move(registers);
  state.opaque_fields.reserve(message.opaque_fields_size());
  for (v1::OpaqueField& field : *message.mutable_opaque_fields()) {
    state.opaque_fields.push_back({std::move(*field.mutable_name()), std::move(*field.mutable_data())});
  }
  return state;
}

v1::VcpuState VcpuStateToProto(VcpuState state) {
  v1::VcpuState message;
  message.set_vcpu_index(state.vcpu_index);
  *message.mutable_registers() = RegisterListToProto(std::move(state.registers));
  for (OpaqueField& field : state.opaque_fields) {
    v1::OpaqueField* added = message.add_opaque_fields();
    added->set_name(std::move(field.name));
    added->set_data(std::move(field.data));
  }
  return message;
}

absl::StatusOr<CaptureGap> CaptureGapFromProto(const v1::CaptureGap& message) {
  CaptureGap gap;
  gap.vcpu_index = message.vcpu_index();
  gap.reason = message.reason();
  if (message.register_id() != 0) {
    const absl::StatusOr<RegisterId> id = RegisterId::Create(message.register_id());
    if (!id.ok()) return Annotate(id.status(), "capture gap");
    gap.register_id = *id;
  }
  return gap;
}

v1::CaptureGap CaptureGapToProto(const CaptureGap& gap) {
  v1::CaptureGap message;
  message.set_vcpu_index(gap.vcpu_index);
  if (gap.register_id) message.set_register_id(gap.register_id->raw());
  message.set_reason(gap.reason);
  return message;
}

}  // namespace armstate
