// This header converts armstate.v1.VcpuState and CaptureGap to VcpuState and CaptureGap, and back.
#ifndef ARMSTATE_PROTO_VCPU_STATE_CONVERSION_H_
#define ARMSTATE_PROTO_VCPU_STATE_CONVERSION_H_

#include <memory>

#include "absl/status/statusor.h"
#include "armstate/v1/checkpoint.pb.h"
#include "armstate/v1/register_list.pb.h"
#include "core/vcpu_state.h"

namespace armstate {

// Moves the bytes out of `message` without a copy; `likely_layout` as for RegisterListFromProto. INVALID_ARGUMENT,
// reason REGISTER_LIST_MALFORMED or REGISTER_ID_INVALID; the message names the vCPU.
absl::StatusOr<VcpuState> VcpuStateFromProto(v1::VcpuState&& message,
                                             const std::shared_ptr<const RegisterLayout>& likely_layout = nullptr);

v1::VcpuState VcpuStateToProto(VcpuState state);

// INVALID_ARGUMENT, reason REGISTER_ID_INVALID.
absl::StatusOr<CaptureGap> CaptureGapFromProto(const v1::CaptureGap& message);

v1::CaptureGap CaptureGapToProto(const CaptureGap& gap);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_VCPU_STATE_CONVERSION_H_
