// `Crc32c` computes the checksum CRC32C (Castagnoli), with the processor's instruction where it has one.
#ifndef ARMSTATE_STORAGE_FORMAT_CRC32C_H_
#define ARMSTATE_STORAGE_FORMAT_CRC32C_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace armstate {

uint32_t Crc32c(absl::string_view bytes);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_FORMAT_CRC32C_H_
