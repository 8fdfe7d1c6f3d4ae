#include "storage/format/crc32c.h"

#include <cstddef>
#include <memory>
#include <string>

#include "rocksdb/file_checksum.h"
#if defined(__x86_64__) || defined(__aarch64__)
#include <cstring>
#endif
#ifdef __aarch64__
#include <asm/hwcap.h>
#include <sys/auxv.h>
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

#if defined(__x86_64__) || defined(__aarch64__)

#ifdef __x86_64__
#define ARMSTATE_CRC32C_TARGET __attribute__((target("sse4.2")))
bool HasInstruction() { return __builtin_cpu_supports("sse4.2"); }
ARMSTATE_CRC32C_TARGET inline uint32_t AddWord(uint32_t crc, uint64_t word) {
  return static_cast<uint32_t>(__builtin_ia32_crc32di(crc, word));
}
ARMSTATE_CRC32C_TARGET inline uint32_t AddByte(uint32_t crc, uint8_t byte) { return __builtin_ia32_crc32qi(crc, byte); }
#else
// The instructions name their extension, as GCC and Clang have no builtin for them in common.
#define ARMSTATE_CRC32C_TARGET
bool HasInstruction() { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }
inline uint32_t AddWord(uint32_t crc, uint64_t word) {
  asm(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(word));
  return crc;
}
inline uint32_t AddByte(uint32_t crc, uint8_t byte) {
  asm(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1" : "+r"(crc) : "r"(byte));
  return crc;
}
#endif

// A tenth of the time.
ARMSTATE_CRC32C_TARGET uint32_t ByInstruction(absl::string_view bytes) {
  uint32_t crc = 0xffffffff;
  for (; bytes.size() >= sizeof(uint64_t); bytes.remove_prefix(sizeof(uint64_t))) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof(word));
    crc = AddWord(crc, word);
  }
  for (const char byte : bytes) crc = AddByte(crc, static_cast<uint8_t>(byte));
  return ~crc;
}

#endif

}  // namespace

uint32_t Crc32c(absl::string_view bytes) {
#if defined(__x86_64__) || defined(__aarch64__)
  static const bool has_instruction = HasInstruction();
  if (has_instruction) return ByInstruction(bytes);
#endif
  return FromRocksDb(bytes);
}

}  // namespace armstate
