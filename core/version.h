// kVersion is the version of all programs of this checkout.
#ifndef ARMSTATE_CORE_VERSION_H_
#define ARMSTATE_CORE_VERSION_H_

namespace armstate {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace armstate

#endif  // ARMSTATE_CORE_VERSION_H_
