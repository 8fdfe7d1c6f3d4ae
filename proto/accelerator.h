// SchemeOf returns the scheme of the IDs in a register list, by accelerator.
#ifndef ARMSTATE_PROTO_ACCELERATOR_H_
#define ARMSTATE_PROTO_ACCELERATOR_H_

#include "absl/types/optional.h"
#include "armstate/v1/cpu_profile.pb.h"
#include "core/catalog.h"
#include "core/list_origin.h"

namespace armstate {

// Unset for ENGINE, whose scheme is that of the machine's profile, and for accelerators of later releases.
inline absl::optional<IdScheme> SchemeOf(v1::Accelerator accelerator) {
  switch (accelerator) {
    case v1::ACCELERATOR_TCG:
    case v1::ACCELERATOR_HVF:
      return IdScheme::kTcg;
    case v1::ACCELERATOR_KVM:
      return IdScheme::kKvm;
    default:
      return absl::nullopt;
  }
}

// Returns ACCELERATOR_UNSPECIFIED for an unknown origin.
inline v1::Accelerator AcceleratorOf(ListOrigin origin) {
  switch (origin) {
    case ListOrigin::kTcg:
      return v1::ACCELERATOR_TCG;
    case ListOrigin::kKvm:
      return v1::ACCELERATOR_KVM;
    case ListOrigin::kHvf:
      return v1::ACCELERATOR_HVF;
    case ListOrigin::kUnknown:
      break;
  }
  return v1::ACCELERATOR_UNSPECIFIED;
}

}  // namespace armstate

#endif  // ARMSTATE_PROTO_ACCELERATOR_H_
