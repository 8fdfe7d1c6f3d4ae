// The placeholder for a profile that cannot be read. Apart from the rest, which needs no gRPC.
#include <memory>
#include <utility>

#include "core/error.h"
#include "proto/status_conversion.h"
#include "server/profiles/registered_profile.h"

namespace armstate {

std::shared_ptr<const RegisteredProfile> DamagedProfile(absl::string_view name, ProfileOrigin origin,
                                                        absl::string_view why) {
  RegisteredProfile damaged;
  damaged.message.set_name(std::string(name));
  *damaged.message.mutable_error() = ToGoogleRpcStatus(
      MakeError(absl::StatusCode::kDataLoss, ErrorReason::kRecordDamaged, why, {{"record", std::string(name)}}));
  damaged.origin = origin;
  return std::make_shared<const RegisteredProfile>(std::move(damaged));
}

absl::Status CheckReadable(const RegisteredProfile& profile) {
  if (profile.profile != nullptr) return absl::OkStatus();
  return FromGoogleRpcStatus(profile.message.error());
}

}  // namespace armstate
