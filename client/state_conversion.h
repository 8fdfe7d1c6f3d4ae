// `ConvertState` rewrites a VM's saved state for another release of QEMU, another kernel or another host: the server
// decides what the target's vCPUs are to hold, the library writes it.
//
// Example (client/examples/convert_file.cc):
//   // `state` is the capture of file.stream(), see client/examples/push_stream.cc.
//   absl::Status ConvertFile(v1::Checkpoint state, const StateFile& file, const Connection& connection) {
//     v1::ConvertCheckpointRequest request;
//     request.mutable_target()->set_cpu_profile("cpuProfiles/qemu-11.1.virt.cortex-a57");
//     const absl::StatusOr<ConvertedState> converted =
//         ConvertState(std::move(state), file.stream(), request, RestoreClient(connection));
//     if (!converted.ok()) return converted.status();
//     if (!converted->accepted()) return absl::FailedPreconditionError("QEMU 11.1 cannot continue this guest");
//     absl::StatusOr<OutputFile> output = OutputFile::Create("converted.save", IfExists::kRefuse);
//     if (!output.ok()) return output.status();
//     const absl::Status written = file.Write(converted->patches, *output);
//     return written.ok() ? output->Commit() : written;
//   }
#ifndef ARMSTATE_CLIENT_STATE_CONVERSION_H_
#define ARMSTATE_CLIENT_STATE_CONVERSION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "armstate/v1/checkpoint.pb.h"
#include "armstate/v1/restore_service.pb.h"
#include "client/qemu/release_fit.h"
#include "client/qemu/stream/patch.h"
#include "client/qemu/stream/release.h"
#include "client/restore_client.h"
#include "core/vcpu_state.h"

namespace armstate {

// The vCPUs of a checkpoint; lists with the same IDs share one layout. Errors: of VcpuStateFromProto.
absl::StatusOr<std::vector<VcpuState>> StatesOf(const google::protobuf::RepeatedPtrField<v1::VcpuState>& messages);

bool IsAccepted(const v1::RestoreReport& report);

struct ConvertedState {
  // The server's answer; the findings that only the stream shows are added to its report.
  v1::ConvertCheckpointResponse answer;
  // For the stream; empty if the conversion is not accepted.
  std::vector<StreamPatch> patches;

  bool accepted() const { return IsAccepted(answer.report()); }
};

// `state` is the result of a capture of `stream` (client/qemu/capture.h): its source, and each VcpuState by
// VcpuStateToProto (proto/vcpu_state_conversion.h). `request` names the target and what is accepted; its
// own source is not looked at. It asks for secrets by itself; the report in the answer has them, too (RedactSecrets,
// proto/secret_redaction.h). State that the target's release has no place for refuses, unless "state-lost" is
// accepted.
//
// Errors: the server's (RestoreService.ConvertCheckpoint), and those of ConvertQemuStream.
absl::StatusOr<ConvertedState> ConvertState(v1::Checkpoint state, absl::string_view stream,
                                            v1::ConvertCheckpointRequest request, const RestoreClient& client);

// Adds notes that the report does not have: vCPUs and steps often say the same.
void AddNotes(const std::vector<std::string>& notes, v1::RestoreReport& report);

// The release of the QEMU that a target is; nothing if it is not known.
absl::optional<QemuRelease> ReleaseOf(const v1::CpuProfile& target);

// The vCPUs as the server converted them, with the guest's own opaque fields. FAILED_PRECONDITION, VCPU_COUNT_DIFFERS.
absl::StatusOr<std::vector<VcpuState>> ConvertedVcpus(const v1::ConvertCheckpointResponse& answer,
                                                      absl::Span<const VcpuState> guest);

// Adds to a report the state that is lost with subsections, which refuses unless `accepted` has "state-lost".
void ReportLosses(const std::vector<SubsectionLoss>& losses, absl::Span<const std::string> accepted,
                  v1::RestoreReport& report);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_STATE_CONVERSION_H_
