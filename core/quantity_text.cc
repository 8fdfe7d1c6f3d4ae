#include "core/quantity_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace armstate {

std::string ShortNumber(double number) { return absl::StrFormat(number < 10 ? "%.2g" : "%.0f", number); }

std::string FrequencyText(uint64_t hertz) {
  const auto number = static_cast<double>(hertz);
  if (hertz < 1'000'000) return absl::StrCat(hertz, " Hz");
  return hertz < 1'000'000'000 ? absl::StrFormat("%g MHz", number / 1e6) : absl::StrFormat("%g GHz", number / 1e9);
}

}  // namespace armstate
