// RestoreTargets resolves the target of a request to what a checkpoint is judged against.
#ifndef ARMSTATE_SERVER_RESTORES_TARGETS_H_
#define ARMSTATE_SERVER_RESTORES_TARGETS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "armstate/v1/restore_service.pb.h"
#include "google/protobuf/map.h"
#include "proto/resource_names.h"
#include "server/hosts/registry.h"
#include "server/profiles/registry.h"
#include "server/verdict/judgement.h"
#include "server/verdict/resolved_target.h"
#include "server/verdict/target_search.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// Thread-safe. All arguments must outlive the object.
class RestoreTargets {
 public:
  RestoreTargets(CheckpointRepository& checkpoints, const ProfileRegistry& profiles, const HostRegistry& hosts)
      : checkpoints_(checkpoints), profiles_(profiles), hosts_(hosts) {}

  // Loads the checkpoint `name` for judging. Errors: those of LoadCheckpoint.
  absl::StatusOr<VerdictInput> Load(absl::string_view name) const;

  // Returns the name of an existing checkpoint, with its version in place of `latest`. Errors: those of
  // CheckpointRepository::Get.
  absl::StatusOr<CheckpointName> FindCheckpoint(absl::string_view name) const;

  // Resolves `target` to at least one target, of which the best one counts. INVALID_ARGUMENT, reason FIELD_INVALID, if
  // no target is set; NOT_FOUND with the matching reason if it does not exist.
  absl::StatusOr<std::vector<ResolvedTarget>> Resolve(const v1::RestoreTarget& target,
                                                      const VerdictInput& checkpoint) const;

  // Returns all hosts that have these labels and a profile, and all damaged hosts, since their labels may be
  // unreadable.
  std::vector<SearchedHost> HostsWith(const google::protobuf::Map<std::string, std::string>& labels,
                                      const VerdictInput& checkpoint) const;

  const HostRegistry& hosts() const { return hosts_; }
  const ProfileRegistry& profiles() const { return profiles_; }

 private:
  absl::StatusOr<std::vector<ResolvedTarget>> OfHost(absl::string_view name, const VerdictInput& checkpoint) const;
  absl::StatusOr<ResolvedTarget> OfProfile(const std::string& name, const VerdictInput& checkpoint) const;
  absl::StatusOr<ResolvedTarget> OfCheckpoint(absl::string_view name, const VerdictInput& judged) const;

  CheckpointRepository& checkpoints_;
  const ProfileRegistry& profiles_;
  const HostRegistry& hosts_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_RESTORES_TARGETS_H_
