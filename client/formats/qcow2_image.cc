#include "client/formats/qcow2_image.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/qemu/stream/printable.h"
#include "client/qemu/stream/reader.h"

namespace armstate {
namespace {

constexpr uint64_t kIncompatibleDataFile = 1 << 2;
constexpr uint64_t kIncompatibleExtendedL2 = 1 << 4;
// The others are: dirty and corrupt, which concern the reference counts, and compression type.
constexpr uint64_t kIncompatibleKnown = 0x1f;
constexpr uint64_t kOffsetMask = 0x00fffffffffffe00;  // of a table entry
constexpr uint64_t kCompressed = uint64_t{1} << 62;
constexpr uint64_t kZero = 1;
constexpr uint32_t kMaxExtraSize = 1024;   // as QEMU
constexpr uint32_t kMaxSnapshots = 65536;  // as QEMU
constexpr size_t kMaxListed = 16;

absl::Status Malformed(uint64_t offset, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat("qcow2 image, offset ", offset, ": ", message));
}

// Finds the extents of one snapshot's state.
class StateWalk {
 public:
  StateWalk(absl::string_view file, unsigned cluster_bits, unsigned parts, uint64_t size)
      : file_(file), cluster_size_(uint64_t{1} << cluster_bits), parts_(parts), size_(size) {}

  uint64_t entry_size() const { return parts_ == 1 ? 8 : 16; }
  // Bytes of the state that one level 2 table maps.
  uint64_t table_span() const { return cluster_size_ / entry_size() * cluster_size_; }

  // Reads the level 2 table of the level 1 entry at `entry_at`, which maps the state from `offset` on.
  absl::Status ReadTable(uint64_t entry_at, uint64_t offset) {
    const uint64_t table = Number(entry_at) & kOffsetMask;
    if (table == 0) return absl::OkStatus();
    const absl::Status status = Take(entry_at, table, cluster_size_);
    if (!status.ok()) return status;
    for (uint64_t at = table; at < table + cluster_size_ && offset < size_; at += entry_size()) {
      const absl::Status cluster = ReadCluster(at, offset);
      if (!cluster.ok()) return cluster;
      offset += cluster_size_;
    }
    return absl::OkStatus();
  }

  std::vector<Qcow2Extent> TakeExtents() { return std::move(extents_); }

 private:
  uint64_t Number(uint64_t at) const { return LoadBigEndian(file_.substr(at, 8)); }

  absl::Status ReadCluster(uint64_t entry_at, uint64_t offset) {
    const uint64_t entry = Number(entry_at);
    if ((entry & kCompressed) != 0) {
      return Malformed(entry_at, "a cluster of the VM's state is compressed, which QEMU does not do");
    }
    const uint64_t cluster = entry & kOffsetMask;
    if (cluster == 0 || (parts_ == 1 && (entry & kZero) != 0)) return absl::OkStatus();
    const uint64_t needed = std::min(cluster_size_, size_ - offset);
    const absl::Status status = Take(entry_at, cluster, needed);
    if (!status.ok()) return status;
    if (parts_ == 1) {
      Add(offset, cluster, needed);
      return absl::OkStatus();
    }
    const uint64_t allocated = Number(entry_at + 8);  // the low half: a bit for each part
    const uint64_t part_size = cluster_size_ / parts_;
    for (unsigned part = 0; part < parts_ && part * part_size < needed; ++part) {
      if ((allocated >> part & 1) == 0) continue;
      Add(offset + part * part_size, cluster + part * part_size, std::min(part_size, needed - part * part_size));
    }
    return absl::OkStatus();
  }

  // Checks that a cluster lies inside the file, aligned, and is used only once.
  absl::Status Take(uint64_t entry_at, uint64_t cluster, uint64_t needed) {
    if (cluster % cluster_size_ != 0) return Malformed(entry_at, absl::StrCat("no cluster begins at ", cluster));
    if (cluster > file_.size() || needed > file_.size() - cluster) {
      return Malformed(entry_at, absl::StrCat("the cluster at ", cluster, " is behind the end of the file"));
    }
    if (!used_.insert(cluster).second) {
      return Malformed(entry_at, absl::StrCat("the cluster at ", cluster, " is used twice"));
    }
    return absl::OkStatus();
  }

