// Comparison implements CompareCheckpoints.
#ifndef ARMSTATE_SERVER_QUERY_COMPARISON_H_
#define ARMSTATE_SERVER_QUERY_COMPARISON_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "armstate/v1/comparison.pb.h"
#include "core/catalog.h"
#include "core/vcpu_state.h"
#include "server/machines/registry.h"
#include "server/profiles/registry.h"
#include "server/rpc/stop_check.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// Thread-safe. All arguments must outlive the object.
class Comparison {
 public:
  Comparison(CheckpointRepository& checkpoints, MachineRegistry& machines, const ProfileRegistry& profiles)
      : checkpoints_(checkpoints), machines_(machines), profiles_(profiles) {}

  // Errors: see CompareCheckpoints, and those of `stop`.
  absl::StatusOr<v1::CompareCheckpointsResponse> Compare(const v1::CompareCheckpointsRequest& request,
                                                         const StopCheck& stop) const;

 private:
  // One of the two compared states.
  struct Side {
    v1::Checkpoint basic;
    // Unset if it is unknown how its lists use IDs.
    absl::optional<IdScheme> scheme;
    // By index.
    std::vector<VcpuState> vcpus;

    const VcpuState* Find(int vcpu_index) const;
  };

  absl::StatusOr<Side> Load(const std::string& name) const;

  CheckpointRepository& checkpoints_;
  MachineRegistry& machines_;
  const ProfileRegistry& profiles_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_QUERY_COMPARISON_H_
