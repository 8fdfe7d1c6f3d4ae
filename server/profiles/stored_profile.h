// ExpandProfile builds a whole CPU profile from a difference and its base.
#ifndef ARMSTATE_SERVER_PROFILES_STORED_PROFILE_H_
#define ARMSTATE_SERVER_PROFILES_STORED_PROFILE_H_

#include "absl/status/statusor.h"
#include "armstate/v1/cpu_profile.pb.h"

namespace armstate {

// `base` is the whole profile that `stored` names.
//
// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, with metadata "register_id": a register is left out although the base
// lacks it or the difference has it, or IDs do not ascend.
absl::StatusOr<v1::CpuProfile> ExpandProfile(v1::StoredCpuProfile stored, v1::CpuProfile base);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_STORED_PROFILE_H_
