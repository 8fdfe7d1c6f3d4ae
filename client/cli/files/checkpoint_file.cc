#include "client/cli/files/checkpoint_file.h"

#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/files/checkpoint_json.h"
#include "client/files/input_file.h"
#include "client/formats/file_kind.h"
#include "core/error.h"
#include "proto/accelerator.h"
#include "proto/enum_name.h"
#include "proto/vcpu_state_conversion.h"

namespace armstate {
namespace {

// Adds what the file says outside of its stream, e.g. in libvirt's XML. Where they differ, the stream counts.
void AddSource(const StateFile& file, LoadedCheckpointFile& loaded) {
  const StateFileSource& said = file.source();
  v1::Source& source = *loaded.checkpoint.mutable_source();
  if (!said.vm_name.empty()) {
    loaded.notes.push_back(absl::StrCat("a ", file.form(), " of the domain ", said.vm_name, ", UUID ", said.vm_uuid));
  }
  if (source.machine_type().empty()) source.set_machine_type(said.machine_type);
  if (!said.machine_type.empty() && source.machine_type() != said.machine_type) {
    loaded.notes.push_back(absl::StrCat("the domain's XML names the machine type ", said.machine_type, ", its stream ",
                                        source.machine_type()));
  }
  const std::string accelerator = absl::AsciiStrToLower(EnumName(source.accelerator()));
  if (!said.accelerator.empty() && said.accelerator != accelerator) {
    loaded.notes.push_back(absl::StrCat("the domain's XML names the accelerator ", said.accelerator,
                                        ", but the registers are taken for those of ", accelerator));
  }
  source.set_cpu_model(said.cpu_model);
  loaded.notes.insert(loaded.notes.end(), file.notes().begin(), file.notes().end());
}

absl::StatusOr<LoadedStateFile> ReadState(InputFile file, const std::string& path, const StateFileOptions& options) {
  absl::StatusOr<std::unique_ptr<StateFile>> state = OpenStateFile(std::move(file), path, options);
  if (!state.ok()) return Annotate(state.status(), path);
  absl::StatusOr<QemuCapture> capture = CaptureQemuStream((*state)->stream());
  if (!capture.ok()) return Annotate(capture.status(), path);
  LoadedCheckpointFile loaded = CheckpointOfCapture(*std::move(capture));
  AddSource(**state, loaded);
  return LoadedStateFile{*std::move(state), std::move(loaded)};
}

}  // namespace

absl::StatusOr<LoadedCheckpointFile> LoadCheckpointFile(const std::string& path, const StateFileOptions& options) {
  absl::StatusOr<InputFile> file = InputFile::Open(path);
  if (!file.ok()) return file.status();
  if (DetectFileKind(file->bytes()) == FileKind::kJson) {
    absl::StatusOr<v1::Checkpoint> checkpoint = ParseCheckpointJson(file->bytes());
    if (!checkpoint.ok()) return Annotate(checkpoint.status(), path);
    return LoadedCheckpointFile{*std::move(checkpoint), {}};
  }
  absl::StatusOr<LoadedStateFile> state = ReadState(*std::move(file), path, options);
  if (!state.ok()) return state.status();
  return std::move(state->loaded);
}

absl::StatusOr<LoadedStateFile> LoadStateFile(const std::string& path, const StateFileOptions& options) {
  absl::StatusOr<InputFile> file = InputFile::Open(path);
  if (!file.ok()) return file.status();
  if (DetectFileKind(file->bytes()) == FileKind::kJson) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, " is JSON, which holds no RAM and no devices: convert the saved state that the checkpoint is of"));
  }
  return ReadState(*std::move(file), path, options);
}

LoadedCheckpointFile CheckpointOfCapture(QemuCapture capture) {
  LoadedCheckpointFile loaded;
  loaded.notes = std::move(capture.notes);
  v1::Source* source = loaded.checkpoint.mutable_source();
  // kUnknown: the list has no register whose ID depends on the accelerator, so either one is right.
  source->set_accelerator(capture.origin == ListOrigin::kUnknown ? v1::ACCELERATOR_TCG : AcceleratorOf(capture.origin));
  source->set_hypervisor("QEMU");
  source->set_machine_type(capture.machine_type);
  for (VcpuState& vcpu : capture.vcpus) *loaded.checkpoint.add_vcpus() = VcpuStateToProto(std::move(vcpu));
  for (const CaptureGap& gap : capture.gaps) *loaded.checkpoint.add_gaps() = CaptureGapToProto(gap);
  return loaded;
}

}  // namespace armstate
