#include "core/number_ranges.h"

#include <vector>

#include "absl/strings/str_cat.h"

namespace armstate {

std::string NumberRanges(absl::Span<const uint64_t> numbers, absl::string_view last_word) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < numbers.size(); ++i) {
    size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (last == i + 1) last = i;  // two numbers are no range
    parts.push_back(last == i ? absl::StrCat(numbers[i]) : absl::StrCat(numbers[i], " to ", numbers[last]));
    i = last;
  }
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool is_last = i + 1 == parts.size();
    if (i > 0) is_last ? absl::StrAppend(&text, " ", last_word, " ") : absl::StrAppend(&text, ", ");
    text += parts[i];
  }
  return text;
}

}  // namespace armstate