  void Add(uint64_t offset, uint64_t file_offset, uint64_t size) {
    if (!extents_.empty()) {
      Qcow2Extent& last = extents_.back();
      if (last.offset + last.size == offset && last.file_offset + last.size == file_offset) {
        last.size += size;
        return;
      }
    }
    extents_.push_back({offset, file_offset, size});
  }

  absl::string_view file_;
  uint64_t cluster_size_;
  unsigned parts_;
  uint64_t size_;
  std::unordered_set<uint64_t> used_;
  std::vector<Qcow2Extent> extents_;
};

}  // namespace

absl::StatusOr<Qcow2Image> Qcow2Image::Parse(absl::string_view file) {
  Qcow2Image image(file);
  const absl::Status status = image.ReadHeader();
  if (!status.ok()) return status;
  return image;
}

absl::Status Qcow2Image::ReadHeader() {
  constexpr size_t kHeaderSize = 72;   // of version 2
  constexpr size_t kHeaderSize3 = 80;  // of version 3, as far as it is needed here
  const auto u32 = [this](size_t at) { return static_cast<uint32_t>(LoadBigEndian(file_.substr(at, 4))); };
  const auto u64 = [this](size_t at) { return LoadBigEndian(file_.substr(at, 8)); };
  if (file_.size() < kHeaderSize) return Malformed(file_.size(), "the file ends in the header");
  const uint32_t version = u32(4);
  if (version != 2 && version != 3) {
    return Malformed(4, absl::StrCat("version ", version, " of the format; only 2 and 3 are known"));
  }
  cluster_bits_ = u32(20);
  if (cluster_bits_ < 9 || cluster_bits_ > 21) {
    return Malformed(20, absl::StrCat("clusters of 2^", cluster_bits_, " bytes; QEMU has 2^9 to 2^21"));
  }
  disk_size_ = u64(24);
  if (u32(32) != 0) {
    return Malformed(32,
                     "the image is encrypted; `qemu-img convert` drops snapshots, so load the snapshot and save the "
                     "guest by a migration to a file");
  }
  if (version == 3) {
    if (file_.size() < kHeaderSize3) return Malformed(file_.size(), "the file ends in the header");
    const uint64_t incompatible = u64(72);
    if ((incompatible & kIncompatibleDataFile) != 0) return Malformed(72, "the image's data is in another file");
    if ((incompatible & ~kIncompatibleKnown) != 0) return Malformed(72, "the image has features that are not known");
    if ((incompatible & kIncompatibleExtendedL2) != 0) parts_ = 32;
  }
  return ReadSnapshots(u32(60), u64(64));
}

absl::Status Qcow2Image::ReadSnapshots(uint32_t count, uint64_t offset) {
  if (count > kMaxSnapshots) return Malformed(60, absl::StrCat(count, " snapshots; QEMU has at most ", kMaxSnapshots));
  if (offset > file_.size()) return Malformed(64, "the table of snapshots is behind the end of the file");
  StreamReader reader(file_, offset, "");
  for (uint32_t i = 0; i < count; ++i) {
    Qcow2Snapshot snapshot;
    const uint64_t at = reader.offset();
    snapshot.l1_offset = reader.U64("a snapshot");
    snapshot.l1_size = reader.U32("a snapshot");
    const uint16_t id_size = reader.U16("a snapshot");
    const uint16_t name_size = reader.U16("a snapshot");
    reader.Bytes(16, "a snapshot");  // times
    snapshot.size_at = reader.offset();
    snapshot.state_size = reader.U32("a snapshot");
    const uint32_t extra_size = reader.U32("a snapshot");
    if (!reader.ok() || extra_size > kMaxExtraSize) return Malformed(at, "a snapshot's entry is damaged");
    if (extra_size >= 8) snapshot.large_size_at = reader.offset();
    const absl::string_view extra = reader.Bytes(extra_size, "a snapshot");
    if (extra.size() >= 8) snapshot.state_size = LoadBigEndian(extra.substr(0, 8));
    snapshot.disk_size = extra.size() >= 16 ? LoadBigEndian(extra.substr(8, 8)) : disk_size_;
    snapshot.id = Printable(reader.Bytes(id_size, "a snapshot's ID"));
    snapshot.name = Printable(reader.Bytes(name_size, "a snapshot's name"));
    if (!reader.ok()) return Malformed(at, "a snapshot's entry is cut off");
    snapshots_.push_back(std::move(snapshot));
    if (i + 1 < count) reader.Bytes((8 - (reader.offset() - offset) % 8) % 8, "a snapshot");
  }
  return absl::OkStatus();
}

