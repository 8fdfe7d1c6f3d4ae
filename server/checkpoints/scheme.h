// SchemeOf says by which scheme the register lists of a checkpoint use IDs.
#ifndef ARMSTATE_SERVER_CHECKPOINTS_SCHEME_H_
#define ARMSTATE_SERVER_CHECKPOINTS_SCHEME_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "armstate/v1/checkpoint.pb.h"
#include "core/catalog.h"
#include "proto/accelerator.h"
#include "server/profiles/registry.h"

namespace armstate {

// For an ENGINE machine it is the scheme of its profile. Unset if the server no longer knows the profile, or does not
// know the accelerator.
inline absl::optional<IdScheme> SchemeOf(const v1::Source& source, const ProfileRegistry& profiles) {
  if (source.accelerator() != v1::ACCELERATOR_ENGINE) return SchemeOf(source.accelerator());
  const auto profile = profiles.Find(source.cpu_profile());
  return profile.ok() ? absl::optional<IdScheme>((*profile)->profile->scheme()) : absl::nullopt;
}

// Returns the note on a checkpoint without a scheme, where registers are requested by name.
inline std::string SchemeUnknown(const v1::Checkpoint& checkpoint) {
  return absl::StrCat(
      checkpoint.name(), ": its registers have no names, because the server does not know ",
      checkpoint.source().accelerator() == v1::ACCELERATOR_ENGINE ? "its CPU profile" : "its accelerator");
}

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CHECKPOINTS_SCHEME_H_
