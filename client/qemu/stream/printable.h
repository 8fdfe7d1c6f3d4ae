// `Printable` makes names from hostile input fit for messages.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_PRINTABLE_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_PRINTABLE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace armstate {

// Cut to 64 characters; what is not printable ASCII is replaced, since it could break a terminal or a log.
inline std::string Printable(absl::string_view name) {
  std::string printable(name.substr(0, 64));
  for (char& c : printable) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return printable;
}

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_PRINTABLE_H_
