#include "core/bulk_write.h"

#include <cstring>

#include "absl/base/attributes.h"
#include "absl/container/fixed_array.h"

namespace armstate {
namespace {

constexpr size_t kWordBytes = 4;

template <typename Word>
Word Load(const char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// same[i] is 1 where word i keeps its value, else 0.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void StoreWordsOneWay(const char* held, const char* wanted, const char* writable,
                                                          size_t words, char* after, uint8_t* same) {
  for (size_t i = 0; i < words; ++i) {
    const uint32_t old_bits = Load<uint32_t>(held + i * kWordBytes);
    const uint32_t new_bits = Load<uint32_t>(wanted + i * kWordBytes);
    const uint32_t mask = Load<uint32_t>(writable + i * kWordBytes);
    const uint32_t stored = (old_bits & ~mask) | (new_bits & mask);
    std::memcpy(after + i * kWordBytes, &stored, kWordBytes);
    same[i] = stored == old_bits ? 1 : 0;
  }
}

#ifdef __x86_64__
__attribute__((target("avx2"))) void StoreWordsAvx2(const char* held, const char* wanted, const char* writable,
                                                    size_t words, char* after, uint8_t* same) {
  StoreWordsOneWay(held, wanted, writable, words, after, same);
}
#endif

// More than half of a restore's time goes by here, and AVX2 halves it. Compilers may not assume it on x86.
void StoreWords(const char* held, const char* wanted, const char* writable, size_t words, char* after, uint8_t* same) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return StoreWordsAvx2(held, wanted, writable, words, after, same);
#endif
  StoreWordsOneWay(held, wanted, writable, words, after, same);
}

RegisterOutcome Outcome(bool unchanged) { return unchanged ? RegisterOutcome::kUnchanged : RegisterOutcome::kWritten; }

// A register is unchanged if all its words are. Flags: as many bytes as it has words.
template <typename Flags>
void JoinWords(const uint8_t* same, size_t registers, RegisterOutcome* outcomes) {
  constexpr auto kAllSame = static_cast<Flags>(0x01010101);
  for (size_t i = 0; i < registers; ++i) {
    Flags flags;
    std::memcpy(&flags, same + i * sizeof(Flags), sizeof(Flags));
    outcomes[i] = Outcome(flags == kAllSame);
  }
}

void JoinWords(const uint8_t* same, size_t words, size_t registers, RegisterOutcome* outcomes) {
  if (words == 1) return JoinWords<uint8_t>(same, registers, outcomes);
  if (words == 2) return JoinWords<uint16_t>(same, registers, outcomes);
  if (words == 4) return JoinWords<uint32_t>(same, registers, outcomes);
  for (size_t i = 0; i < registers; ++i) outcomes[i] = Outcome(std::memchr(same + i * words, 0, words) == nullptr);
}

uint64_t LoadRegister(absl::string_view area, size_t offset, size_t width) {
  return width == 8 ? Load<uint64_t>(area.data() + offset) : Load<uint32_t>(area.data() + offset);
}

}  // namespace

absl::optional<BulkWrite> BulkWrite::Create(const RegisterLayout& layout, absl::Span<const SharedView> views) {
  BulkWrite bulk;
  bulk.registers_ = layout.size();
  for (size_t i = 0; i < layout.size(); ++i) {
    const size_t words = layout.width(i) / kWordBytes;
    if (words == 0) return absl::nullopt;
    if (i == 0 || layout.width(i) != layout.width(i - 1)) bulk.runs_.push_back({0, words});
    ++bulk.runs_.back().registers;
  }
  for (const SharedView& view : views) {
    const size_t width = layout.width(view.index);
    bulk.views_.push_back({layout.offset(view.index), width, layout.offset(view.owner), layout.width(view.owner),
                           view.shift, width == 8 ? ~uint64_t{0} : ~uint32_t{0}});
  }
  return bulk;
}

// A view shows the bits of its owner from `shift` on; above the owner's top it shows 0.
bool BulkWrite::ViewsAgree(absl::string_view values) const {
  uint64_t different = 0;
  for (const View& view : views_) {
    const uint64_t owner = LoadRegister(values, view.owner_offset, view.owner_width);
    different |= (LoadRegister(values, view.offset, view.width) ^ (owner >> view.shift)) & view.mask;
  }
  return different == 0;
}

bool BulkWrite::Write(absl::string_view held, absl::string_view wanted, absl::string_view writable,
                      absl::Span<char> after, std::vector<RegisterOutcome>& outcomes) const {
  if (!ViewsAgree(wanted)) return false;
  // On the stack for all but the widest vectors.
  absl::FixedArray<uint8_t, 1024> same_words(held.size() / kWordBytes);
  StoreWords(held.data(), wanted.data(), writable.data(), same_words.size(), after.data(), same_words.data());
  // The read-back.
  if (std::memcmp(after.data(), wanted.data(), wanted.size()) != 0) return false;
  absl::FixedArray<RegisterOutcome, 1024> joined(registers_);
  const uint8_t* words = same_words.data();
  RegisterOutcome* outcome = joined.data();
  for (const Run& run : runs_) {
    JoinWords(words, run.words, run.registers, outcome);
    words += run.words * run.registers;
    outcome += run.registers;
  }
  outcomes.assign(joined.begin(), joined.end());
  return true;
}

}  // namespace armstate
