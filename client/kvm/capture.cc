#include "client/kvm/capture.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/kvm/vcpu.h"
#include "core/capture.h"
#include "core/error.h"

namespace armstate {
namespace {

std::string LittleEndian(uint32_t number) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<char>(number >> 8 * i));
  return bytes;
}

void CaptureOpaqueFields(KvmVcpuCalls& calls, VcpuState& state, std::vector<CaptureGap>& gaps) {
  KvmVcpuEvents events;
  KvmErrno error = calls.GetEvents(events);
  if (error == 0) {
    state.opaque_fields.push_back(
        {kKvmEventsField, std::string(reinterpret_cast<const char*>(&events), sizeof(events))});
  } else {
    gaps.push_back({state.vcpu_index, absl::nullopt, absl::StrCat("KVM_GET_VCPU_EVENTS: ", ErrnoName(error))});
  }
  uint32_t mp_state = 0;
  error = calls.GetMpState(mp_state);
  if (error == 0) {
    state.opaque_fields.push_back({kKvmMpStateField, LittleEndian(mp_state)});
  } else {
    gaps.push_back({state.vcpu_index, absl::nullopt, absl::StrCat("KVM_GET_MP_STATE: ", ErrnoName(error))});
  }
}

}  // namespace

absl::StatusOr<KvmCapture> CaptureKvmVcpus(absl::Span<KvmVcpuCalls* const> vcpus) {
  KvmCapture capture;
  // All pending exits are completed before the first register is read: one vCPU's exit may change another vCPU.
  for (size_t i = 0; i < vcpus.size(); ++i) {
    const KvmErrno error = vcpus[i]->CompletePendingExit();
    if (error != 0) return Annotate(KvmStatus("KVM_RUN", error), absl::StrCat("vCPU ", i));
  }
  std::shared_ptr<const RegisterLayout> layout;
  for (size_t i = 0; i < vcpus.size(); ++i) {
    absl::StatusOr<KvmVcpu> port = KvmVcpu::Create(*vcpus[i], layout);
    if (!port.ok()) return Annotate(port.status(), absl::StrCat("vCPU ", i));
    layout = port->layout();
    Capture registers = CaptureRegisters(*port);
    VcpuState state;
    state.vcpu_index = static_cast<int>(i);
    state.registers = std::move(registers.registers);
    for (const RegisterError& error : registers.errors) {
      capture.gaps.push_back({state.vcpu_index, layout->id(error.index), std::string(error.status.message())});
    }
    CaptureOpaqueFields(*vcpus[i], state, capture.gaps);
    capture.vcpus.push_back(std::move(state));
  }
  return capture;
}

}  // namespace armstate
