// Qcow2StateFile is a VM's state in an internal snapshot of a qcow2 image, as `savevm` makes it.
#ifndef ARMSTATE_CLIENT_FORMATS_QCOW2_STATE_FILE_H_
#define ARMSTATE_CLIENT_FORMATS_QCOW2_STATE_FILE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/files/input_file.h"
#include "client/formats/qcow2_image.h"
#include "client/formats/state_file.h"

namespace armstate {

// The state's clusters are copied into a temporary file without a name, one after another.
class Qcow2StateFile : public StateFile {
 public:
  // Errors: those of Qcow2Image; RESOURCE_EXHAUSTED for a state of more than kMaxUnpackedBytes.
  static absl::StatusOr<std::unique_ptr<Qcow2StateFile>> Open(InputFile file, absl::string_view snapshot);

  absl::string_view stream() const override { return state_.bytes(); }
  uint64_t stream_offset() const override { return 0; }
  // A copy of the whole image, with bytes of the snapshot replaced in their places. FAILED_PRECONDITION if something
  // changes its length, or would be written where the image has no cluster.
  absl::Status Write(absl::Span<const StreamPatch> patches, OutputFile& out) const override;

 private:
  Qcow2StateFile(std::string form, InputFile file, std::vector<Qcow2Extent> extents, InputFile state)
      : StateFile(std::move(form)), file_(std::move(file)), extents_(std::move(extents)), state_(std::move(state)) {}

  InputFile file_;
  std::vector<Qcow2Extent> extents_;
  InputFile state_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FORMATS_QCOW2_STATE_FILE_H_
