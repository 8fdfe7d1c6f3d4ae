// RestoreServiceImpl implements armstate.v1.RestoreService.
#ifndef ARMSTATE_SERVER_SERVICES_RESTORE_SERVICE_H_
#define ARMSTATE_SERVER_SERVICES_RESTORE_SERVICE_H_

#include <vector>

#include "armstate/v1/restore_service.grpc.pb.h"
#include "server/conversion/conversion.h"
#include "server/restores/history.h"
#include "server/restores/targets.h"
#include "server/rpc/call_workers.h"
#include "server/rpc/decoded_service.h"
#include "server/security/access_control.h"
#include "server/verdict/server_advice.h"
#include "server/verdict/server_tolerances.h"

namespace armstate {

// Thread-safe. All arguments must outlive the object.
class RestoreServiceImpl final : public DecodedService<v1::RestoreService> {
 public:
  RestoreServiceImpl(CallWorkers& workers, const RestoreTargets& targets, const ServerTolerances& tolerances,
                     const ServerAdvice& advice, RestoreHistory& history)
      : DecodedService(workers), targets_(targets), tolerances_(tolerances), advice_(advice), history_(history) {
    OnUnary(workers.judging, &RestoreServiceImpl::Validate);
    OnUnary(workers.judging, &RestoreServiceImpl::Plan);
    OnUnary(workers.judging, &RestoreServiceImpl::Convert);
    OnUnary(workers.judging, &RestoreServiceImpl::FindTargets);
    OnUnary(workers.judging, &RestoreServiceImpl::Baseline);
    OnUnary(workers.judging, &RestoreServiceImpl::Create);  // also waits for the disk at the end
    OnUnary(workers.reads, &RestoreServiceImpl::List);
  }

 private:
  struct JudgedRequest {
    VerdictInput checkpoint;
    ResolvedTarget target;
    VmVerdict judgement;
    std::vector<v1::CoreKindVerdict> core_kinds;

    // The report without vCPUs.
    v1::RestoreReport Report() const;
  };

  template <typename Request>
  absl::StatusOr<JudgedRequest> Judge(const Request& request, v1::Restorer by, const StopCheck& stop) const;

  // Adds the advice to the first page of a report.
  template <typename Request>
  void AddAdvice(const Request& request, const JudgedRequest& judged, v1::RestoreReport& report) const;
  absl::Status NoteOtherWay(const v1::ValidateCheckpointRequest& request, v1::RestoreReport& report,
                            const StopCheck& stop) const;
  absl::StatusOr<v1::ValidateCheckpointResponse> Validate(const v1::ValidateCheckpointRequest& request,
                                                          const StopCheck& stop);
  absl::StatusOr<v1::PlanRestoreResponse> Plan(const v1::PlanRestoreRequest& request, const StopCheck& stop);
  absl::StatusOr<v1::ConvertCheckpointResponse> Convert(const v1::ConvertCheckpointRequest& request,
                                                        const StopCheck& stop) {
    return armstate::Convert(request, targets_, tolerances_, stop);
  }
  absl::StatusOr<v1::FindRestoreTargetsResponse> FindTargets(const v1::FindRestoreTargetsRequest& request,
                                                             const StopCheck& stop, const Access& access);
  absl::StatusOr<v1::ComputeBaselineResponse> Baseline(const v1::ComputeBaselineRequest& request,
                                                       const StopCheck& stop);
  absl::StatusOr<v1::Restore> Create(const v1::CreateRestoreRequest& request, const StopCheck& stop);
  absl::StatusOr<v1::ListRestoresResponse> List(const v1::ListRestoresRequest& request);

  const RestoreTargets& targets_;
  const ServerTolerances& tolerances_;
  const ServerAdvice& advice_;
  RestoreHistory& history_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SERVICES_RESTORE_SERVICE_H_
