// MergeProfiles combines the profiles of the releases before and after a release that has no profile.
#ifndef ARMSTATE_SERVER_PROFILES_MERGED_PROFILE_H_
#define ARMSTATE_SERVER_PROFILES_MERGED_PROFILE_H_

#include "armstate/v1/cpu_profile.pb.h"

namespace armstate {

// Merges two profiles of the same machine and CPU. Whatever they agree on is kept. Undetermined are a bit that only one
// of them allows to be written, a register that only one of them has, and a register whose constants differ. The result
// has the name and version of the second profile.
v1::CpuProfile MergeProfiles(const v1::CpuProfile& first, const v1::CpuProfile& second);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_MERGED_PROFILE_H_
