#include "client/qemu/stream/ram_walk.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/qemu/stream/error.h"
#include "client/qemu/stream/format.h"
#include "client/qemu/stream/printable.h"
#include "client/qemu/stream/section_header.h"

namespace armstate {
namespace {

// A command that carries a whole stream of its own (postcopy).
constexpr uint16_t kCommandPackaged = 7;
// Page sizes of ARM targets, for streams that do not name theirs.
constexpr uint64_t kPageSizes[] = {4096, 1024, 16384, 65536};

// The error for a section in parts that is not RAM: the ends of its parts are not known.
std::string SentInParts(const StreamSection& section) {
  const std::string what = absl::StrCat("section ", Printable(section.name), " version ", section.version,
                                        " is sent in parts, and only ram version 4 is known");
  if (section.name == "dirty-bitmap") return what + "; save the guest without the capability dirty-bitmaps";
  if (section.name == "block") return what + "; save the guest without its disks (`migrate` without -b)";
  if (section.name == "vfio" || absl::EndsWith(section.name, "/vfio")) {
    return what + "; unplug the guest's VFIO devices before it is saved";
  }
  return what;
}

}  // namespace

void RamWalk::Walk(StreamReader& reader) {
  while (reader.ok() && reader.Peek() != kSectionFull && reader.Peek() != kEndOfStream) {
    const size_t at = reader.offset();
    const uint8_t type = reader.U8("the next part of the stream");
    if (!reader.ok()) return;
    switch (type) {
      case kSectionStart:
        StartSection(at, reader);
        break;
      case kSectionPart:
      case kSectionEnd: {
        const uint32_t id = reader.U32("a section's id");
        if (!reader.ok()) return;
        if (id != ram_id_) {
          reader.Fail(at, absl::StrCat("a part of section ", id, ", which did not start"));
          return;
        }
        SkipRam(format_, reader, facts_);
        break;
      }
      case kCommand:
        ReadCommand(at, reader);
        continue;
      default:
        reader.Fail(at, absl::StrCat("unknown section type ", type));
    }
    if (reader.ok() && has_footers_.value_or(false)) ReadFooter(*ram_id_, "ram", reader);
  }
}

void RamWalk::StartSection(size_t at, StreamReader& reader) {
  const StreamSection section = ReadSectionHeader(at, reader);
  if (!reader.ok()) return;
  if (section.name != "ram" || section.version != 4) {
    reader.Fail(at, SentInParts(section));
    return;
  }
  ram_id_ = section.id;
  SkipRam(format_, reader, facts_);
  if (reader.ok() && !has_footers_) has_footers_ = reader.Peek() == kSectionFooter;
}

void RamWalk::ReadCommand(size_t at, StreamReader& reader) {
  const uint16_t command = reader.U16("a command");
  const uint16_t length = reader.U16("a command's length");
  reader.Bytes(length, "a command");
  if (command == kCommandPackaged) {
    reader.Fail(at,
                "a packaged stream, as postcopy sends it: its device state is for a QEMU that waits for pages at the "
                "other end; stop the guest and save it without postcopy");
  }
  if (command == kCommandSwitchover && length == 0 && !switchover_) switchover_ = at;
}

absl::Status RamWalk::WalkWithUnknownPages(StreamReader& reader) {
  const StreamReader start = reader;
  const RamWalk before = *this;
  absl::optional<StreamReader> found;
  for (const uint64_t page_size : kPageSizes) {
    StreamReader attempt = start;
    RamWalk walk = before;
    walk.format_.page_size = page_size;
    walk.Walk(attempt);
    if (!attempt.ok()) {
      if (reader.ok()) reader = attempt;  // the error of the first, if none succeeds
      continue;
    }
    if (found && found->offset() != attempt.offset()) {
      return StreamError(start.offset(), "ram",
                         "more than one page size leads to the end of RAM, and the stream does not tell it");
    }
    found = attempt;
    *this = walk;
  }
  if (found) reader = *found;
  return reader.status();
}

}  // namespace armstate
