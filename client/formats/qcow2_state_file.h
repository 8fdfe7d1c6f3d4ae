// `Qcow2StateFile` is a VM's state in an internal snapshot of a qcow2 image, as `savevm` makes it.
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
  // A copy of the whole image, with bytes of the snapshot replaced in their places. If something changes its length,
  // all behind it moves. FAILED_PRECONDITION if the state would need another cluster, or be written where the image has
  // none.
  absl::Status Write(absl::Span<const StreamPatch> patches, OutputFile& out) const override;

 private:
  Qcow2StateFile(std::string form, InputFile file, Qcow2Snapshot snapshot, std::vector<Qcow2Extent> extents,
                 uint64_t room, InputFile state)
      : StateFile(std::move(form)),
        file_(std::move(file)),
        snapshot_(std::move(snapshot)),
        extents_(std::move(extents)),
        room_(room),
        state_(std::move(state)) {}

  // Adds the patches of the file that put `bytes` at `offset` of the state.
  absl::Status Place(uint64_t offset, absl::string_view bytes, std::vector<StreamPatch>& in_file) const;
  // Adds those that make it the state's size.
  void PlaceSize(uint64_t size, std::vector<StreamPatch>& in_file) const;

  InputFile file_;
  Qcow2Snapshot snapshot_;
  std::vector<Qcow2Extent> extents_;  // the last one up to room_
  uint64_t room_;                     // what the state can grow to
  InputFile state_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FORMATS_QCOW2_STATE_FILE_H_
