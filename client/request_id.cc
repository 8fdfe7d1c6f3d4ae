#include "client/request_id.h"

#include <cstdint>
#include <random>

#include "absl/strings/str_format.h"

namespace armstate {
namespace internal {

std::string NewRequestId() {
  std::random_device random;  // not a seeded generator: processes must not repeat each other's IDs
  const uint32_t a = random(), b = random(), c = random(), d = random();
  // The top bits of the third group hold version 4, those of the fourth hold variant 1.
  return absl::StrFormat("%08x-%04x-%04x-%04x-%04x%08x", a, b >> 16, (b & 0xfff) | 0x4000, (c >> 16 & 0x3fff) | 0x8000,
                         c & 0xffff, d);
}

}  // namespace internal
}  // namespace armstate
