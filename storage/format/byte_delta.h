// A delta encodes bytes as the difference to other bytes, for what changes little: register values, opaque state,
// metadata. docs/storage-format.md defines it.
//
// A delta is self-delimiting. Its encoding `words` expects that a word that equals an earlier word of the base still
// does: QEMU lists many registers two or three times, under IDs of AArch64, of AArch32 and of a security state, and
// FAR_EL1 is DFAR and IFAR in one. That is no rule about ARM: where it is wrong, it costs some bytes.
#ifndef ARMSTATE_STORAGE_FORMAT_BYTE_DELTA_H_
#define ARMSTATE_STORAGE_FORMAT_BYTE_DELTA_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "storage/format/byte_codec.h"

namespace armstate {

// For each word of a base the index of the nearest later one that is expected to stay equal to it; 0 if there is no
// such word.
using EqualWords = std::vector<uint32_t>;
EqualWords FindEqualWords(absl::string_view base);

// Appends the shortest delta. `equal` is that of the base.
void AppendDelta(absl::string_view base, const EqualWords& equal, absl::string_view bytes, ByteWriter& delta);

// Reads a delta; any bytes may be given. False if they are not a delta to this base, or if the result would be longer
// than `limit`.
bool ApplyDelta(absl::string_view base, const EqualWords& equal, size_t limit, ByteReader& delta, std::string& bytes);

// Moves the reader behind a delta to a base of this size. False if the bytes are not such a delta.
bool SkipDelta(size_t base_size, ByteReader& delta);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_FORMAT_BYTE_DELTA_H_
