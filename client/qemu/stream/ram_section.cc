#include "client/qemu/stream/ram_section.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace armstate {
namespace {

// Flags in the low bits of each page's address.
constexpr uint64_t kZero = 0x02;
constexpr uint64_t kBlockSizes = 0x04;
constexpr uint64_t kPage = 0x08;
constexpr uint64_t kEnd = 0x10;
constexpr uint64_t kContinue = 0x20;       // same block as the previous page, so no name follows
constexpr uint64_t kXbzrle = 0x40;         // a difference to what was sent of the page earlier
constexpr uint64_t kCompressed = 0x100;    // with zlib; QEMU up to 9.0
constexpr uint64_t kMultifdFlush = 0x200;  // a marker: all channels synchronize
constexpr uint64_t kMaxFileOffset = uint64_t{1} << 62;
constexpr uint32_t kMappedRamVersion = 1;

// Moves the reader over the header, the bitmap and the pages of a block of `size` bytes with mapped-ram. The bitmap
// directly follows its header, so its offset in the file shows where the stream begins in it; all headers must agree.
void SkipMappedBlock(const RamFormat& format, uint64_t size, StreamReader& reader, RamFacts& facts) {
  const size_t at = reader.offset();
  const uint32_t version = reader.U32("the header of a RAM block");
  const uint64_t page_size = reader.U64("the header of a RAM block");
  const uint64_t bitmap_offset = reader.U64("the header of a RAM block");
  const uint64_t pages_offset = reader.U64("the header of a RAM block");
  if (!reader.ok()) return;
  if (version != kMappedRamVersion) {
    reader.Fail(at, absl::StrCat("the header of a RAM block has version ", version, "; only 1 is known"));
    return;
  }
  if (page_size != format.page_size) {
    reader.Fail(at + 4,
                absl::StrCat("a RAM block with pages of ", page_size, " bytes; the target's have ", format.page_size));
    return;
  }
  // A shared block, whose pages stay where they are.
  if (format.ignore_shared && bitmap_offset == 0 && pages_offset == 0) return;
  if (bitmap_offset < reader.offset() || bitmap_offset > kMaxFileOffset) {
    reader.Fail(at + 12, absl::StrCat("the bitmap of a RAM block is at offset ", bitmap_offset,
                                      " of the file, before its header or beyond any file"));
    return;
  }
  const uint64_t file_offset = bitmap_offset - reader.offset();
  if (!facts.file_offset) facts.file_offset = file_offset;
  if (file_offset != *facts.file_offset) {
    reader.Fail(at + 12, absl::StrCat("the bitmap of a RAM block is at offset ", bitmap_offset,
                                      " of the file; behind its header is ", *facts.file_offset + reader.offset()));
    return;
  }
  const uint64_t pages = size / page_size + (size % page_size != 0);
  reader.Bytes((pages / 64 + (pages % 64 != 0)) * 8, "the bitmap of a RAM block");
  if (!reader.ok()) return;
  const uint64_t bitmap_end = file_offset + reader.offset();
  if (pages_offset < bitmap_end || pages_offset % page_size != 0) {
    reader.Fail(at + 20,
                absl::StrCat("the pages of a RAM block are at offset ", pages_offset,
                             " of the file, which is not a page behind their bitmap, which ends at ", bitmap_end));
    return;
  }
  reader.Bytes(pages_offset - bitmap_end, "the gap before the pages of a RAM block");
  reader.Bytes(size, "the pages of a RAM block");
}

void SkipBlockList(uint64_t total, const RamFormat& format, StreamReader& reader, RamFacts& facts) {
  while (total > 0 && reader.ok()) {
    const size_t at = reader.offset();
    reader.CountedString("the name of a RAM block");
    const uint64_t size = reader.U64("the size of a RAM block");
    if (format.ignore_shared) reader.U64("the address of a RAM block");
    if (!reader.ok()) return;
    if (size == 0 || size > total) {
      reader.Fail(at, absl::StrCat("RAM block of ", size, " bytes where ", total, " are left"));
      return;
    }
    if (format.mapped_ram) SkipMappedBlock(format, size, reader, facts);
    total -= size;
  }
}

// Moves the reader over the part of a page's record behind the address and the block's name. False for an unknown
// record.
bool SkipPage(uint64_t kind, uint64_t page_size, StreamReader& reader) {
  switch (kind) {
    case kZero:
      reader.U8("a RAM page of zeros");
      return true;
    case kPage:
      reader.Bytes(page_size, "a RAM page");
      return true;
    case kXbzrle:
      reader.U8("a RAM page's difference");
      reader.Bytes(reader.U16("a RAM page's difference"), "a RAM page's difference");
      return true;
    case kCompressed:
      reader.Bytes(reader.U32("a compressed RAM page"), "a compressed RAM page");
      return true;
    default:
      return false;
  }
}

}  // namespace

void SkipRam(const RamFormat& format, StreamReader& reader, RamFacts& facts) {
  while (reader.ok()) {
    const size_t at = reader.offset();
    const uint64_t word = reader.U64("a RAM page's address");
    const uint64_t flags = word & (format.page_size - 1);
    const uint64_t address = word - flags;
    if (!reader.ok() || flags == kEnd) return;
    const uint64_t kind = flags & ~kContinue;
    if (kind == kBlockSizes) {
      SkipBlockList(address, format, reader, facts);
      continue;
    }
    if (kind == kMultifdFlush) {
      facts.pages_elsewhere = true;
      continue;
    }
    if (format.mapped_ram) {
      reader.Fail(at, absl::StrFormat("RAM record with flags 0x%x, although the pages are mapped", flags));
      return;
    }
    const bool is_page = kind == kZero || kind == kPage || kind == kXbzrle || kind == kCompressed;
    if (is_page && (flags & kContinue) == 0) reader.CountedString("the name of a RAM block");
    if (!SkipPage(kind, format.page_size, reader)) {
      reader.Fail(at, absl::StrFormat("RAM record with flags 0x%x, which this parser does not know", flags));
      return;
    }
  }
}

}  // namespace armstate
