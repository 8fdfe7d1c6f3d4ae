// RecogniseProfile finds the built-in profile that a saved VM's lists are of: a stream says neither its QEMU's release
// nor its CPU model.
#ifndef ARMSTATE_SERVER_CONVERSION_PROFILE_RECOGNITION_H_
#define ARMSTATE_SERVER_CONVERSION_PROFILE_RECOGNITION_H_

#include <string>

#include "core/register_list.h"
#include "server/profiles/registry.h"

namespace armstate {

struct RecognisedProfile {
  // Null if there is none.
  ProfileRegistry::Entry entry;
  // No profile of another release fits as well.
  bool is_sure = false;
};

// The profile of QEMU's emulation that has the list's registers, and its constants, on vCPU 0 of `vcpu_count`. Of
// several the one whose machine suits `machine_type` best, and of those the one with the most constants.
RecognisedProfile RecogniseProfile(const RegisterList& list, int vcpu_count, const std::string& machine_type,
                                   const ProfileRegistry& profiles);

// The version of the QEMU whose profiles come nearest to a list's registers, whatever its CPU has been given; empty if
// there are no profiles.
std::string NearestRelease(const RegisterLayout& layout, const ProfileRegistry& profiles);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CONVERSION_PROFILE_RECOGNITION_H_
