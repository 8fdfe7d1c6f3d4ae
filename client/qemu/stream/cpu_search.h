// `SearchCpuSections` finds the `cpu` sections of a stream whose device sections have no known lengths.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_CPU_SEARCH_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_CPU_SEARCH_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/qemu/stream/migration_stream.h"

namespace armstate {

struct CpuSearchResult {
  // In stream order.
  std::vector<VcpuSection> vcpus;
  // Offset of the end-of-stream byte.
  size_t end_of_stream = 0;
};

// Searches from the first device section on. What looks like the header of a `cpu` section must be one: it stands
// behind the footer of the section before (where the stream has footers), parses exactly up to its own footer, and the
// `cpu_common` section before it is of the same vCPU. The device state of other sections may hold bytes that look so;
// then the answer is an error, not a choice.
absl::StatusOr<CpuSearchResult> SearchCpuSections(absl::string_view stream, size_t first_device, bool has_footers);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_CPU_SEARCH_H_
