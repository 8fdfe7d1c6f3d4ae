// `CpuSection` holds the positions of the fields in one `cpu` section of a migration stream; it copies no bytes.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_CPU_SECTION_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_CPU_SECTION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/qemu/stream/cpu_fields.h"
#include "client/qemu/stream/vm_description.h"

namespace armstate {

// The way in which the end of a section is known.
struct SectionEnd {
  enum Kind {
    kFooter,      // the footer with `id`, and after it the next part of the stream
    kNextHeader,  // no footers (QEMU before 2.4): the next section's header, with an id above `id`, or the end of the
                  // stream
    kExact,       // at `offset`
  };
  Kind kind = kFooter;
  uint32_t id = 0;
  size_t offset = 0;
};

struct CpuField {
  CpuFieldInfo info;
  size_t offset;  // in the section
};

struct CpuSubsection {
  std::string name;
  uint32_t version;
  const CpuSubsectionInfo* info;  // null for one that only the stream's description knows
  size_t offset;                  // in the section, of the subsection's first byte
  size_t body;                    // in the section, behind its name and version
  size_t end;                     // without nested subsections
  bool nested;
  std::vector<CpuField> fields;  // empty for those that are kept whole
};

// Offsets count from the section's first byte behind its header.
struct CpuSection {
  uint32_t version = 0;
  size_t size = 0;
  // Head and tail fields, without the coprocessor registers.
  std::vector<CpuField> fields;
  size_t register_count = 0;
  size_t ids = 0;     // of the IDs, u64 each
  size_t values = 0;  // of the values, u64 each
  std::vector<CpuSubsection> subsections;

  // Null if the section has none of that name.
  const CpuField* FindField(absl::string_view name) const;
  const CpuSubsection* FindSubsection(absl::string_view name) const;
};

// Takes the section apart whose payload begins at stream[offset]. `name` is for errors, e.g. "cpu 0".
//
// `described` are the subsections that the stream's description gives the section; empty if it has none. A subsection
// that a later QEMU has added is as long as its description says. So is an MPU's state, if everything up to the
// section's end then parses. Otherwise the size of an MPU's state is found by what follows it: of the sizes that let
// everything up to the section's end parse, the one that gives the most subsections, which must be the only one.
//
// Errors: STREAM_MALFORMED for an unknown version, a length below zero or beyond the stream, a repeated or misplaced
// subsection, one that neither we nor the description know or that has a version that is not known, and for an end that
// is not there.
absl::StatusOr<CpuSection> ParseCpuSection(absl::string_view stream, size_t offset, uint32_t version,
                                           const SectionEnd& end, absl::string_view name,
                                           absl::Span<const SubsectionDescription> described = {});

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_CPU_SECTION_H_
