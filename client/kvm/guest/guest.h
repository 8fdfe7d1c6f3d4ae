// `BuiltInGuest` returns the guest that is built into armstate-kvm (guest.S).
#ifndef ARMSTATE_CLIENT_KVM_GUEST_GUEST_H_
#define ARMSTATE_CLIENT_KVM_GUEST_GUEST_H_

#include "absl/strings/string_view.h"

namespace armstate {

// A flat binary for 0x40080000.
absl::string_view BuiltInGuest();

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_GUEST_GUEST_H_
