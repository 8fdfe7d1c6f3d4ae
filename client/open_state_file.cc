#include "client/open_state_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/formats/codec.h"
#include "client/formats/file_kind.h"
#include "client/formats/packed_state_file.h"
#include "client/formats/plain_state_file.h"
#include "client/formats/qcow2_state_file.h"
#include "client/libvirt/libvirt_state_file.h"

namespace armstate {

absl::StatusOr<std::unique_ptr<StateFile>> OpenStateFile(InputFile file, const std::string& path,
                                                         const StateFileOptions& options) {
  const absl::string_view bytes = file.bytes();
  const FileKind kind = DetectFileKind(bytes);
  if (!options.snapshot.empty() && kind != FileKind::kQcow2) {
    return absl::InvalidArgumentError("--snapshot is for qcow2 images, which this file is not");
  }
  switch (kind) {
    case FileKind::kStream:
      return std::make_unique<PlainStateFile>("QEMU migration stream", std::move(file), 0);
    case FileKind::kQcow2:
      return Qcow2StateFile::Open(std::move(file), options.snapshot);
    case FileKind::kLibvirtSave:
      return LibvirtStateFile::Open(std::move(file));
    case FileKind::kPacked: {
      const Codec codec = *DetectCodec(bytes);
      return PackedStateFile::Open(absl::StrCat("QEMU migration stream (", CodecName(codec), ")"), std::move(file), 0,
                                   codec);
    }
    case FileKind::kJson:
      return absl::InvalidArgumentError("the file is JSON, which holds no devices and no RAM; name a saved state");
    case FileKind::kOther:
      break;
  }
  const uint64_t offset = FindStreamBehindZeros(file);
  if (offset == bytes.size()) return NoStateFile(bytes, path);
  return std::make_unique<PlainStateFile>(absl::StrCat("QEMU migration stream at offset ", offset), std::move(file),
                                          offset);
}

}  // namespace armstate
