// `DetectFileKind` recognises a file by its first bytes.
#ifndef ARMSTATE_CLIENT_FORMATS_FILE_KIND_H_
#define ARMSTATE_CLIENT_FORMATS_FILE_KIND_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace armstate {

// A migration stream begins so: the magic number, and the version of the format.
inline constexpr absl::string_view kStreamBeginning("QEVM\0\0\0\x03", 8);

enum class FileKind {
  kStream,       // QEMU's migration stream
  kQcow2,        // a disk image, perhaps with internal snapshots
  kLibvirtSave,  // libvirt's save image
  kPacked,       // by a codec (client/formats/codec.h)
  kJson,         // after white space
  kOther,
};

FileKind DetectFileKind(absl::string_view bytes);

// True for a file that begins as something else that NoStateFile names: whatever stands further on is part of that.
bool IsKnownOtherKind(absl::string_view bytes);

// The error for a file of another kind: INVALID_ARGUMENT, with what the file is, as far as is known, and what
// to do. `path` tells formats that have no mark of their own.
absl::Status NoStateFile(absl::string_view bytes, const std::string& path);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FORMATS_FILE_KIND_H_
