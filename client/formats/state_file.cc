#include "client/formats/state_file.h"

#include "absl/strings/str_cat.h"
#include "client/qemu/stream/configuration.h"
#include "client/qemu/stream/format.h"
#include "client/qemu/stream/migration_stream.h"
#include "client/qemu/stream/reader.h"

namespace armstate {
namespace {

// Only the beginning of the stream is read.
bool IsMappedRam(absl::string_view stream) {
  constexpr size_t kHeaderSize = 8;
  StreamReader reader(stream, kHeaderSize, "");
  return reader.Peek() == kConfiguration && ReadConfiguration(nullptr, reader).Has("mapped-ram");
}

}  // namespace

void StateFile::CheckMappedRam() {
  if (!IsMappedRam(stream())) return;
  // Fast, since it does not examine pages. The code that reads the stream reports its errors.
  const absl::StatusOr<MigrationStream> parsed = ParseMigrationStream(stream());
  if (!parsed.ok() || !parsed->file_offset || *parsed->file_offset == stream_offset()) return;
  other_offset_ = parsed->file_offset;
  notes_.push_back(std::string(CheckWritable().message()));
}

absl::Status StateFile::CheckWritable() const {
  if (!other_offset_) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the stream is mapped-ram of a file in which it begins at offset ",
                                                    *other_offset_, ", not at ", stream_offset(),
                                                    ": QEMU cannot load it from here; put back what was before it"));
}

}  // namespace armstate
