#include "core/nearest_name.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "absl/strings/ascii.h"

namespace armstate {

size_t EditDistance(absl::string_view a, absl::string_view b) {
  // row[j] is the distance of the first letters of a to the first j of b.
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (absl::ascii_toupper(a[i]) == absl::ascii_toupper(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

void NearestName::Consider(absl::string_view name) {
  const size_t lengths_differ = std::max(name.size(), wanted_.size()) - std::min(name.size(), wanted_.size());
  if (lengths_differ >= distance_) return;
  const size_t distance = EditDistance(wanted_, name);
  if (distance >= distance_) return;
  distance_ = distance;
  name_ = name;
}

}  // namespace armstate
