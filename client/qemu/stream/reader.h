// `StreamReader` reads big-endian numbers and strings out of a QEMU stream, never past its end.
//
// The first error sticks: every later read answers zeros and moves nothing, so that a caller may read a few fields and
// look at ok() once. Loops over counts out of the stream must look at ok() in every turn.
//
// Example:
//   StreamReader reader(stream, offset, "ram");
//   const uint64_t address = reader.U64("address");
//   const absl::string_view name = reader.CountedString("block name");
//   if (!reader.ok()) return reader.status();
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_READER_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace armstate {

// Big-endian number at `bytes[0..width)`, width 1 to 8.
uint64_t LoadBigEndian(absl::string_view bytes);
// Writes the low `width` bytes of `value`, big-endian.
void StoreBigEndian(uint64_t value, size_t width, char* bytes);

// Not thread-safe. The stream must outlive the reader.
class StreamReader {
 public:
  StreamReader(absl::string_view stream, size_t offset, absl::string_view section)
      : stream_(stream), offset_(offset), section_(section) {}

  bool ok() const { return status_.ok(); }
  const absl::Status& status() const { return status_; }
  size_t offset() const { return offset_; }
  bool at_end() const { return offset_ >= stream_.size(); }
  // The byte that is read next; -1 at the end of the stream.
  int Peek() const { return at_end() ? -1 : static_cast<uint8_t>(stream_[offset_]); }

  // `what` is named in the error if the stream ends first.
  uint8_t U8(absl::string_view what) { return static_cast<uint8_t>(Number(1, what)); }
  uint16_t U16(absl::string_view what) { return static_cast<uint16_t>(Number(2, what)); }
  uint32_t U32(absl::string_view what) { return static_cast<uint32_t>(Number(4, what)); }
  uint64_t U64(absl::string_view what) { return Number(8, what); }
  absl::string_view Bytes(size_t size, absl::string_view what);
  // A string with its length before it, in one byte.
  absl::string_view CountedString(absl::string_view what);

  // Makes the reader fail with an error at `offset`, unless it failed before. Answers the (first) error.
  const absl::Status& Fail(size_t offset, absl::string_view message);

 private:
  uint64_t Number(size_t width, absl::string_view what) { return LoadBigEndian(Bytes(width, what)); }

  absl::string_view stream_;
  size_t offset_;
  std::string section_;
  absl::Status status_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_READER_H_
