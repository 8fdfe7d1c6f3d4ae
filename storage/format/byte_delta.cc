#include "storage/format/byte_delta.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/numeric/bits.h"

namespace armstate {
namespace {

enum Mode : uint8_t { kSame = 0, kWords = 1, kSplice = 2 };

constexpr size_t kWordBytes = 4;
constexpr size_t kChunkWords = 16;
constexpr size_t kChunkBytes = kChunkWords * kWordBytes;
constexpr uint32_t kLongSkip = 15;
// A vCPU's that ran on for some minutes.
constexpr size_t kUsualDeltaBytes = 512;

size_t WordCount(size_t bytes) { return (bytes + kWordBytes - 1) / kWordBytes; }

size_t WordSize(size_t bytes, size_t word) { return std::min(kWordBytes, bytes - word * kWordBytes); }

// The bytes of a word, the first one lowest; those past the end are 0.
uint32_t WordAt(absl::string_view bytes, size_t word) {
  if ((word + 1) * kWordBytes <= bytes.size()) {  // one load, as compilers see
    const char* const at = bytes.data() + word * kWordBytes;
    return uint32_t{static_cast<uint8_t>(at[0])} | uint32_t{static_cast<uint8_t>(at[1])} << 8 |
           uint32_t{static_cast<uint8_t>(at[2])} << 16 | uint32_t{static_cast<uint8_t>(at[3])} << 24;
  }
  uint32_t value = 0;
  const size_t size = WordSize(bytes.size(), word);
  for (size_t i = 0; i < size; ++i) {
    value |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[word * kWordBytes + i])) << 8 * i;
  }
  return value;
}

// False also if one of them has not so many bytes there.
template <size_t bytes>
bool Same(absl::string_view a, absl::string_view b, size_t offset) {
  return offset + bytes <= std::min(a.size(), b.size()) &&
         std::memcmp(a.data() + offset, b.data() + offset, bytes) == 0;
}

bool SameChunk(absl::string_view a, absl::string_view b, size_t offset) { return Same<kChunkBytes>(a, b, offset); }

std::string WordsDelta(absl::string_view base, const EqualWords& equal, absl::string_view bytes) {
  ByteWriter entries;
  entries.Reserve(kUsualDeltaBytes);
  uint32_t count = 0;
  size_t next = 0;  // the word after the last changed one
  std::string expected(base);
  const auto write = [&](size_t word) {
    const uint32_t value = WordAt(bytes, word);
    // A word with a later equal one is a whole one.
    if (equal[word] != 0 && value != WordAt(base, word)) {
      std::memcpy(&expected[equal[word] * kWordBytes], bytes.data() + word * kWordBytes, kWordBytes);
    }
    const uint32_t difference = value ^ WordAt(expected, word);
    if (difference == 0) return;
    uint8_t present = 0;
    char changed[kWordBytes];
    size_t changed_bytes = 0;
    for (size_t i = 0; i < kWordBytes; ++i) {
      const auto byte = static_cast<uint8_t>(difference >> 8 * i);
      if (byte == 0) continue;
      present |= 1 << i;
      changed[changed_bytes++] = static_cast<char>(byte);
    }
    const uint32_t skipped = static_cast<uint32_t>(word - next);
    entries.U8(static_cast<uint8_t>(std::min(skipped, kLongSkip) << 4 | present));
    if (skipped >= kLongSkip) entries.Varint(skipped - kLongSkip);
    entries.Bytes({changed, changed_bytes});
    next = word + 1;
    ++count;
  };
  // Most of what is compared is equal, and a chunk takes as long as a word.
  for (size_t word = 0; word < equal.size();) {
    const size_t end = std::min(equal.size(), word + kChunkWords);
    const size_t offset = word * kWordBytes;
    if (SameChunk(base, bytes, offset) && SameChunk(expected, bytes, offset)) word = end;
    while (word < end) {
      constexpr size_t kPair = 2;  // one load, and most are equal in a chunk that is not
      const size_t pair_offset = word * kWordBytes;
      if (Same<kPair * kWordBytes>(base, bytes, pair_offset) &&
          Same<kPair * kWordBytes>(expected, bytes, pair_offset)) {
        word += kPair;
      } else {
        write(word++);
      }
    }
  }
  ByteWriter delta;
  delta.U8(kWords);
  delta.Varint(count);
  delta.Bytes(std::move(entries).Release());
  return std::move(delta).Release();
}

