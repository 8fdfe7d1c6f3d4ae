// `RamWalk` moves a reader over RAM and commands, before and between the device sections of a stream.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_RAM_WALK_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_RAM_WALK_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/optional.h"
#include "client/qemu/stream/ram_section.h"
#include "client/qemu/stream/reader.h"

namespace armstate {

// Not thread-safe.
class RamWalk {
 public:
  explicit RamWalk(const RamFormat& format = {}) : format_(format) {}

  // Up to the next device section or the end of the stream. The reader fails at what no stream on disk has.
  void Walk(StreamReader& reader);
  // The same where the stream does not tell its page size: exactly one of those that ARM targets have must lead to a
  // device section, unless all lead to the same place.
  absl::Status WalkWithUnknownPages(StreamReader& reader);

  const RamFacts& facts() const { return facts_; }
  // Known from the end of the first section; QEMU before 2.4 wrote none.
  absl::optional<bool> has_footers() const { return has_footers_; }
  // Offset of the (first) command SWITCHOVER_START.
  absl::optional<size_t> switchover() const { return switchover_; }

 private:
  void StartSection(size_t at, StreamReader& reader);
  void ReadCommand(size_t at, StreamReader& reader);

  RamFormat format_;
  RamFacts facts_;
  absl::optional<uint32_t> ram_id_;
  absl::optional<bool> has_footers_;
  absl::optional<size_t> switchover_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_RAM_WALK_H_
