#include "storage/format/checksummed.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "storage/format/byte_codec.h"
#include "storage/format/crc32c.h"
#include "storage/storage_errors.h"

namespace armstate {

void SetCrc(std::string& bytes) {
  const uint32_t crc = Crc32c(absl::string_view(bytes).substr(kCrcBytes));
  for (size_t i = 0; i < kCrcBytes; ++i) bytes[i] = static_cast<char>(crc >> 8 * i);
}

std::string WithCrc(absl::string_view body) {
  std::string bytes = absl::StrCat(absl::string_view("\0\0\0\0", kCrcBytes), body);
  SetCrc(bytes);
  return bytes;
}

absl::StatusOr<absl::string_view> CheckCrc(absl::string_view bytes, absl::string_view name) {
  if (bytes.size() < kCrcBytes)
    return RecordDamaged(name, absl::StrCat("only ", bytes.size(), " bytes are left of it"));
  const uint32_t stored = ByteReader(bytes).U32();
  const absl::string_view body = bytes.substr(kCrcBytes);
  const uint32_t computed = Crc32c(body);
  if (stored != computed) {
    return RecordDamaged(name, absl::StrFormat("its CRC32C is %08x, but %08x was stored", computed, stored));
  }
  return body;
}

}  // namespace armstate
