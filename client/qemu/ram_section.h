// Guest RAM in a migration stream: walked over page by page, never copied.
#ifndef ARMSTATE_CLIENT_QEMU_RAM_SECTION_H_
#define ARMSTATE_CLIENT_QEMU_RAM_SECTION_H_

#include <cstdint>

#include "client/qemu/stream_reader.h"

namespace armstate {

struct RamFormat {
  // The target's page size in bytes.
  uint64_t page_size = 4096;
  // Migration capability x-ignore-shared: each block in the list of blocks has its address, too.
  bool ignore_shared = false;
};

// Moves the reader from the payload of a section of "ram" to its end. The reader fails where the payload is malformed,
// or uses what these sections of QEMU 7.2 only use with capabilities that need a second connection or decompression.
void SkipRam(const RamFormat& format, StreamReader& reader);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_RAM_SECTION_H_
