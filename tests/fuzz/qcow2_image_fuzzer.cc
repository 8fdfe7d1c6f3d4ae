// libFuzzer: any bytes as a qcow2 image. What is found must be inside the file, in order, and there once.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "client/formats/qcow2_image.h"

namespace {

void Check(bool holds) {
  if (!holds) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::StatusOr<armstate::Qcow2Image> image =
      armstate::Qcow2Image::Parse(absl::string_view(reinterpret_cast<const char*>(data), size));
  if (!image.ok()) return 0;
  for (const armstate::Qcow2Snapshot& snapshot : image->snapshots()) {
    const absl::StatusOr<std::vector<armstate::Qcow2Extent>> extents = image->StateExtents(snapshot);
    if (!extents.ok()) continue;
    std::vector<std::pair<uint64_t, uint64_t>> in_file;
    uint64_t end = 0;
    for (const armstate::Qcow2Extent& extent : *extents) {
      Check(extent.size > 0 && extent.offset >= end);
      end = extent.offset + extent.size;
      Check(end <= snapshot.state_size);
      Check(extent.file_offset <= size && extent.size <= size - extent.file_offset);
      in_file.emplace_back(extent.file_offset, extent.size);
    }
    std::sort(in_file.begin(), in_file.end());
    for (size_t i = 1; i < in_file.size(); ++i) Check(in_file[i - 1].first + in_file[i - 1].second <= in_file[i].first);
  }
  return 0;
}
