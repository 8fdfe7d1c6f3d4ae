// Convert implements RestoreService.ConvertCheckpoint.
#ifndef ARMSTATE_SERVER_CONVERSION_CONVERSION_H_
#define ARMSTATE_SERVER_CONVERSION_CONVERSION_H_

#include "absl/status/statusor.h"
#include "armstate/v1/restore_service.pb.h"
#include "core/stop_check.h"
#include "server/restores/targets.h"
#include "server/verdict/server_tolerances.h"

namespace armstate {

// Errors: see RestoreService.ConvertCheckpoint. Takes the checkpoint out of the request.
absl::StatusOr<v1::ConvertCheckpointResponse> Convert(v1::ConvertCheckpointRequest request,
                                                      const RestoreTargets& targets, const ServerTolerances& tolerances,
                                                      const StopCheck& stop);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_CONVERSION_CONVERSION_H_
