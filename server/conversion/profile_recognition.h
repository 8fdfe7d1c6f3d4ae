// RecogniseProfile finds the built-in profile that matches a saved VM's lists: a stream contains neither the QEMU
// release nor the CPU model.
#ifndef ARMSTATE_SERVER_CONVERSION_PROFILE_RECOGNITION_H_
#define ARMSTATE_SERVER_CONVERSION_PROFILE_RECOGNITION_H_

#include <string>

#include "core/register_list.h"
#include "server/profiles/registry.h"

namespace armstate {

struct RecognisedProfile {
  // Null if no profile matches.
  ProfileRegistry::Entry entry;
  // True if no profile of another release matches equally well.
  bool is_sure = false;
};

// Finds the profile of QEMU's emulation that has the list's registers, and its constants, on vCPU 0 of `vcpu_count`. Of
// several, the one whose machine matches `machine_type` best; of those, the one with the most constants.
RecognisedProfile RecogniseProfile(const RegisterList& list, int vcpu_count, const std::string& machine_type,
                                   const ProfileRegistry& profiles);

// Returns the version of the QEMU whose profiles are closest to a list's registers, whatever options its CPU has; empty
// if there are no profiles.
std::string NearestRelease(const RegisterLayout& layout, const ProfileRegistry& profiles);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CONVERSION_PROFILE_RECOGNITION_H_
