// Functions that put bytes behind their CRC32C and check it. docs/storage-format.md calls the checksum `crc`.
#ifndef ARMSTATE_STORAGE_FORMAT_CHECKSUMMED_H_
#define ARMSTATE_STORAGE_FORMAT_CHECKSUMMED_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

// The room for the checksum, which a writer leaves at the front for SetCrc.
inline constexpr size_t kCrcBytes = 4;

// Writes the checksum into the first kCrcBytes, of all that follows them.
void SetCrc(std::string& bytes);
// A copy of the body behind its checksum.
std::string WithCrc(absl::string_view body);

// The body, which points into `bytes`. DATA_LOSS, reason RECORD_DAMAGED, metadata "record" is `name`.
absl::StatusOr<absl::string_view> CheckCrc(absl::string_view bytes, absl::string_view name);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_FORMAT_CHECKSUMMED_H_
