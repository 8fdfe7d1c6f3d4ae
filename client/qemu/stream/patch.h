// `StreamPatch` holds bytes that replace others in a migration stream.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_PATCH_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_PATCH_H_

#include <cstddef>
#include <string>

namespace armstate {

struct StreamPatch {
  size_t offset;  // in the stream
  size_t size;    // of what is replaced
  std::string bytes;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_PATCH_H_
