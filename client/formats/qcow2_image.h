// `Qcow2Image` reads a qcow2 image as far as an internal snapshot's VM state needs: it finds where in the file that
// is.
//
// The state is read like a guest's disk, through the snapshot's own tables: a level 1 table of places of level 2
// tables, which have the places of clusters. It begins behind the end of the disk. docs/formats.md has the layout.
#ifndef ARMSTATE_CLIENT_FORMATS_QCOW2_IMAGE_H_
#define ARMSTATE_CLIENT_FORMATS_QCOW2_IMAGE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

struct Qcow2Snapshot {
  std::string id;
  std::string name;
  uint64_t state_size = 0;  // 0: of the disk alone
  uint64_t disk_size = 0;
  uint64_t l1_offset = 0;
  uint32_t l1_size = 0;
  // The offset of the state's size in the file, in 4 bytes and, from QEMU 0.15 on, in 8; 0: it is not there.
  uint64_t size_at = 0;
  uint64_t large_size_at = 0;
};

// Bytes of the state that stand together in the file. What no extent has is zeros.
struct Qcow2Extent {
  uint64_t offset;  // in the state
  uint64_t file_offset;
  uint64_t size;
};

class Qcow2Image {
 public:
  // INVALID_ARGUMENT for what is no image of version 2 or 3, is damaged, encrypted, or has its clusters in another
  // file. The bytes must outlive the image.
  static absl::StatusOr<Qcow2Image> Parse(absl::string_view file);

  const std::vector<Qcow2Snapshot>& snapshots() const { return snapshots_; }

  // The snapshot with VM state of this name or ID; the only one if `wanted` is empty. NOT_FOUND or INVALID_ARGUMENT
  // with a list of those that there are.
  absl::StatusOr<Qcow2Snapshot> FindSnapshot(absl::string_view wanted) const;

  // By ascending offset, and apart from each other in the file, too. INVALID_ARGUMENT if a table or a cluster is not
  // where one can be, is used twice, or is compressed.
  absl::StatusOr<std::vector<Qcow2Extent>> StateExtents(const Qcow2Snapshot& snapshot) const;

  // The maximum size of the state without another cluster; `extents` are its own.
  uint64_t StateRoom(const Qcow2Snapshot& snapshot, const std::vector<Qcow2Extent>& extents) const;

 private:
  explicit Qcow2Image(absl::string_view file) : file_(file) {}

  absl::Status ReadHeader();
  absl::Status ReadSnapshots(uint32_t count, uint64_t offset);

  absl::string_view file_;
  unsigned cluster_bits_ = 0;
  uint64_t disk_size_ = 0;
  // Extended L2: each cluster has 32 parts of their own, else 1.
  unsigned parts_ = 1;
  std::vector<Qcow2Snapshot> snapshots_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FORMATS_QCOW2_IMAGE_H_
