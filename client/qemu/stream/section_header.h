// `ReadSectionHeader` reads headers and footers of sections in a migration stream.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_SECTION_HEADER_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_SECTION_HEADER_H_

#include <string>

#include "client/qemu/stream/migration_stream.h"
#include "client/qemu/stream/reader.h"

namespace armstate {

// Reads the header of a start or full section behind its type byte, which is at `header`.
StreamSection ReadSectionHeader(size_t header, StreamReader& reader);

// Reads the footer of section `id`; the reader fails if there is another or none.
void ReadFooter(uint32_t id, absl::string_view name, StreamReader& reader);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_SECTION_HEADER_H_
