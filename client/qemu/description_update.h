// `UpdateDescription` makes the JSON description of a stream fit `cpu` sections that were rebuilt.
#ifndef ARMSTATE_CLIENT_QEMU_DESCRIPTION_UPDATE_H_
#define ARMSTATE_CLIENT_QEMU_DESCRIPTION_UPDATE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/qemu/stream/cpu_section.h"
#include "client/qemu/stream/migration_stream.h"
#include "client/qemu/stream/patch.h"

namespace armstate {

// Appends the patch that the stream's description needs once vCPU i has the section `sections[i]`: in its `cpu`
// devices, the numbers of registers, and the subsections that came or went. All other text stays. One that came is
// described as a buffer of its size, since the names of its fields are QEMU's.
//
// A description that cannot be made to fit (its text is not as QEMU writes it) is cut off, with a note: no QEMU reads
// it. The patch is behind all `cpu` sections.
void UpdateDescription(absl::string_view stream, const MigrationStream& outline, absl::Span<const CpuSection> sections,
                       std::vector<StreamPatch>& patches, std::vector<std::string>& notes);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_DESCRIPTION_UPDATE_H_
