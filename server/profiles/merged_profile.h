// MergeProfiles combines the profiles of the releases before and after one that has none.
#ifndef ARMSTATE_SERVER_PROFILES_MERGED_PROFILE_H_
#define ARMSTATE_SERVER_PROFILES_MERGED_PROFILE_H_

#include "armstate/v1/cpu_profile.pb.h"

namespace armstate {

// Both profiles in one, of the same machine and CPU: what they agree on stands; a bit that one of them lets be written
// is undetermined, and so is a register that only one has, or whose constants differ. Name and version are the
// second's.
v1::CpuProfile MergeProfiles(const v1::CpuProfile& first, const v1::CpuProfile& second);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_MERGED_PROFILE_H_
