// libFuzzer: any bytes as a libvirt save image, with the XML in it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "client/libvirt/domain_xml.h"
#include "client/libvirt/save_image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view file(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<armstate::SaveImage> image = armstate::ParseSaveImage(file);
  if (!image.ok()) {
    (void)armstate::ParseDomainXml(file, "").ok();
    return 0;
  }
  if (image->stream_offset > size) abort();
  (void)armstate::ParseDomainXml(image->domain_xml, image->cookie_xml).ok();
  return 0;
}
