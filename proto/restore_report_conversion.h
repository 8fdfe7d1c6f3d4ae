// This header converts RestoreReport (of one vCPU) to armstate.v1.RestoreReport (of a VM), with the names of registers
// and fields.
#ifndef ARMSTATE_PROTO_RESTORE_REPORT_CONVERSION_H_
#define ARMSTATE_PROTO_RESTORE_REPORT_CONVERSION_H_

#include "absl/types/span.h"
#include "armstate/v1/restore_service.pb.h"
#include "core/catalog.h"
#include "core/register_list.h"
#include "core/restore.h"

namespace armstate {

// The arguments and the result of RestoreRegisters for one vCPU. Refers to its parts, which must outlive it.
struct VcpuReportInput {
  int vcpu_index;
  const RegisterList& checkpoint;
  const RegisterLayout& target;
  const RestoreReport& report;
};

enum class ReportedRegisters {
  kFindings,  // all except those that were written or unchanged
  kAll,
};

v1::Verdict VerdictToProto(Verdict verdict);

v1::VcpuRestoreReport VcpuRestoreReportToProto(const VcpuReportInput& vcpu, IdScheme target_scheme,
                                               ReportedRegisters which);

// The result has the worst verdict of all vCPUs, and is rolled back only if all vCPUs are. Its `notes` are empty.
v1::RestoreReport RestoreReportToProto(absl::Span<const VcpuReportInput> vcpus, IdScheme target_scheme,
                                       ReportedRegisters which);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_RESTORE_REPORT_CONVERSION_H_
