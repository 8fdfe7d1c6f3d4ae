// TargetOfLists turns a VM's own saved state into a target of a restore.
#ifndef ARMSTATE_SERVER_RESTORES_STREAM_TARGET_H_
#define ARMSTATE_SERVER_RESTORES_STREAM_TARGET_H_

#include "absl/status/statusor.h"
#include "armstate/v1/restore_service.pb.h"
#include "server/profiles/registry.h"
#include "server/verdict/resolved_target.h"

namespace armstate {

// For lists of QEMU's emulation, the built-in profiles determine what can be written: a bit that is constant in every
// profile that has the register is assumed to be constant here. If no profile has the register, an ID register is
// assumed to be constant and any other to be writable.
//
// INVALID_ARGUMENT, reason FIELD_INVALID, for an accelerator that makes no lists and a wrong number of vCPUs;
// REGISTER_LIST_MALFORMED or REGISTER_ID_INVALID for a list.
absl::StatusOr<ResolvedTarget> TargetOfLists(const v1::VcpuLists& lists, const ProfileRegistry& profiles);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORES_STREAM_TARGET_H_
