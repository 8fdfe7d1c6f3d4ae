// How the register lists of a checkpoint use IDs.
#ifndef ARMSTATE_SERVER_CHECKPOINT_SCHEME_H_
#define ARMSTATE_SERVER_CHECKPOINT_SCHEME_H_

#include "absl/types/optional.h"
#include "armstate/v1/checkpoint.pb.h"
#include "core/catalog.h"
#include "proto/accelerator.h"
#include "server/profile_registry.h"

namespace armstate {

// Of an ENGINE machine: that of its profile, or nothing if the server does not know the profile any more.
inline absl::optional<IdScheme> SchemeOf(const v1::Source& source, const ProfileRegistry& profiles) {
  if (source.accelerator() != v1::ENGINE) return SchemeOf(source.accelerator());
  const auto profile = profiles.Find(source.cpu_profile());
  return profile.ok() ? absl::optional<IdScheme>((*profile)->profile->scheme()) : absl::nullopt;
}

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CHECKPOINT_SCHEME_H_
