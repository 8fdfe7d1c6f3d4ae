// This header implements ListRegisterHistory.
#ifndef ARMSTATE_SERVER_QUERY_REGISTER_HISTORY_H_
#define ARMSTATE_SERVER_QUERY_REGISTER_HISTORY_H_

#include "absl/status/statusor.h"
#include "armstate/v1/register_history.pb.h"
#include "server/profiles/registry.h"
#include "server/rpc/stop_check.h"
#include "storage/repository/checkpoint_repository.h"

namespace armstate {

// Reads versions one after the other, and of each one only the requested vCPU. Errors: see ListRegisterHistory, and
// those of `stop`. Thread-safe.
absl::StatusOr<v1::ListRegisterHistoryResponse> ListRegisterHistory(CheckpointRepository& checkpoints,
                                                                    const ProfileRegistry& profiles,
                                                                    const v1::ListRegisterHistoryRequest& request,
                                                                    const StopCheck& stop);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_QUERY_REGISTER_HISTORY_H_
