// Example: rewrites a saved VM for another release of QEMU.
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "client/connection.h"
#include "client/files/output_file.h"
#include "client/formats/state_file.h"
#include "client/restore_client.h"
#include "client/state_conversion.h"

namespace armstate {

// [START example]
// `state` is the capture of file.stream(), see client/examples/push_stream.cc.
absl::Status ConvertFile(v1::Checkpoint state, const StateFile& file, const Connection& connection) {
  v1::ConvertCheckpointRequest request;
  request.mutable_target()->set_cpu_profile("cpuProfiles/qemu-11.1.virt.cortex-a57");
  const absl::StatusOr<ConvertedState> converted =
      ConvertState(std::move(state), file.stream(), request, RestoreClient(connection));
  if (!converted.ok()) return converted.status();
  if (!converted->accepted()) return absl::FailedPreconditionError("QEMU 11.1 cannot continue this guest");
  absl::StatusOr<OutputFile> output = OutputFile::Create("converted.save", IfExists::kRefuse);
  if (!output.ok()) return output.status();
  const absl::Status written = file.Write(converted->patches, *output);
  return written.ok() ? output->Commit() : written;
}
// [END example]

}  // namespace armstate
