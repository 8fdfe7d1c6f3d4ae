// `StateFile` is a file that holds a VM's saved state, in any form: armstate reads a checkpoint from it and writes a
// restored state into a copy.
//
// Example (client/examples/restore_into_file.cc):
//   absl::Status RestoreIntoFile(const std::vector<VcpuState>& vcpus, const std::string& path) {
//     absl::StatusOr<InputFile> input = InputFile::Open(path);
//     if (!input.ok()) return input.status();
//     const absl::StatusOr<std::unique_ptr<StateFile>> file = OpenStateFile(*std::move(input), path, {});
//     if (!file.ok()) return file.status();
//     const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(vcpus, "virt-7.2", (*file)->stream());
//     if (!restore.ok()) return restore.status();
//     if (restore->verdict == Verdict::kRefused) return absl::FailedPreconditionError("the saved VM refuses it");
//     absl::StatusOr<OutputFile> output = OutputFile::Create(path + ".restored", IfExists::kRefuse);
//     if (!output.ok()) return output.status();
//     const absl::Status written = (*file)->Write(restore->patches, *output);
//     return written.ok() ? output->Commit() : written;
//   }
#ifndef ARMSTATE_CLIENT_FORMATS_STATE_FILE_H_
#define ARMSTATE_CLIENT_FORMATS_STATE_FILE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "client/files/output_file.h"
#include "client/qemu/stream/patch.h"

namespace armstate {

// `StateFileSource` describes the VM as a form does beside the stream, e.g. in libvirt's XML; empty where it does not.
struct StateFileSource {
  // "tcg", "kvm" or "hvf".
  std::string accelerator;
  std::string machine_type;
  // As for QEMU's -cpu: "cortex-a57", or "host,sve=on,pmu=off" with the features that are stated.
  std::string cpu_model;
  std::string vm_name;
  std::string vm_uuid;
};

// Not thread-safe. The file must not change while it is open.
class StateFile {
 public:
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;
  virtual ~StateFile() = default;

  // For people, e.g. "libvirt save image (zstd)".
  const std::string& form() const { return form_; }
  // QEMU's migration stream, plain.
  virtual absl::string_view stream() const = 0;
  // The offset at which it begins in the file; 0 if it is not there as it is.
  virtual uint64_t stream_offset() const = 0;
  const StateFileSource& source() const { return source_; }
  // Notes are for the user.
  const std::vector<std::string>& notes() const { return notes_; }

  // Appends a file of the same form with the patches in its stream. FAILED_PRECONDITION if the form cannot take them.
  // Errors of `out` come with its Commit.
  virtual absl::Status Write(absl::Span<const StreamPatch> patches, OutputFile& out) const = 0;

 protected:
  explicit StateFile(std::string form) : form_(std::move(form)) {}

  // Notes it if a mapped-ram stream says that it begins elsewhere in its file. Once, when the stream is known.
  void CheckMappedRam();
  // The error of Write in that case: QEMU would take other bytes for the guest's RAM.
  absl::Status CheckWritable() const;

  StateFileSource source_;
  std::vector<std::string> notes_;

 private:
  std::string form_;
  absl::optional<uint64_t> other_offset_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FORMATS_STATE_FILE_H_
