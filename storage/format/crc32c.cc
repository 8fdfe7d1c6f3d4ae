#include "storage/format/crc32c.h"

#include <memory>
#include <string>

#include "rocksdb/file_checksum.h"
#ifdef __x86_64__
#include <nmmintrin.h>

#include <cstring>
#endif

namespace armstate {
namespace {

// RocksDB's crc32c.h is not installed; its checksum of whole files is the same sum behind a public interface. Debian
// builds it for processors without an instruction for it: 1.4 ns a byte.
uint32_t FromRocksDb(absl::string_view bytes) {
  const std::unique_ptr<rocksdb::FileChecksumGenerator> generator =
      rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator({});
  generator->Update(bytes.data(), bytes.size());
  generator->Finalize();
  uint32_t crc = 0;
  for (const char byte : generator->GetChecksum()) crc = crc << 8 | static_cast<uint8_t>(byte);  // it is big-endian
  return crc;
}

#ifdef __x86_64__
// A tenth of the time.
__attribute__((target("sse4.2"))) uint32_t ByInstruction(absl::string_view bytes) {
  uint64_t crc = 0xffffffff;
  for (; bytes.size() >= sizeof(uint64_t); bytes.remove_prefix(sizeof(uint64_t))) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof(word));
    crc = _mm_crc32_u64(crc, word);
  }
  auto rest = static_cast<uint32_t>(crc);
  for (const char byte : bytes) rest = _mm_crc32_u8(rest, static_cast<uint8_t>(byte));
  return ~rest;
}
#endif

}  // namespace

uint32_t Crc32c(absl::string_view bytes) {
#ifdef __x86_64__
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return ByInstruction(bytes);
#endif
  return FromRocksDb(bytes);
}

}  // namespace armstate
