// HostFromRequest and its kin parse what clients send about hosts into what HostRegistry stores.
#ifndef ARMSTATE_SERVER_HOSTS_REQUEST_H_
#define ARMSTATE_SERVER_HOSTS_REQUEST_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "armstate/v1/host_service.pb.h"
#include "server/hosts/host_draft.h"
#include "server/profiles/registry.h"

namespace armstate {

using ProbeFileMessages = google::protobuf::RepeatedPtrField<v1::ProbeFile>;
using HostProfileMessages = google::protobuf::RepeatedPtrField<v1::HostProfile>;

// Makes a host, without name, labels and times, from its probe or from the profiles that a user names.
//
// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, for a probe that ParseProbeRecordings or HostFromProbes refuses;
// reason FIELD_INVALID, metadata "field", if both or neither are given, a file's name is too long, or the profiles are
// named twice, too many, or of several accelerators. NOT_FOUND, reason CPU_PROFILE_NOT_FOUND.
absl::StatusOr<HostDraft> HostFromRequest(const ProbeFileMessages& probe, const HostProfileMessages& named,
                                          const ProfileRegistry& known);

// The changes of an UpdateHostRequest.
struct HostUpdate {
  absl::optional<v1::Host> labels;      // only the labels count
  absl::optional<HostDraft> described;  // everything except name, labels and times
};

// INVALID_ARGUMENT, reason FIELD_INVALID: no update_mask, or one with paths other than "labels", "profiles" and "*", or
// without profiles for a probe; labels that CheckLabels refuses; a probe together with profiles. Also the errors of
// HostFromRequest.
absl::StatusOr<HostUpdate> ParseHostUpdate(const v1::UpdateHostRequest& request, const ProfileRegistry& known);

// Returns the stored host with the changes applied.
HostDraft Updated(const v1::Host& stored, const HostUpdate& update);

// Returns the profiles to import.
//
// INVALID_ARGUMENT, reason FIELD_INVALID or CPU_PROFILE_MALFORMED, as for HostFromRequest.
absl::StatusOr<std::vector<v1::CpuProfile>> ProfilesFromRequest(const v1::ImportCpuProfileRequest& request);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_HOSTS_REQUEST_H_
