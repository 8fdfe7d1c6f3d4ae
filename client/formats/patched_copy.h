// `AppendPatched` copies a file's bytes with some of them replaced.
#ifndef ARMSTATE_CLIENT_FORMATS_PATCHED_COPY_H_
#define ARMSTATE_CLIENT_FORMATS_PATCHED_COPY_H_

#include <cstdint>

#include "absl/types/span.h"
#include "client/files/input_file.h"
#include "client/files/output_file.h"
#include "client/qemu/stream/patch.h"

namespace armstate {

// Appends all of `file`, holes as holes, with the patches, which are ascending and whose offsets count from `base`.
inline void AppendPatched(const InputFile& file, uint64_t base, absl::Span<const StreamPatch> patches,
                          OutputFile& out) {
  uint64_t copied = 0;
  for (const StreamPatch& patch : patches) {
    const uint64_t at = base + patch.offset;
    out.AppendFrom(file, copied, at - copied);
    out.Append(patch.bytes);
    copied = at + patch.size;
  }
  out.AppendFrom(file, copied, file.bytes().size() - copied);
}

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_FORMATS_PATCHED_COPY_H_
