// `QemuRelease` is a release series of QEMU, e.g. {10, 0} of QEMU 10.0.2, which decides the layout of its streams.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_RELEASE_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_RELEASE_H_

#include <string>

#include "absl/strings/str_cat.h"

namespace armstate {

struct QemuRelease {
  int major = 0;
  int minor = 0;

  // "10.0".
  std::string ToString() const { return absl::StrCat(major, ".", minor); }

  friend constexpr bool operator<(QemuRelease a, QemuRelease b) {
    return a.major != b.major ? a.major < b.major : a.minor < b.minor;
  }
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_RELEASE_H_
