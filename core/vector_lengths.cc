#include "core/vector_lengths.h"

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/number_ranges.h"

namespace armstate {

std::string VectorLengthsText(absl::string_view set) {
  constexpr size_t kShortest = 128, kListed = 4;
  std::vector<uint64_t> lengths;
  for (size_t n = 0; n < 8 * set.size(); ++n) {
    if ((static_cast<unsigned char>(set[n / 8]) >> n % 8 & 1) != 0) lengths.push_back(kShortest * (n + 1));
  }
  if (lengths.empty()) return "no";
  if (lengths.size() > kListed && lengths.back() == kShortest * lengths.size()) {
    return absl::StrCat(kShortest, " to ", lengths.back(), " in steps of ", kShortest);
  }
  return NumberRanges(lengths, "and");
}

}  // namespace armstate
