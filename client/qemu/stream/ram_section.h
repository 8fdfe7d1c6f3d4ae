// `SkipRam` walks over guest RAM in a migration stream, page by page, or block by block with mapped-ram, without a
// copy.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_RAM_SECTION_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_RAM_SECTION_H_

#include <cstdint>

#include "absl/types/optional.h"
#include "client/qemu/stream/reader.h"

namespace armstate {

struct RamFormat {
  // The target's page size in bytes.
  uint64_t page_size = 4096;
  // Migration capability x-ignore-shared: each block in the list of blocks has its address, too.
  bool ignore_shared = false;
  // Migration capability mapped-ram (QEMU 9.0 on): the pages of a block stand behind its entry in the list of blocks,
  // at offsets that count from the beginning of the file.
  bool mapped_ram = false;
};

// The facts that are learned on the way.
struct RamFacts {
  // mapped-ram: where in its file the stream begins, as the headers of the blocks say.
  absl::optional<uint64_t> file_offset;
  // multifd: the pages went over channels of their own.
  bool pages_elsewhere = false;
};

// Moves the reader from the payload of a section of "ram" to its end. The reader fails where the payload is malformed
// or has records that belong to a live connection (RDMA).
void SkipRam(const RamFormat& format, StreamReader& reader, RamFacts& facts);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_RAM_SECTION_H_
