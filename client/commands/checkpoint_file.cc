#include "client/commands/checkpoint_file.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "proto/accelerator.h"
#include "proto/vcpu_state_conversion.h"

namespace armstate {
namespace {

absl::StatusOr<LoadedCheckpointFile> LoadJson(absl::string_view bytes) {
  LoadedCheckpointFile loaded;
  const google::protobuf::util::Status status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(bytes.data(), bytes.size()), &loaded.checkpoint);
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not JSON of an armstate.v1.Checkpoint: ", std::string(status.message())));
  }
  v1::Source& source = *loaded.checkpoint.mutable_source();
  if (source.accelerator() == v1::ACCELERATOR_UNSPECIFIED && loaded.checkpoint.vcpus_size() > 0) {
    const auto& ids = loaded.checkpoint.vcpus(0).registers().ids();
    source.set_accelerator(AcceleratorOf(OriginOfList(absl::MakeConstSpan(ids.data(), ids.size())).origin));
  }
  return loaded;
}

}  // namespace

absl::StatusOr<LoadedCheckpointFile> LoadCheckpointFile(absl::string_view bytes) {
  if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(bytes.substr(0, 4096)), "{")) return LoadJson(bytes);
  if (!absl::StartsWith(bytes, "QEVM")) {
    return absl::InvalidArgumentError(
        "neither a QEMU migration stream (which begins with QEVM) nor JSON of an armstate.v1.Checkpoint (which begins "
        "with {)");
  }
  absl::StatusOr<QemuCapture> capture = CaptureQemuStream(bytes);
  if (!capture.ok()) return capture.status();
  return CheckpointOfCapture(*std::move(capture));
}

LoadedCheckpointFile CheckpointOfCapture(QemuCapture capture) {
  LoadedCheckpointFile loaded;
  loaded.notes = std::move(capture.notes);
  v1::Source* source = loaded.checkpoint.mutable_source();
  // What shows nothing has nothing that the accelerators call by different IDs.
  source->set_accelerator(capture.origin == ListOrigin::kUnknown ? v1::TCG : AcceleratorOf(capture.origin));
  source->set_hypervisor("QEMU");
  source->set_machine_type(capture.machine_type);
  for (VcpuState& vcpu : capture.vcpus) *loaded.checkpoint.add_vcpus() = VcpuStateToProto(std::move(vcpu));
  for (const CaptureGap& gap : capture.gaps) *loaded.checkpoint.add_gaps() = CaptureGapToProto(gap);
  return loaded;
}

std::string CheckpointFileText(const v1::Checkpoint& checkpoint) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string text;
  // A Checkpoint has no field that JSON cannot show.
  (void)google::protobuf::util::MessageToJsonString(checkpoint, &text, options).ok();
  return text;
}

}  // namespace armstate