struct Splice {
  size_t prefix = 0;
  size_t suffix = 0;
  absl::string_view middle;
};

Splice FindSplice(absl::string_view base, absl::string_view bytes) {
  const size_t shorter = std::min(base.size(), bytes.size());
  Splice splice;
  size_t& prefix = splice.prefix;
  while (SameChunk(base, bytes, prefix)) prefix += kChunkBytes;
  while (prefix < shorter && base[prefix] == bytes[prefix]) ++prefix;
  const size_t rest = shorter - prefix;
  size_t& suffix = splice.suffix;
  const char* const base_end = base.data() + base.size();
  const char* const end = bytes.data() + bytes.size();
  while (suffix + kChunkBytes <= rest &&
         std::memcmp(base_end - suffix - kChunkBytes, end - suffix - kChunkBytes, kChunkBytes) == 0) {
    suffix += kChunkBytes;
  }
  while (suffix < rest && base_end[-1 - static_cast<ptrdiff_t>(suffix)] == end[-1 - static_cast<ptrdiff_t>(suffix)]) {
    ++suffix;
  }
  splice.middle = bytes.substr(splice.prefix, bytes.size() - splice.prefix - splice.suffix);
  return splice;
}

// Without the middle.
std::string SpliceHead(const Splice& splice) {
  ByteWriter head;
  head.U8(kSplice);
  head.Varint(static_cast<uint32_t>(splice.prefix));
  head.Varint(static_cast<uint32_t>(splice.suffix));
  head.Varint(static_cast<uint32_t>(splice.middle.size()));
  return std::move(head).Release();
}

// Calls change(word, difference) for each changed word of a words delta. False if the bytes are not such a delta.
template <typename Change>
bool ReadWords(size_t base_size, ByteReader& delta, Change change) {
  const size_t words = WordCount(base_size);
  const uint32_t count = delta.Varint();
  size_t next = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t control = delta.U8();
    size_t skipped = control >> 4;
    if (skipped == kLongSkip) skipped += delta.Varint();
    const size_t word = next + skipped;
    const uint8_t present = control & 0xf;
    if (!delta.ok() || word >= words || present == 0 || present >> WordSize(base_size, word) != 0) return false;
    uint32_t difference = 0;
    for (size_t byte = 0; byte < kWordBytes; ++byte) {
      if (present >> byte & 1) difference |= uint32_t{delta.U8()} << 8 * byte;
    }
    change(word, difference);
    next = word + 1;
  }
  return delta.ok();
}

// The first word in `set` from `word` on; `end` if there is no such word before `end`.
size_t NextIn(const std::vector<uint64_t>& set, size_t word, size_t end) {
  while (word < end) {
    const uint64_t rest = set[word / 64] >> word % 64;
    if (rest != 0) return std::min(end, word + absl::countr_zero(rest));
    word += 64 - word % 64;
  }
  return end;
}

