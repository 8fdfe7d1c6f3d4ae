#include "client/libvirt/save_image.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

constexpr absl::string_view kMagic = "LibvirtQemudSave";
constexpr absl::string_view kMagicUnfinished = "LibvirtQemudPart";
constexpr size_t kHeaderSize = 92;
constexpr uint32_t kVersion = 2;
constexpr uint32_t kMaxDataSize = 64 << 20;  // of the XML with its padding; real ones have some 100 KB

absl::Status Malformed(absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat("libvirt save image: ", message));
}

// Numbers have the host's byte order, which is little-endian wherever libvirt runs ARM guests.
uint32_t Number(absl::string_view file, size_t at) {
  uint32_t value = 0;
  for (size_t i = 4; i > 0; --i) value = value << 8 | static_cast<uint8_t>(file[at + i - 1]);
  return value;
}

}  // namespace

absl::StatusOr<SaveImage> ParseSaveImage(absl::string_view file) {
  if (absl::StartsWith(file, kMagicUnfinished)) {
    return Malformed(
        "it was never finished (LibvirtQemudPart): libvirt was interrupted, or still writes; save the guest again");
  }
  if (!absl::StartsWith(file, kMagic)) return Malformed("it does not begin with LibvirtQemudSave");
  if (file.size() < kHeaderSize) return Malformed("the file ends in the header");
  const uint32_t version = Number(file, 16);
  if (version > kVersion && (version & 0xffffff) == 0) {
    return Malformed(
        "its header is big-endian: it was written on another kind of host, such as s390x, where no ARM guest runs "
        "under "
        "KVM; save the guest on the host that is to go on with it");
  }
  if (version == 0 || version > kVersion) return Malformed(absl::StrCat("version ", version, "; 1 and 2 are known"));

  SaveImage image;
  const uint32_t data_size = Number(file, 20);
  if (data_size == 0 || data_size > kMaxDataSize || data_size > file.size() - kHeaderSize) {
    return Malformed(absl::StrCat("the domain's XML takes ", data_size, " bytes, the file has ",
                                  file.size() - kHeaderSize, " behind the header"));
  }
  const uint32_t format = version == 1 ? 0 : Number(file, 28);
  if (format == static_cast<uint32_t>(SaveImageFormat::kLzop)) {
    return Malformed(
        "its stream is packed with lzop, which armstate does not unpack; save the guest again with `virsh save "
        "--image-format zstd`, or with save_image_format = \"zstd\" in libvirt's qemu.conf");
  }
  if (format > static_cast<uint32_t>(SaveImageFormat::kSparse)) {
    return Malformed(absl::StrCat("its stream is packed in format ", format,
                                  ", which is not known; save the guest again with save_image_format = \"raw\""));
  }
  image.format = static_cast<SaveImageFormat>(format);
  image.was_running = Number(file, 24) != 0;
  image.stream_offset = kHeaderSize + data_size;

  const absl::string_view data = file.substr(kHeaderSize, data_size);
  const size_t end = data.find('\0');
  if (end == absl::string_view::npos) return Malformed("the domain's XML has no end");
  image.domain_xml = data.substr(0, end);
  const uint32_t cookie = Number(file, 32);
  if (cookie >= data_size) {
    return Malformed(absl::StrCat("the cookie is at offset ", cookie, " of ", data_size, " bytes"));
  }
  if (cookie != 0) {
    const absl::string_view rest = data.substr(cookie);
    const size_t cookie_end = rest.find('\0');
    if (cookie <= end || cookie_end == absl::string_view::npos) return Malformed("the cookie is not behind the XML");
    image.cookie_xml = rest.substr(0, cookie_end);
  }
  return image;
}

}  // namespace armstate
