// `VmDescription` is the JSON description at the end of a migration stream. It has the lengths of the device sections,
// which the sections themselves do not contain.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_VM_DESCRIPTION_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_VM_DESCRIPTION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace armstate {

struct SubsectionDescription {
  std::string name;
  // Bytes of its fields, without its own header and without the subsections nested in it.
  uint64_t size = 0;
};

struct DeviceDescription {
  std::string name;
  uint64_t instance = 0;
  // Devices in QEMU's oldest style have none.
  absl::optional<uint64_t> version;
  // Bytes of the section between its header and its footer, with the subsections.
  uint64_t size = 0;
  // array_len of cpreg_vmstate_indexes: how many registers the list of a `cpu` section has. Absent when it has none.
  uint64_t cpreg_count = 0;
  // Of a `cpu` section: in stream order, nested ones behind their parent, at most 64. Empty for other devices.
  std::vector<SubsectionDescription> subsections;
};

struct VmDescription {
  uint64_t page_size = 0;
  // In stream order.
  std::vector<DeviceDescription> devices;
  // The subsections of the configuration section with the sizes of their bodies (QEMU 8.2 on).
  std::vector<std::pair<std::string, uint64_t>> configuration_subsections;
  // The offsets in the stream of the end-of-stream byte before the description and of the description's end.
  size_t end_of_stream = 0;
  size_t end = 0;

  // Null if the description has no such subsection of the configuration.
  const uint64_t* ConfigurationSize(absl::string_view subsection) const;
};

// Reads the JSON text. NOT_FOUND, with the reason, if it does not describe a stream; also when it is nested deeper
// than 64 levels, gives a device more than 2^40 bytes or a vCPU more than 64 subsections.
absl::StatusOr<VmDescription> ParseVmDescription(absl::string_view json);

// Finds the description from the end of the stream. NOT_FOUND if there is no whole, valid one: the stream may have been
// sent without (suppress-vmdesc, postcopy, xen-save-devices-state), or be cut or damaged there.
absl::StatusOr<VmDescription> FindVmDescription(absl::string_view stream);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_VM_DESCRIPTION_H_
