// `NumberRanges` formats numbers as short text, with ranges for consecutive ones.
#ifndef ARMSTATE_CORE_NUMBER_RANGES_H_
#define ARMSTATE_CORE_NUMBER_RANGES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace armstate {

// "0 to 3", "0, 1 or 15", "1": for ascending numbers; `last_word` stands before the last of several parts.
std::string NumberRanges(absl::Span<const uint64_t> numbers, absl::string_view last_word = "or");

}  // namespace armstate

#endif  // ARMSTATE_CORE_NUMBER_RANGES_H_
