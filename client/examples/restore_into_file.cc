// Example: writes a checkpoint's state into a copy of a saved VM.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "client/files/input_file.h"
#include "client/files/output_file.h"
#include "client/open_state_file.h"
#include "client/qemu/restore.h"

namespace armstate {

// [START example]
absl::Status RestoreIntoFile(const std::vector<VcpuState>& vcpus, const std::string& path) {
  absl::StatusOr<InputFile> input = InputFile::Open(path);
  if (!input.ok()) return input.status();
  const absl::StatusOr<std::unique_ptr<StateFile>> file = OpenStateFile(*std::move(input), path, {});
  if (!file.ok()) return file.status();
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(vcpus, "virt-7.2", (*file)->stream());
  if (!restore.ok()) return restore.status();
  if (restore->verdict == Verdict::kRefused) return absl::FailedPreconditionError("the saved VM refuses it");
  absl::StatusOr<OutputFile> output = OutputFile::Create(path + ".restored", IfExists::kRefuse);
  if (!output.ok()) return output.status();
  const absl::Status written = (*file)->Write(restore->patches, *output);
  return written.ok() ? output->Commit() : written;
}
// [END example]

}  // namespace armstate
