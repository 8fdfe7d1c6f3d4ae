#include "client/formats/packed_state_file.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/files/sparse_writer.h"
#include "client/files/unlinked_file.h"
#include "client/formats/file_kind.h"

namespace armstate {
namespace {

// Accepts unpacked data for as long as it can be a migration stream.
class StreamSink {
 public:
  explicit StreamSink(int fd) : writer_(fd) {}

  absl::Status Append(absl::string_view bytes) {
    if (head_.size() < kStreamBeginning.size()) {
      absl::StrAppend(&head_, bytes.substr(0, kStreamBeginning.size() - head_.size()));
      if (head_ != kStreamBeginning.substr(0, head_.size())) return NoStream();
    }
    if (bytes.size() > kMaxUnpackedBytes - writer_.size()) {
      return absl::ResourceExhaustedError(
          absl::StrCat("more than ", kMaxUnpackedBytes >> 30, " GiB are packed in it, which is the limit"));
    }
    const absl::Status written = writer_.Append(bytes);
    if (written.ok()) return written;
    return absl::Status(written.code(), absl::StrCat("unpacking into a temporary file: ", written.message(),
                                                     "; another folder can be named in TMPDIR"));
  }

  absl::Status Finish() { return head_.size() < kStreamBeginning.size() ? NoStream() : writer_.Finish(); }

 private:
  absl::Status NoStream() const {
    return absl::InvalidArgumentError(absl::StrCat(
        "what is packed in it is no QEMU migration stream (it does not begin with QEVM, version 3); unpack "
        "it, and name what comes out"));
  }

  SparseWriter writer_;
  std::string head_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<PackedStateFile>> PackedStateFile::Open(std::string form, InputFile file,
                                                                       uint64_t prefix, Codec codec) {
  absl::StatusOr<UniqueFd> fd = CreateUnlinkedFile();
  if (!fd.ok()) return fd.status();
  StreamSink sink(fd->get());
  absl::Status status =
      Unpack(codec, file.bytes().substr(prefix), [&](absl::string_view bytes) { return sink.Append(bytes); });
  if (status.ok()) status = sink.Finish();
  if (!status.ok()) return status;
  absl::StatusOr<InputFile> unpacked = InputFile::Of(*std::move(fd), "the unpacked stream");
  if (!unpacked.ok()) return unpacked.status();
  return std::unique_ptr<PackedStateFile>(
      new PackedStateFile(std::move(form), std::move(file), prefix, codec, *std::move(unpacked)));
}

absl::Status PackedStateFile::Write(absl::Span<const StreamPatch> patches, OutputFile& out) const {
  const absl::Status writable = CheckWritable();
  if (!writable.ok()) return writable;
  std::vector<absl::string_view> pieces;
  size_t copied = 0;
  for (const StreamPatch& patch : patches) {
    pieces.push_back(stream().substr(copied, patch.offset - copied));
    pieces.push_back(patch.bytes);
    copied = patch.offset + patch.size;
  }
  pieces.push_back(stream().substr(copied));
  out.AppendFrom(file_, 0, prefix_);
  return Pack(codec_, pieces, [&](absl::string_view bytes) {
    out.Append(bytes);
    return absl::OkStatus();
  });
}

}  // namespace armstate
