// `LibvirtStateFile` is a save image of libvirt as a state file.
#ifndef ARMSTATE_CLIENT_LIBVIRT_STATE_FILE_H_
#define ARMSTATE_CLIENT_LIBVIRT_STATE_FILE_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "client/files/input_file.h"
#include "client/formats/state_file.h"
#include "client/libvirt/save_image.h"

namespace armstate {

// Raw and sparse images are read and patched in their places; packed ones are unpacked, and packed again by the same
// codec. The header, the XML and the room that it has to grow stay as they are.
class LibvirtStateFile : public StateFile {
 public:
  // Errors: those of ParseSaveImage and PackedStateFile. XML that cannot be read is a note.
  static absl::StatusOr<std::unique_ptr<LibvirtStateFile>> Open(InputFile file);

  absl::string_view stream() const override { return content_->stream(); }
  uint64_t stream_offset() const override { return content_->stream_offset(); }
  absl::Status Write(absl::Span<const StreamPatch> patches, OutputFile& out) const override {
    return content_->Write(patches, out);
  }

 private:
  LibvirtStateFile(std::string form, std::unique_ptr<StateFile> content)
      : StateFile(std::move(form)), content_(std::move(content)) {}

  void AddFacts(absl::string_view domain_xml, absl::string_view cookie_xml);

  std::unique_ptr<StateFile> content_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_LIBVIRT_STATE_FILE_H_
