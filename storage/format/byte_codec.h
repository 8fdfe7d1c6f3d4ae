// `ByteWriter` and `ByteReader` write and read little-endian integers, varints and counted bytes, as the notation of
// docs/storage-format.md defines them.
#ifndef ARMSTATE_STORAGE_FORMAT_BYTE_CODEC_H_
#define ARMSTATE_STORAGE_FORMAT_BYTE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace armstate {

// Appends to a string.
class ByteWriter {
 public:
  void U8(uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void U32(uint32_t value) { Integer(value, 4); }
  void U64(uint64_t value) { Integer(value, 8); }
  void Bytes(absl::string_view bytes) { bytes_.append(bytes.data(), bytes.size()); }
  // LEB128: 7 bits a byte, the lowest first.
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) U8(static_cast<uint8_t>(value | 0x80));
    U8(static_cast<uint8_t>(value));
  }
  // Length as u32, then the bytes. At most 2^32 - 1 of them.
  void Counted(absl::string_view bytes) {
    U32(static_cast<uint32_t>(bytes.size()));
    Bytes(bytes);
  }

  void Reserve(size_t bytes) { bytes_.reserve(bytes); }
  std::string Release() && { return std::move(bytes_); }

 private:
  void Integer(uint64_t value, int width) {
    for (int i = 0; i < width; ++i) U8(static_cast<uint8_t>(value >> 8 * i));
  }

  std::string bytes_;
};

// Reads from the front of bytes that may be anything. The first read past the end fails, and so do all after it: they
// return 0 or nothing, so one ok() at the end is enough. Never allocates; Bytes returns a view of the input.
class ByteReader {
 public:
  explicit ByteReader(absl::string_view bytes) : bytes_(bytes) {}

  uint8_t U8() { return static_cast<uint8_t>(Integer(1)); }
  uint32_t U32() { return static_cast<uint32_t>(Integer(4)); }
  uint64_t U64() { return Integer(8); }
  // A LEB128 number; one above 32 bits, or written longer than it need be, fails.
  uint32_t Varint() {
    const uint64_t value = Varint64();
    if (value <= 0xffffffff) return static_cast<uint32_t>(value);
    ok_ = false;
    return 0;
  }
  uint64_t Varint64() {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      const uint8_t byte = U8();
      const uint64_t bits = byte & 0x7f;
      value |= bits << shift;
      if (byte >= 0x80) continue;
      // The tenth byte has room for one bit.
      if ((shift == 63 && bits > 1) || (byte == 0 && shift > 0)) break;
      return value;
    }
    ok_ = false;
    return 0;
  }
  absl::string_view Bytes(size_t count) {
    if (count > remaining()) ok_ = false;
    if (!ok_) return {};
    const absl::string_view read = bytes_.substr(offset_, count);
    offset_ += count;
    return read;
  }
  // The counterpart of ByteWriter::Counted. A length above `limit` fails.
  absl::string_view Counted(size_t limit) {
    const uint32_t count = U32();
    if (count > limit) ok_ = false;
    return Bytes(count);
  }

  bool ok() const { return ok_; }
  // The position of the next read, or of the one that failed.
  size_t offset() const { return offset_; }
  size_t remaining() const { return bytes_.size() - offset_; }

 private:
  uint64_t Integer(size_t width) {
    uint64_t value = 0;
    const absl::string_view read = Bytes(width);
    for (size_t i = 0; i < read.size(); ++i) value |= static_cast<uint64_t>(static_cast<uint8_t>(read[i])) << 8 * i;
    return value;
  }

  absl::string_view bytes_;
  size_t offset_ = 0;
  bool ok_ = true;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_FORMAT_BYTE_CODEC_H_
