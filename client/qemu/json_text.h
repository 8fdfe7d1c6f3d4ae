// `JsonMember` and `JsonElements` find values in the text of a JSON document, so that some can be replaced and the rest
// stays unchanged.
//
// The text must have been parsed before (by nlohmann's parser, which keeps no positions): none of these functions
// checks it. They never read past its end, whatever it is.
#ifndef ARMSTATE_CLIENT_QEMU_JSON_TEXT_H_
#define ARMSTATE_CLIENT_QEMU_JSON_TEXT_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace armstate {

// The elements of an array, as parts of its text `array`.
std::vector<absl::string_view> JsonElements(absl::string_view array);

// The value of the first member with this key, as a part of `object`; empty if it is missing. The key is compared as it
// is written, escapes and all.
absl::string_view JsonMember(absl::string_view object, absl::string_view key);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_JSON_TEXT_H_
