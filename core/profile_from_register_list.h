// `ProfileFromRegisterList` makes a profile for a target of which only one register list is known.
#ifndef ARMSTATE_CORE_PROFILE_FROM_REGISTER_LIST_H_
#define ARMSTATE_CORE_PROFILE_FROM_REGISTER_LIST_H_

#include <memory>
#include <string>

#include "core/cpu_profile.h"
#include "core/register_list.h"

namespace armstate {

// A profile whose reset state is `list`, and that refuses another value of what cannot be written, with EPERM: of the
// bits that are 0 in `writable`, a value area of the list's layout. A register of more than 64 bits is taken as stored;
// one that is missing keeps its value.
std::shared_ptr<const CpuProfile> ProfileFromRegisterList(std::string name, IdScheme scheme, const RegisterList& list,
                                                          absl::string_view writable);

// A profile whose reset state is `list`. What the target accepts is not known, so that another value of an ID or
// firmware register, or other vector lengths, are undetermined; all other registers are taken as stored.
std::shared_ptr<const CpuProfile> ProfileFromRegisterList(std::string name, IdScheme scheme, const RegisterList& list);

}  // namespace armstate

#endif  // ARMSTATE_CORE_PROFILE_FROM_REGISTER_LIST_H_
