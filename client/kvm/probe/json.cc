#include "client/kvm/probe/json.h"

#include "absl/strings/str_format.h"

namespace armstate {

std::string Hex(uint64_t word) { return absl::StrFormat("0x%x", word); }

std::string HexId(uint64_t id) { return absl::StrFormat("0x%016x", id); }

std::string HexBytes(const std::string& bytes) {
  std::string text = "0x";
  for (size_t i = bytes.size(); i > 0; --i) {
    absl::StrAppendFormat(&text, "%02x", static_cast<unsigned char>(bytes[i - 1]));
  }
  return text;
}

size_t WidthOf(uint64_t id) { return size_t{1} << (id >> 52 & 15); }

uint64_t WordOf(const std::string& bytes) {
  uint64_t word = 0;
  for (size_t i = 0; i < bytes.size() && i < 8; ++i) {
    word |= uint64_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
  }
  return word;
}

std::string BytesOf(uint64_t word, size_t width) {
  std::string bytes(width, '\0');
  for (size_t i = 0; i < width && i < 8; ++i) bytes[i] = static_cast<char>(word >> 8 * i);
  return bytes;
}

}  // namespace armstate