absl::StatusOr<Qcow2Snapshot> Qcow2Image::FindSnapshot(absl::string_view wanted) const {
  std::vector<const Qcow2Snapshot*> found;
  std::vector<std::string> names;
  size_t with_state = 0;
  for (const Qcow2Snapshot& snapshot : snapshots_) {
    if (snapshot.state_size == 0) continue;
    ++with_state;
    if (names.size() < kMaxListed) names.push_back(absl::StrCat(snapshot.name, " (ID ", snapshot.id, ")"));
    if (wanted.empty() || wanted == snapshot.name || wanted == snapshot.id) found.push_back(&snapshot);
  }
  if (with_state == 0) {
    return absl::NotFoundError(
        snapshots_.empty() ? "the qcow2 image has no internal snapshot; `savevm NAME` in QEMU's monitor makes one"
                           : "the qcow2 image's internal snapshots are of the disk alone, without a VM's state");
  }
  if (with_state > names.size()) names.push_back("...");
  const std::string list = absl::StrJoin(names, ", ");
  if (found.size() == 1) return *found.front();
  if (found.empty()) {
    return absl::NotFoundError(
        absl::StrCat("the qcow2 image has no internal snapshot ", wanted, " with a VM's state; it has ", list));
  }
  return absl::InvalidArgumentError(
      wanted.empty() ? absl::StrCat("the qcow2 image has ", with_state,
                                    " internal snapshots with a VM's state; name one with --snapshot: ", list)
                     : absl::StrCat("more than one internal snapshot is called ", wanted, "; give an ID: ", list));
}

absl::StatusOr<std::vector<Qcow2Extent>> Qcow2Image::StateExtents(const Qcow2Snapshot& snapshot) const {
  StateWalk walk(file_, cluster_bits_, parts_, snapshot.state_size);
  const uint64_t l1_bytes = uint64_t{snapshot.l1_size} * 8;
  if (snapshot.l1_offset > file_.size() || l1_bytes > file_.size() - snapshot.l1_offset) {
    return Malformed(snapshot.l1_offset, "the snapshot's level 1 table is behind the end of the file");
  }
  const uint64_t span = walk.table_span();
  // The state begins at the first table behind the disk's.
  const uint64_t first = snapshot.disk_size / span + (snapshot.disk_size % span != 0);
  const uint64_t tables = snapshot.state_size / span + (snapshot.state_size % span != 0);
  if (first > snapshot.l1_size || tables > snapshot.l1_size - first) {
    return Malformed(snapshot.l1_offset, "the snapshot's level 1 table is too short for its VM state");
  }
  for (uint64_t i = 0; i < tables; ++i) {
    const absl::Status status = walk.ReadTable(snapshot.l1_offset + (first + i) * 8, i * span);
    if (!status.ok()) return status;
  }
  return walk.TakeExtents();
}

uint64_t Qcow2Image::StateRoom(const Qcow2Snapshot& snapshot, const std::vector<Qcow2Extent>& extents) const {
  const uint64_t size = snapshot.state_size;
  if (extents.empty() || extents.back().offset + extents.back().size != size) return size;
  const uint64_t part_size = (uint64_t{1} << cluster_bits_) / parts_;
  return size % part_size == 0 ? size : size + part_size - size % part_size;
}

}  // namespace armstate
