// Bytes as a difference to other bytes, for what changes little: register values, opaque state, metadata.
//
// A difference tells by itself where it ends. u8 mode, then
//
//   0  same     nothing: the bytes are those of the base
//   1  words    the bytes are as long as the base. varint: number of changed words; for each of them
//                 u8: high 4 bits: how many words were skipped since the one before, 15: 15 and the varint that
//                 follows;
//                     low 4 bits: which bytes of the word follow, bit 0 for the first; not 0
//                 the bytes, each XORed with what was expected there
//   2  splice   varint: length of the beginning that is the base's; varint: length of the end that is the base's;
//               varint: number of the bytes between them; the bytes
//
// Words are the 4-byte groups from the beginning; the last one may be shorter. Expected is what the base has there,
// with one exception: QEMU lists many registers two or three times, under IDs of AArch64, of AArch32 and of a
// security state, and FAR_EL1 is DFAR and IFAR in one. So a word that in the base equals an earlier word, not 0, is
// expected to still equal the nearest such one. That is no rule about ARM: where it is wrong, it costs some bytes.
//
// Numbers: a varint is LEB128 of at most 32 bits.
#ifndef ARMSTATE_STORAGE_FORMAT_BYTE_DELTA_H_
#define ARMSTATE_STORAGE_FORMAT_BYTE_DELTA_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "storage/format/byte_codec.h"

namespace armstate {

// For each word of a base the index of the nearest later one that is expected to stay equal to it; 0 if there is none.
using EqualWords = std::vector<uint32_t>;
EqualWords FindEqualWords(absl::string_view base);

// Appends the shortest of the three. `equal` is that of the base.
void AppendDelta(absl::string_view base, const EqualWords& equal, absl::string_view bytes, ByteWriter& delta);

// Reads a difference of any bytes. False if it is none to this base, or would give more than `limit` bytes.
bool ApplyDelta(absl::string_view base, const EqualWords& equal, size_t limit, ByteReader& delta, std::string& bytes);

// Moves behind a difference to a base of this size. False if it is none.
bool SkipDelta(size_t base_size, ByteReader& delta);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_FORMAT_BYTE_DELTA_H_
