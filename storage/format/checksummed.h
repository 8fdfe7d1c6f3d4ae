// Bytes behind their checksum: a u32 (little-endian) with the CRC32C of all bytes that follow it.
#ifndef ARMSTATE_STORAGE_FORMAT_CHECKSUMMED_H_
#define ARMSTATE_STORAGE_FORMAT_CHECKSUMMED_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

std::string WithCrc(absl::string_view body);

// The body, which points into `bytes`. DATA_LOSS, reason RECORD_DAMAGED, metadata "record" is `name`.
absl::StatusOr<absl::string_view> CheckCrc(absl::string_view bytes, absl::string_view name);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_FORMAT_CHECKSUMMED_H_
