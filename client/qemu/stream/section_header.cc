#include "client/qemu/stream/section_header.h"

#include "absl/strings/str_cat.h"
#include "client/qemu/stream/format.h"
#include "client/qemu/stream/printable.h"

namespace armstate {

StreamSection ReadSectionHeader(size_t header, StreamReader& reader) {
  StreamSection section;
  section.header = header;
  section.id = reader.U32("a section's id");
  section.name = std::string(reader.CountedString("a section's name"));
  section.instance = reader.U32("a section's instance");
  section.version = reader.U32("a section's version");
  section.payload = reader.offset();
  return section;
}

void ReadFooter(uint32_t id, absl::string_view name, StreamReader& reader) {
  const size_t at = reader.offset();
  const uint8_t type = reader.U8("a section's footer");
  const uint32_t footer_id = reader.U32("a section's footer");
  if (!reader.ok()) return;
  if (type != kSectionFooter) {
    reader.Fail(at, absl::StrCat("section ", Printable(name), " has no footer here"));
  } else if (footer_id != id) {
    reader.Fail(at, absl::StrCat("the footer of section ", Printable(name), " is of section ", footer_id,
                                 ", not of section ", id));
  }
}

}  // namespace armstate
