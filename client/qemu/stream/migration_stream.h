// `MigrationStream` is the outline of a QEMU migration stream (format version 3): its machine, and the positions of its
// `cpu` sections.
//
// A stream is walked from its first byte to its last: configuration, guest RAM, commands, device sections by the
// lengths of the JSON description, footers. Where there is no valid description, the sections between RAM and the
// stream's end cannot be separated; then the `cpu` sections are searched, and each must parse exactly up to its
// footer. A note says so.
//
// Nothing is copied and nothing is allocated by a length of the stream.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_MIGRATION_STREAM_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_MIGRATION_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "client/qemu/stream/cpu_section.h"

namespace armstate {

// A section's header and where its payload is.
struct StreamSection {
  uint32_t id = 0;
  std::string name;
  uint32_t instance = 0;
  uint32_t version = 0;
  size_t header = 0;   // offset in the stream
  size_t payload = 0;  // offset in the stream
};

struct VcpuSection {
  StreamSection header;
  CpuSection cpu;
  // Fields that the section has by the stream's description, but not in fact.
  std::vector<std::string> missing;

  // "cpu 0", as errors call it.
  std::string Name() const;
};

struct MigrationStream {
  // As QEMU names it, e.g. "virt-7.2"; empty if the stream has no configuration section.
  std::string machine_type;
  absl::optional<uint32_t> target_page_bits;
  // Migration capabilities that change the stream: "x-ignore-shared", "mapped-ram".
  std::vector<std::string> capabilities;
  // 16 bytes, or empty.
  std::string uuid;
  // With mapped-ram, where in its file the stream must begin: its offsets of pages count from the file's beginning.
  absl::optional<uint64_t> file_offset;
  // Offset of the command SWITCHOVER_START (stream_format.h).
  absl::optional<size_t> switchover;
  // By instance, which is the vCPU's index: 0, 1, 2 ...
  std::vector<VcpuSection> vcpus;
  // Offset of the end-of-stream byte.
  size_t end_of_stream = 0;
  bool has_description = false;
  // Remarks for the user: there was no description, bytes follow the end ...
  std::vector<std::string> notes;
};

// STREAM_MALFORMED with the offset, and the section where known.
absl::StatusOr<MigrationStream> ParseMigrationStream(absl::string_view stream);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_MIGRATION_STREAM_H_
