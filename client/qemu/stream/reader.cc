#include "client/qemu/stream/reader.h"

#include "absl/strings/str_cat.h"
#include "client/qemu/stream/error.h"

namespace armstate {

uint64_t LoadBigEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

void StoreBigEndian(uint64_t value, size_t width, char* bytes) {
  for (size_t i = 0; i < width; ++i) bytes[width - 1 - i] = static_cast<char>(value >> 8 * i);
}

absl::string_view StreamReader::Bytes(size_t size, absl::string_view what) {
  if (!ok()) return {};
  if (offset_ > stream_.size() || size > stream_.size() - offset_) {
    Fail(stream_.size(), absl::StrCat("the stream ends in ", what, ", which begins at offset ", offset_, " and takes ",
                                      size, " bytes"));
    return {};
  }
  const absl::string_view bytes = stream_.substr(offset_, size);
  offset_ += size;
  return bytes;
}

absl::string_view StreamReader::CountedString(absl::string_view what) { return Bytes(U8(what), what); }

const absl::Status& StreamReader::Fail(size_t offset, absl::string_view message) {
  if (ok()) status_ = StreamError(offset, section_, message);
  return status_;
}

}  // namespace armstate
