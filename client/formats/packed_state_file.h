// `PackedStateFile` is a file whose migration stream is packed: by itself, or behind a header.
#ifndef ARMSTATE_CLIENT_FORMATS_PACKED_STATE_FILE_H_
#define ARMSTATE_CLIENT_FORMATS_PACKED_STATE_FILE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "client/files/input_file.h"
#include "client/formats/codec.h"
#include "client/formats/state_file.h"

namespace armstate {

// Unpacked data may have at most so many bytes: a file of some kilobytes can unpack to more than any disk has.
inline constexpr uint64_t kMaxUnpackedBytes = uint64_t{1} << 40;

// The stream is unpacked into a temporary file without a name. Zeros take no room there.
class PackedStateFile final : public StateFile {
 public:
  // The packed stream takes all of the file from `prefix` on. INVALID_ARGUMENT, at once, if what is unpacked does not
  // begin as a migration stream, or if it is damaged; RESOURCE_EXHAUSTED beyond kMaxUnpackedBytes.
  static absl::StatusOr<std::unique_ptr<PackedStateFile>> Open(std::string form, InputFile file, uint64_t prefix,
                                                               Codec codec);

  absl::string_view stream() const override { return unpacked_.bytes(); }
  uint64_t stream_offset() const override { return 0; }
  // Packed by the same codec, not to the same bytes.
  absl::Status Write(absl::Span<const StreamPatch> patches, OutputFile& out) const override;

 private:
  PackedStateFile(std::string form, InputFile file, uint64_t prefix, Codec codec, InputFile unpacked)
      : StateFile(std::move(form)),
        file_(std::move(file)),
        prefix_(prefix),
        codec_(codec),
        unpacked_(std::move(unpacked)) {
    CheckMappedRam();
  }

  InputFile file_;
  uint64_t prefix_;
  Codec codec_;
  InputFile unpacked_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FORMATS_PACKED_STATE_FILE_H_
