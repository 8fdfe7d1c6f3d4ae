// `ReadConfiguration` reads the configuration section at the beginning of a migration stream: the machine, and options
// that change the stream's format.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_CONFIGURATION_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_CONFIGURATION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "client/qemu/stream/reader.h"
#include "client/qemu/stream/vm_description.h"

namespace armstate {

struct StreamConfiguration {
  // As QEMU names it, e.g. "virt-7.2"; empty if the stream has no configuration section.
  std::string machine_type;
  absl::optional<uint32_t> target_page_bits;
  size_t page_bits_at = 0;  // offset in the stream
  // Migration capabilities that change the stream: "x-ignore-shared", "mapped-ram".
  std::vector<std::string> capabilities;
  // 16 bytes, or empty.
  std::string uuid;
  // Subsections that are not known, and were skipped by the description.
  std::vector<std::string> skipped;

  bool Has(absl::string_view capability) const;
};

// Reads the section, which begins at the reader's place. `description` may be null; it tells the size of subsections
// that are not known, without which the reader fails there.
StreamConfiguration ReadConfiguration(const VmDescription* description, StreamReader& reader);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_CONFIGURATION_H_
