#include "client/formats/qcow2_state_file.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/files/sparse_writer.h"
#include "client/files/unlinked_file.h"
#include "client/formats/packed_state_file.h"
#include "client/formats/patched_copy.h"

namespace armstate {
namespace {

absl::StatusOr<InputFile> CopyState(absl::string_view file, const std::vector<Qcow2Extent>& extents, uint64_t size) {
  absl::StatusOr<UniqueFd> fd = CreateUnlinkedFile();
  if (!fd.ok()) return fd.status();
  SparseWriter writer(fd->get());
  absl::Status status;
  for (const Qcow2Extent& extent : extents) {
    writer.AppendZeros(extent.offset - writer.size());
    status = writer.Append(file.substr(extent.file_offset, extent.size));
    if (!status.ok()) break;
  }
  if (status.ok()) writer.AppendZeros(size - writer.size());
  if (status.ok()) status = writer.Finish();
  if (!status.ok()) return absl::Status(status.code(), absl::StrCat("temporary file: ", status.message()));
  return InputFile::Of(*std::move(fd), "the snapshot's state");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Qcow2StateFile>> Qcow2StateFile::Open(InputFile file, absl::string_view snapshot) {
  const absl::StatusOr<Qcow2Image> image = Qcow2Image::Parse(file.bytes());
  if (!image.ok()) return image.status();
  const absl::StatusOr<Qcow2Snapshot> found = image->FindSnapshot(snapshot);
  if (!found.ok()) return found.status();
  if (found->state_size > kMaxUnpackedBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the snapshot's VM state has ", found->state_size, " bytes; the limit is ", kMaxUnpackedBytes));
  }
  absl::StatusOr<std::vector<Qcow2Extent>> extents = image->StateExtents(*found);
  if (!extents.ok()) return extents.status();
  absl::StatusOr<InputFile> state = CopyState(file.bytes(), *extents, found->state_size);
  if (!state.ok()) return state.status();
  return std::unique_ptr<Qcow2StateFile>(
      new Qcow2StateFile(absl::StrCat("internal snapshot ", found->name, " of a qcow2 image"), std::move(file),
                         *std::move(extents), *std::move(state)));
}

absl::Status Qcow2StateFile::Write(absl::Span<const StreamPatch> patches, OutputFile& out) const {
  std::vector<StreamPatch> in_file;
  for (const StreamPatch& patch : patches) {
    if (patch.bytes.size() != patch.size) {
      return absl::FailedPreconditionError(
          "a cpu section would change its length, for which a snapshot in a qcow2 image has no room; restore into a "
          "stream instead: `loadvm` it with the guest stopped (-S), migrate to a file, name that as the target, and "
          "start QEMU with -incoming");
    }
    // The changed bytes, by the clusters that hold them.
    uint64_t at = patch.offset;
    const uint64_t end = patch.offset + patch.size;
    while (at < end) {
      const auto extent = std::upper_bound(extents_.begin(), extents_.end(), at,
                                           [](uint64_t offset, const Qcow2Extent& e) { return offset < e.offset; });
      const uint64_t next = extent == extents_.end() ? end : std::min(end, extent->offset);
      const Qcow2Extent* holder = extent == extents_.begin() ? nullptr : &*(extent - 1);
      const bool held = holder != nullptr && at < holder->offset + holder->size;
      const uint64_t stop = held ? std::min(next, holder->offset + holder->size) : next;
      const absl::string_view bytes = absl::string_view(patch.bytes).substr(at - patch.offset, stop - at);
      if (held) {
        const uint64_t file_offset = holder->file_offset + (at - holder->offset);
        in_file.push_back({file_offset, bytes.size(), std::string(bytes)});
      } else if (bytes != stream().substr(at, bytes.size())) {
        return absl::FailedPreconditionError(absl::StrCat("the qcow2 image has no cluster for offset ", at,
                                                          " of the VM's state, where only zeros were; restore into a "
                                                          "stream instead"));
      }
      at = stop;
    }
  }
  std::sort(in_file.begin(), in_file.end(),
            [](const StreamPatch& a, const StreamPatch& b) { return a.offset < b.offset; });
  AppendPatched(file_, 0, in_file, out);
  return absl::OkStatus();
}

}  // namespace armstate
