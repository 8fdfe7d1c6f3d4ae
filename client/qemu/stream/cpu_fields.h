// `CpuHeadFields` and the other tables are the layout of QEMU's `cpu` section: the fields in their order, with their
// widths. There is one table per version and subsection.
//
// Version 22 is QEMU 2.3 to 11.1: measured on 7.2, 10.0 and 11.1 by their own JSON descriptions. Later releases only
// add subsections. Version 12 (QEMU 1.6) is from its documentation.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_CPU_FIELDS_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_CPU_FIELDS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "client/qemu/stream/release.h"

namespace armstate {

inline constexpr uint32_t kCpuVersionOld = 12;
inline constexpr uint32_t kCpuVersion = 22;

struct CpuFieldInfo {
  absl::string_view name;  // as in QEMU's JSON description
  uint16_t width;          // of one element, in bytes
  uint16_t count;          // elements
  uint16_t first_index;    // what the first element is called: some fields are parts of arrays
};

// The fields before the coprocessor registers, and those after them; empty for an unknown version.
absl::Span<const CpuFieldInfo> CpuHeadFields(uint32_t version);
absl::Span<const CpuFieldInfo> CpuTailFields(uint32_t version);

struct CpuSubsectionInfo {
  absl::string_view name;
  uint32_t version;
  // Size without nested subsections: `base` bytes, and n times `unit` where n depends on the CPU (its MPU regions) and
  // is not in the stream.
  uint32_t base;
  uint32_t unit;
  // Those that have registers in them; the others are kept whole.
  absl::Span<const CpuFieldInfo> fields;
  // The first release of QEMU that reads it; all that are older than 7.2 count as one.
  QemuRelease since = {};
  // The first release that does not any more.
  absl::optional<QemuRelease> removed = absl::nullopt;
};

// All known subsections in QEMU's order. A nested one is named after its parent and follows it.
absl::Span<const CpuSubsectionInfo> CpuSubsections();
// True for the name of a subsection inside another one, e.g. "cpu/vfp/fpcr_fpsr".
bool IsNestedSubsection(absl::string_view name);
// Null if unknown.
const CpuSubsectionInfo* FindCpuSubsection(absl::string_view name);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_CPU_FIELDS_H_
