#include "client/open_state_file.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/formats/codec.h"
#include "client/formats/file_kind.h"
#include "client/formats/packed_state_file.h"
#include "client/formats/plain_state_file.h"
#include "client/formats/qcow2_state_file.h"
#include "client/libvirt/state_file.h"

namespace armstate {

namespace {

// The search for a stream behind another program's header ends here; the message says where one may be.
constexpr size_t kHeaderRoom = size_t{1} << 20;

std::unique_ptr<StateFile> StreamAt(uint64_t offset, InputFile file) {
  return std::make_unique<PlainStateFile>(absl::StrCat("QEMU migration stream at offset ", offset), std::move(file),
                                          offset);
}

absl::Status NoStream(absl::string_view bytes, const std::string& path) {
  if (IsKnownOtherKind(bytes)) return NoStateFile(bytes, path);
  const size_t at = bytes.substr(0, kHeaderRoom).find(kStreamBeginning);
  if (at == absl::string_view::npos) return NoStateFile(bytes, path);
  return absl::InvalidArgumentError(
      absl::StrCat("the file begins with something that armstate does not know; a QEMU migration stream may begin at "
                   "offset ",
                   at, ": if so, give --offset ", at));
}

}  // namespace

absl::StatusOr<std::unique_ptr<StateFile>> OpenStateFile(InputFile file, const std::string& path,
                                                         const StateFileOptions& options) {
  const absl::string_view bytes = file.bytes();
  const FileKind kind = DetectFileKind(bytes);
  if (!options.snapshot.empty() && kind != FileKind::kQcow2) {
    return absl::InvalidArgumentError("--snapshot is for qcow2 images, which this file is not");
  }
  if (options.offset) {
    if (*options.offset > bytes.size() || !absl::StartsWith(bytes.substr(*options.offset), kStreamBeginning)) {
      return absl::InvalidArgumentError(absl::StrCat("no QEMU migration stream begins at offset ", *options.offset));
    }
    return StreamAt(*options.offset, std::move(file));
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
  if (offset == bytes.size()) return NoStream(bytes, path);
  return StreamAt(offset, std::move(file));
}

}  // namespace armstate