bool ApplyWords(absl::string_view base, const EqualWords& equal, ByteReader& delta, std::string& bytes) {
  bytes.assign(base.data(), base.size());
  std::vector<uint64_t> changed(equal.size() / 64 + 1, 0);  // a bit for each word
  const auto add_changed = [&changed](size_t word) { changed[word / 64] |= uint64_t{1} << word % 64; };
  size_t done = 0;
  // Words up to `end` are final: what is expected to be equal to them becomes so.
  const auto expect_of = [&](size_t end) {
    for (; (done = NextIn(changed, done, end)) < end; ++done) {
      const uint32_t later = equal[done];
      if (later == 0 || WordAt(bytes, done) == WordAt(base, done)) continue;
      std::memcpy(&bytes[later * kWordBytes], &bytes[done * kWordBytes], kWordBytes);
      add_changed(later);
    }
  };
  const bool ok = ReadWords(base.size(), delta, [&](size_t word, uint32_t difference) {
    expect_of(word);
    for (size_t i = 0; i < WordSize(bytes.size(), word); ++i) {
      char& byte = bytes[word * kWordBytes + i];
      byte = static_cast<char>(static_cast<uint8_t>(byte) ^ static_cast<uint8_t>(difference >> 8 * i));
    }
    add_changed(word);
  });
  expect_of(equal.size());
  return ok;
}

bool ReadSplice(size_t base_size, ByteReader& delta, Splice& splice) {
  splice.prefix = delta.Varint();
  splice.suffix = delta.Varint();
  splice.middle = delta.Bytes(delta.Varint());
  return delta.ok() && splice.prefix <= base_size && splice.suffix <= base_size - splice.prefix;
}

}  // namespace

EqualWords FindEqualWords(absl::string_view base) {
  EqualWords equal(WordCount(base.size()), 0);
  // The last word of each value: a hash table of word numbers, at most half full. A flat_hash_map takes 15 times as
  // long, for each full copy that is read.
  constexpr uint32_t kFree = std::numeric_limits<uint32_t>::max();
  size_t slots = 1;
  while (slots < 2 * equal.size()) slots *= 2;
  std::vector<uint32_t> last(slots, kFree);
  for (uint32_t word = 0; word < equal.size(); ++word) {
    const uint32_t value = WordAt(base, word);
    // A short last word equals none: only its own bytes could be compared.
    if (value == 0 || WordSize(base.size(), word) < kWordBytes) continue;
    size_t slot = absl::Hash<uint32_t>()(value) & (slots - 1);
    while (last[slot] != kFree && WordAt(base, last[slot]) != value) slot = (slot + 1) & (slots - 1);
    if (last[slot] != kFree) equal[last[slot]] = word;
    last[slot] = word;
  }
  return equal;
}

void AppendDelta(absl::string_view base, const EqualWords& equal, absl::string_view bytes, ByteWriter& delta) {
  if (base == bytes) return delta.U8(kSame);
  const Splice splice = FindSplice(base, bytes);
  const std::string head = SpliceHead(splice);
  if (base.size() == bytes.size()) {
    const std::string words = WordsDelta(base, equal, bytes);
    if (words.size() <= head.size() + splice.middle.size()) return delta.Bytes(words);
  }
  delta.Bytes(head);
  delta.Bytes(splice.middle);
}

bool ApplyDelta(absl::string_view base, const EqualWords& equal, size_t limit, ByteReader& delta, std::string& bytes) {
  switch (delta.U8()) {
    case kSame:
      bytes.assign(base.data(), base.size());
      return delta.ok();
    case kWords:
      return ApplyWords(base, equal, delta, bytes);
    case kSplice: {
      Splice splice;
      if (!ReadSplice(base.size(), delta, splice)) return false;
      if (splice.prefix + splice.suffix + splice.middle.size() > limit) return false;
      bytes.assign(base.data(), splice.prefix);
      bytes.append(splice.middle.data(), splice.middle.size());
      bytes.append(base.data() + base.size() - splice.suffix, splice.suffix);
      return true;
    }
    default:
      return false;
  }
}

bool SkipDelta(size_t base_size, ByteReader& delta) {
  switch (delta.U8()) {
    case kSame:
      return delta.ok();
    case kWords:
      return ReadWords(base_size, delta, [](size_t, uint32_t) {});
    case kSplice: {
      Splice splice;
      return ReadSplice(base_size, delta, splice);
    }
    default:
      return false;
  }
}

}  // namespace armstate
