// Which built-in profile a saved VM's lists are of: a stream says neither its QEMU's release nor its CPU model.
#ifndef ARMSTATE_SERVER_PROFILE_RECOGNITION_H_
#define ARMSTATE_SERVER_PROFILE_RECOGNITION_H_

#include <string>

#include "core/register_list.h"
#include "server/profile_registry.h"

namespace armstate {

// The profile of QEMU's emulation that has the list's registers, and its constants, on vCPU 0 of `vcpu_count`; null if
// there is none. Of several one whose machine is of `machine_type`; else the first by name.
ProfileRegistry::Entry RecogniseProfile(const RegisterList& list, int vcpu_count, const std::string& machine_type,
                                        const ProfileRegistry& profiles);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILE_RECOGNITION_H_
