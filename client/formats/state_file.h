// A file that holds a VM's saved state, in whatever form: what armstate reads a checkpoint from, and writes a restored
// state into.
//
// Example:
//   ASSIGN_OR_RETURN(std::unique_ptr<StateFile> file, OpenStateFile("vm.save", {}));   // client/open_state_file.h
//   ASSIGN_OR_RETURN(QemuRestore restore, RestoreIntoQemuStream(vcpus, machine, file->stream()));
//   ASSIGN_OR_RETURN(OutputFile out, OutputFile::Create("moved.save", IfExists::kRefuse));
//   RETURN_IF_ERROR(file->Write(restore.patches, out));
//   return out.Commit();
#ifndef ARMSTATE_CLIENT_FORMATS_STATE_FILE_H_
#define ARMSTATE_CLIENT_FORMATS_STATE_FILE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/files/output_file.h"
#include "client/qemu/stream_patch.h"

namespace armstate {

// What a form says of the VM besides the stream, e.g. in libvirt's XML. Empty where it does not.
struct StateFileSource {
  // "tcg", "kvm" or "hvf".
  std::string accelerator;
  std::string machine_type;
  // As QEMU's -cpu names it, e.g. "cortex-a57", "host".
  std::string cpu_model;
  // In -cpu's notation: "sve=on", "pmu=off". Only those that are stated; others may be on, too.
  std::vector<std::string> cpu_features;
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
  // Where it begins in the file; 0 if it is not there as it is.
  virtual uint64_t stream_offset() const = 0;
  const StateFileSource& source() const { return source_; }
  // What the user should know of the file.
  const std::vector<std::string>& notes() const { return notes_; }

  // Appends a file of the same form with the patches in its stream. FAILED_PRECONDITION if the form cannot take them.
  // Errors of `out` come with its Commit.
  virtual absl::Status Write(absl::Span<const StreamPatch> patches, OutputFile& out) const = 0;

 protected:
  explicit StateFile(std::string form) : form_(std::move(form)) {}

  StateFileSource source_;
  std::vector<std::string> notes_;

 private:
  std::string form_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FORMATS_STATE_FILE_H_
