#include "storage/crc32c.h"

#include <memory>
#include <string>

#include "rocksdb/file_checksum.h"

namespace armstate {

// RocksDB's crc32c.h is not installed; its checksum of whole files is the same sum behind a public interface.
uint32_t Crc32c(absl::string_view bytes) {
  const std::unique_ptr<rocksdb::FileChecksumGenerator> generator =
      rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator({});
  generator->Update(bytes.data(), bytes.size());
  generator->Finalize();
  uint32_t crc = 0;
  for (const char byte : generator->GetChecksum()) crc = crc << 8 | static_cast<uint8_t>(byte);  // it is big-endian
  return crc;
}

}  // namespace armstate
