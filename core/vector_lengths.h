// `VectorLengthsText` names the vector lengths of a KVM_REG_ARM64_SVE_VLS.
#ifndef ARMSTATE_CORE_VECTOR_LENGTHS_H_
#define ARMSTATE_CORE_VECTOR_LENGTHS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace armstate {

// "128, 256 and 512", "128 to 2048 in steps of 128", "no": bit n, little-endian, is a length of 128 * (n + 1) bits.
std::string VectorLengthsText(absl::string_view set);

}  // namespace armstate

#endif  // ARMSTATE_CORE_VECTOR_LENGTHS_H_
