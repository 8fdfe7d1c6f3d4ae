// Example: stores the CPU state in a QEMU migration stream as a checkpoint.
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/checkpoint_client.h"
#include "client/connection.h"
#include "client/qemu/capture.h"
#include "proto/vcpu_state_conversion.h"

namespace armstate {

// [START example]
absl::Status PushStream(absl::string_view stream, const Connection& connection) {
  absl::StatusOr<QemuCapture> capture = CaptureQemuStream(stream);
  if (!capture.ok()) return capture.status();
  v1::CreateCheckpointRequest request;
  request.set_parent("vms/web-1");
  request.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
  for (VcpuState& vcpu : capture->vcpus) {
    *request.mutable_checkpoint()->add_vcpus() = VcpuStateToProto(std::move(vcpu));
  }
  return CheckpointClient(connection).CreateCheckpoint(std::move(request)).status();
}
// [END example]

}  // namespace armstate
