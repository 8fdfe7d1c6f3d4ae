// JudgeStream judges what QEMU compares in a stream beside the registers that a checkpoint's list shows.
#ifndef ARMSTATE_SERVER_VERDICT_STREAM_JUDGEMENT_H_
#define ARMSTATE_SERVER_VERDICT_STREAM_JUDGEMENT_H_

#include <string>
#include <vector>

#include "core/restore.h"
#include "core/vcpu_state.h"
#include "server/verdict/judged_target.h"

namespace armstate {

// Judges the opaque fields of a vCPU that comes from a QEMU stream (client/qemu/opaque_fields.h); others have none, and
// are left alone. Bits 63-32 that differ from the target's are a finding of their register in `report`. Subsections
// that the target does not take refuse the restore, in a line of `notes`. Returns the verdict of all that.
Verdict JudgeStream(const VcpuState& vcpu, const ResolvedTarget& target, RestoreReport& report,
                    std::vector<std::string>& notes);

// Of these, only the MPU: what of a stream can be fitted to no other target. In lines of `notes`.
Verdict JudgeMpu(const VcpuState& vcpu, const ResolvedTarget& target, std::vector<std::string>& notes);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_STREAM_JUDGEMENT_H_
