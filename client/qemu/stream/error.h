// `StreamError` makes errors of QEMU migration streams: INVALID_ARGUMENT, reason STREAM_MALFORMED, and the offset at
// which the stream is wrong.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_ERROR_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_ERROR_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace armstate {

// `offset` is in bytes from the start of the stream; `section` is the name of the section there, e.g. "cpu 0", or
// empty.
absl::Status StreamError(size_t offset, absl::string_view section, absl::string_view message);

// Also names the register at fault (metadata "register_id"). `raw_id` need not be a valid ID.
absl::Status StreamRegisterError(size_t offset, absl::string_view section, uint64_t raw_id, absl::string_view message);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_ERROR_H_
