#include "client/formats/qcow2_state_file.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/files/sparse_writer.h"
#include "client/files/unlinked_file.h"
#include "client/formats/packed_state_file.h"
#include "client/formats/patched_copy.h"
#include "client/qemu/stream/reader.h"

namespace armstate {
namespace {

absl::StatusOr<InputFile> CopyState(absl::string_view file, const std::vector<Qcow2Extent>& extents, uint64_t size) {
  absl::StatusOr<UniqueFd> fd = CreateUnlinkedFile();
  if (!fd.ok()) return fd.status();
  SparseWriter writer(fd->get());
  absl::Status status;
  for (const Qcow2Extent& extent : extents) {
    status = writer.AppendZeros(extent.offset - writer.size());
    if (status.ok()) status = writer.Append(file.substr(extent.file_offset, extent.size));
    if (!status.ok()) break;
  }
  if (status.ok()) status = writer.AppendZeros(size - writer.size());
  if (status.ok()) status = writer.Finish();
  if (!status.ok()) return absl::Status(status.code(), absl::StrCat("temporary file: ", status.message()));
  return InputFile::Of(*std::move(fd), "the snapshot's state");
}

// Returns the patched stream, from the first patch on.
std::string Patched(absl::string_view stream, absl::Span<const StreamPatch> patches) {
  std::string patched;
  uint64_t at = patches[0].offset;
  for (const StreamPatch& patch : patches) {
    absl::StrAppend(&patched, stream.substr(at, patch.offset - at), patch.bytes);
    at = patch.offset + patch.size;
  }
  absl::StrAppend(&patched, stream.substr(at));
  return patched;
}

constexpr absl::string_view kInstead =
    "; put it into a stream instead: `loadvm` the snapshot with the guest stopped (-S), migrate to a file, name that, "
    "and "
    "start QEMU with -incoming";

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
  const uint64_t room = image->StateRoom(*found, *extents);
  if (!extents->empty()) extents->back().size += room - found->state_size;
  return std::unique_ptr<Qcow2StateFile>(
      new Qcow2StateFile(absl::StrCat("internal snapshot ", found->name, " of a qcow2 image"), std::move(file), *found,
                         *std::move(extents), room, *std::move(state)));
}

absl::Status Qcow2StateFile::Write(absl::Span<const StreamPatch> patches, OutputFile& out) const {
  std::vector<StreamPatch> in_file;
  absl::Status status;
  const auto moves = std::find_if(patches.begin(), patches.end(),
                                  [](const StreamPatch& patch) { return patch.bytes.size() != patch.size; });
  for (auto patch = patches.begin(); patch != moves && status.ok(); ++patch) {
    status = Place(patch->offset, patch->bytes, in_file);
  }
  if (moves != patches.end() && status.ok()) {
    const std::string tail = Patched(stream(), patches.subspan(moves - patches.begin()));
    const uint64_t size = moves->offset + tail.size();
    if (size > room_) {
      return absl::FailedPreconditionError(
          absl::StrCat("the state would be ", size,
                       " bytes long, and the clusters of a snapshot in the qcow2 image have "
                       "room for ",
                       room_, kInstead));
    }
    // The rest of the old state is overwritten with zeros.
    const std::string rest(stream().size() > size ? stream().size() - size : 0, '\0');
    status = Place(moves->offset, tail + rest, in_file);
    PlaceSize(size, in_file);
  }
  if (!status.ok()) return status;
  std::sort(in_file.begin(), in_file.end(),
            [](const StreamPatch& a, const StreamPatch& b) { return a.offset < b.offset; });
  for (size_t i = 1; i < in_file.size(); ++i) {
    if (in_file[i - 1].offset + in_file[i - 1].size > in_file[i].offset) {
      return absl::InvalidArgumentError(absl::StrCat("qcow2 image, offset ", in_file[i].offset,
                                                     ": the table of snapshots is inside a snapshot's state"));
    }
  }
  AppendPatched(file_, 0, in_file, out);
  return absl::OkStatus();
}

absl::Status Qcow2StateFile::Place(uint64_t offset, absl::string_view bytes, std::vector<StreamPatch>& in_file) const {
  // Patches are written cluster by cluster.
  while (!bytes.empty()) {
    const auto behind = std::upper_bound(extents_.begin(), extents_.end(), offset,
                                         [](uint64_t at, const Qcow2Extent& e) { return at < e.offset; });
    const Qcow2Extent* const holder = behind == extents_.begin() ? nullptr : &*(behind - 1);
    const bool held = holder != nullptr && offset < holder->offset + holder->size;
    const uint64_t end = held ? holder->offset + holder->size : behind == extents_.end() ? room_ : behind->offset;
    const absl::string_view part = bytes.substr(0, end - offset);
    if (held) {
      const uint64_t at = holder->file_offset + (offset - holder->offset);
      // The file may end in its last cluster.
      in_file.push_back({at, std::min<size_t>(part.size(), file_.bytes().size() - std::min(at, file_.bytes().size())),
                         std::string(part)});
    } else if (offset + part.size() > stream().size() || part != stream().substr(offset, part.size())) {
      return absl::FailedPreconditionError(absl::StrCat("the qcow2 image has no cluster for offset ", offset,
                                                        " of the VM's state, where only zeros were", kInstead));
    }
    bytes.remove_prefix(part.size());
    offset += part.size();
  }
  return absl::OkStatus();
}

void Qcow2StateFile::PlaceSize(uint64_t size, std::vector<StreamPatch>& in_file) const {
  const auto place = [&](uint64_t at, size_t width) {
    std::string bytes(width, '\0');
    StoreBigEndian(size, width, &bytes[0]);
    in_file.push_back({at, width, bytes});
  };
  place(snapshot_.size_at, 4);
  if (snapshot_.large_size_at != 0) place(snapshot_.large_size_at, 8);
}

}  // namespace armstate
