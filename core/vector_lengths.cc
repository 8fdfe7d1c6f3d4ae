#include "core/vector_lengths.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace armstate {

std::string VectorLengthsText(absl::string_view set) {
  constexpr size_t kShortest = 128, kListed = 4;
  std::vector<size_t> lengths;
  for (size_t n = 0; n < 8 * set.size(); ++n) {
    if ((static_cast<unsigned char>(set[n / 8]) >> n % 8 & 1) != 0) lengths.push_back(kShortest * (n + 1));
  }
  if (lengths.empty()) return "no";
  const size_t longest = lengths.back();
  if (lengths.size() > kListed && longest == kShortest * lengths.size()) {
    return absl::StrCat(kShortest, " to ", longest, " in steps of ", kShortest);
  }
  lengths.pop_back();
  return absl::StrCat(absl::StrJoin(lengths, ", "), lengths.empty() ? "" : " and ", longest);
}

}  // namespace armstate
