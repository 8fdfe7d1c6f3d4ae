// What clients send about hosts -> what HostRegistry stores.
#ifndef ARMSTATE_SERVER_HOSTS_REQUEST_H_
#define ARMSTATE_SERVER_HOSTS_REQUEST_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "armstate/v1/host_service.pb.h"
#include "server/hosts/probed_host.h"
#include "server/profiles/registry.h"

namespace armstate {

using ProbeFileMessages = google::protobuf::RepeatedPtrField<v1::ProbeFile>;
using HostProfileMessages = google::protobuf::RepeatedPtrField<v1::HostProfile>;

// A host from its probe or from the profiles that a user names: without a name, labels and times.
//
// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, for a probe that ParseHostProbe or HostFromProbe refuses; reason
// FIELD_INVALID, metadata "field", if both are given or none, a file's name is too long, or the profiles are named
// twice, too many, or of several accelerators. NOT_FOUND, reason CPU_PROFILE_NOT_FOUND.
absl::StatusOr<HostDraft> HostFromRequest(const ProbeFileMessages& probe, const HostProfileMessages& named,
                                          const ProfileRegistry& known);

// What an UpdateHostRequest changes.
struct HostUpdate {
  absl::optional<v1::Host> labels;      // only its labels
  absl::optional<HostDraft> described;  // all but its name, labels and times
};

// INVALID_ARGUMENT, reason FIELD_INVALID: an update_mask with other paths than "labels", "profiles" and "*", labels
// that CheckLabels refuses, a probe beside profiles. And the errors of HostFromRequest.
absl::StatusOr<HostUpdate> ParseHostUpdate(const v1::UpdateHostRequest& request, const ProfileRegistry& known);

// The stored host with the changes.
HostDraft Updated(const v1::Host& stored, const HostUpdate& update);

// The profiles to import.
//
// INVALID_ARGUMENT, reason FIELD_INVALID or CPU_PROFILE_MALFORMED, as HostFromRequest.
absl::StatusOr<std::vector<v1::CpuProfile>> ProfilesFromRequest(const v1::ImportCpuProfileRequest& request);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_HOSTS_REQUEST_H_
