// JudgeStream judges the parts of a QEMU stream that QEMU checks but that are not registers of the checkpoint's list.
#ifndef ARMSTATE_SERVER_VERDICT_STREAM_JUDGEMENT_H_
#define ARMSTATE_SERVER_VERDICT_STREAM_JUDGEMENT_H_

#include <string>
#include <vector>

#include "core/restore.h"
#include "core/vcpu_state.h"
#include "server/verdict/resolved_target.h"

namespace armstate {

// Judges the opaque fields of a vCPU that comes from a QEMU stream (client/qemu/stream/opaque_fields.h); other vCPUs
// have none and are left alone. Where bits 63-32 differ from the target's, `report` gets a finding for their register.
// A subsection that the target does not accept refuses the restore and adds a line to `notes`. Returns the resulting
// verdict.
Verdict JudgeStream(const VcpuState& vcpu, const ResolvedTarget& target, RestoreReport& report,
                    std::vector<std::string>& notes);

// Judges only the MPU, the one part of a stream that cannot be adapted to another target. Adds lines to `notes`.
Verdict JudgeMpu(const VcpuState& vcpu, const ResolvedTarget& target, std::vector<std::string>& notes);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_STREAM_JUDGEMENT_H_
