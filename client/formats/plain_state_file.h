// `PlainStateFile` is a file that holds a plain migration stream, from some offset on.
#ifndef ARMSTATE_CLIENT_FORMATS_PLAIN_STATE_FILE_H_
#define ARMSTATE_CLIENT_FORMATS_PLAIN_STATE_FILE_H_

#include <memory>
#include <string>
#include <utility>

#include "client/files/input_file.h"
#include "client/formats/state_file.h"

namespace armstate {

// The bytes before the stream are copied as they are.
class PlainStateFile final : public StateFile {
 public:
  // `stream_offset` must be inside the file.
  PlainStateFile(std::string form, InputFile file, uint64_t stream_offset)
      : StateFile(std::move(form)), file_(std::move(file)), stream_offset_(stream_offset) {
    CheckMappedRam();
  }

  absl::string_view stream() const override { return file_.bytes().substr(stream_offset_); }
  uint64_t stream_offset() const override { return stream_offset_; }
  absl::Status Write(absl::Span<const StreamPatch> patches, OutputFile& out) const override;

 private:
  InputFile file_;
  uint64_t stream_offset_;
};

// QEMU's `file:PATH,offset=N` leaves room for another's header, or a hole. Where all bytes before the stream are zeros,
// this finds its beginning; the size of the file if there is no stream.
uint64_t FindStreamBehindZeros(const InputFile& file);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FORMATS_PLAIN_STATE_FILE_H_
