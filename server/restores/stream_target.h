// TargetOfLists makes a target of a restore out of what a VM's own saved state says.
#ifndef ARMSTATE_SERVER_RESTORES_STREAM_TARGET_H_
#define ARMSTATE_SERVER_RESTORES_STREAM_TARGET_H_

#include "absl/status/statusor.h"
#include "armstate/v1/restore_service.pb.h"
#include "server/profiles/registry.h"
#include "server/verdict/judged_target.h"

namespace armstate {

// What can be written in a list of QEMU's emulation, the built-in profiles say: a bit that is constant in each of them
// that has the register is taken for constant here. Where none has it, an ID register is a constant and another is not.
//
// INVALID_ARGUMENT, reason FIELD_INVALID, for an accelerator that makes no lists and a wrong number of vCPUs;
// REGISTER_LIST_MALFORMED or REGISTER_ID_INVALID for a list.
absl::StatusOr<ResolvedTarget> TargetOfLists(const v1::VcpuLists& lists, const ProfileRegistry& profiles);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORES_STREAM_TARGET_H_
