// `ShortNumber` and `FrequencyText` format quantities as people say them.
#ifndef ARMSTATE_CORE_QUANTITY_TEXT_H_
#define ARMSTATE_CORE_QUANTITY_TEXT_H_

#include <cstdint>
#include <string>

namespace armstate {

// "0.062", "2.6", "16": two digits, or all before the point.
std::string ShortNumber(double number);

// "62.5 MHz", "1 GHz"; below 1 MHz "32768 Hz".
std::string FrequencyText(uint64_t hertz);

}  // namespace armstate

#endif  // ARMSTATE_CORE_QUANTITY_TEXT_H_
