// ExpandProfile makes a whole CPU profile of the difference to another one.
#ifndef ARMSTATE_SERVER_PROFILES_STORED_PROFILE_H_
#define ARMSTATE_SERVER_PROFILES_STORED_PROFILE_H_

#include "absl/status/statusor.h"
#include "armstate/v1/cpu_profile.pb.h"

namespace armstate {

// The whole profile. `base`: the one that `stored` names, whole.
//
// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, with metadata "register_id": a register that is left out though the
// base lacks it or the difference has it, or IDs that do not ascend.
absl::StatusOr<v1::CpuProfile> ExpandProfile(v1::StoredCpuProfile stored, v1::CpuProfile base);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_STORED_PROFILE_H_
