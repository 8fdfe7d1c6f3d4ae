#include "client/qemu/ram_section.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace armstate {
namespace {

// In the low bits of each page's address.
constexpr uint64_t kZero = 0x02;
constexpr uint64_t kBlockSizes = 0x04;
constexpr uint64_t kPage = 0x08;
constexpr uint64_t kEnd = 0x10;
constexpr uint64_t kContinue = 0x20;  // same block as the page before, so no name follows

void SkipBlockList(uint64_t total, bool ignore_shared, StreamReader& reader) {
  while (total > 0 && reader.ok()) {
    const size_t at = reader.offset();
    reader.CountedString("the name of a RAM block");
    const uint64_t size = reader.U64("the size of a RAM block");
    if (ignore_shared) reader.U64("the address of a RAM block");
    if (!reader.ok()) return;
    if (size == 0 || size > total) {
      reader.Fail(at, absl::StrCat("RAM block of ", size, " bytes where ", total, " are left"));
      return;
    }
    total -= size;
  }
}

}  // namespace

void SkipRam(const RamFormat& format, StreamReader& reader) {
  while (reader.ok()) {
    const size_t at = reader.offset();
    const uint64_t word = reader.U64("a RAM page's address");
    const uint64_t flags = word & (format.page_size - 1);
    const uint64_t address = word - flags;
    if (!reader.ok() || flags == kEnd) return;
    switch (flags & ~kContinue) {
      case kBlockSizes:
        SkipBlockList(address, format.ignore_shared, reader);
        continue;
      case kZero:
      case kPage:
        break;
      default:
        reader.Fail(at, absl::StrFormat("RAM record with flags 0x%x, which this parser does not know", flags));
        return;
    }
    if ((flags & kContinue) == 0) reader.CountedString("the name of a RAM block");
    reader.Bytes((flags & kPage) != 0 ? format.page_size : 1, "a RAM page");
  }
}

}  // namespace armstate
