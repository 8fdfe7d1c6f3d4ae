// `SaveImage` is the header of libvirt's save image, which `virsh save`, managedsave and external snapshots of memory
// write before QEMU's migration stream. docs/formats.md has its layout.
#ifndef ARMSTATE_CLIENT_LIBVIRT_SAVE_IMAGE_H_
#define ARMSTATE_CLIENT_LIBVIRT_SAVE_IMAGE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// The compression of the stream behind the header; the numbers are libvirt's.
enum class SaveImageFormat : uint32_t {
  kRaw = 0,
  kGzip = 1,
  kBzip2 = 2,
  kXz = 3,
  kLzop = 4,
  kZstd = 5,
  kSparse = 6,  // not packed: QEMU's mapped-ram, whose offsets count from the beginning of the image
};

struct SaveImage {
  SaveImageFormat format = SaveImageFormat::kRaw;
  // The guest ran when it was saved.
  bool was_running = false;
  // XML of the domain, and the cookie, libvirt's further data; a cookie may be missing and is then empty.
  absl::string_view domain_xml;
  absl::string_view cookie_xml;
  // The offset of QEMU's stream, plain or compressed.
  uint64_t stream_offset = 0;
};

// INVALID_ARGUMENT, with what is wrong and what to do, for an image that is not finished, of another byte order or
// version, packed in a way that is not known, or damaged. The result refers to `file`.
absl::StatusOr<SaveImage> ParseSaveImage(absl::string_view file);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_LIBVIRT_SAVE_IMAGE_H_
