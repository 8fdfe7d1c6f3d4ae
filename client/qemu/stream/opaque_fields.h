// `CollectOpaqueFields` reads the part of a `cpu` section without register IDs as named fields, so that the whole
// section can be rebuilt.
//
// clang-format off
//   name                      data (big-endian, as in the stream)
//   cpu                       u32 version of the section; always there: it says that the fields come from such a section
//   FIELD                     the whole field, e.g. env.exclusive_addr, gt_timer[0]
//   FIELD[i]                  one element of a field of which other elements are registers, e.g. env.sp_el[2]
//   cpu/vfp, cpu/sve ...      u32 version: the section has this subsection; its registers are in the register list
//   cpu/vfp:FIELD             a field of such a subsection; as above with [i] for one element
//   cpu/NAME                  u32 version and the whole body of another subsection, with the ones nested in it
//   cpreg_vmstate_values[ID]  what the list's 64-bit entry of register ID (0x and 16 digits) holds above the register's
//                             width: bits 63-32 of CTR_EL0 in CTR
// clang-format on
//
// Fields and elements that are all zeros are left out. Subsections are in the stream's order, and are rebuilt in the
// fields' order; one that only the stream's description knew is kept like the others.
#ifndef ARMSTATE_CLIENT_QEMU_STREAM_OPAQUE_FIELDS_H_
#define ARMSTATE_CLIENT_QEMU_STREAM_OPAQUE_FIELDS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/qemu/stream/cpu_section.h"
#include "client/qemu/stream/register_binding.h"
#include "core/vcpu_state.h"

namespace armstate {

// True if the fields come from a `cpu` section.
bool IsOfQemu(const std::vector<OpaqueField>& fields);

// Everything in the section that the bindings do not cover.
std::vector<OpaqueField> CollectOpaqueFields(const CpuSection& section, absl::string_view payload,
                                             const std::vector<RegisterBinding>& bindings);

// A section on its own: its bytes and where its fields are.
struct CpuSectionImage {
  std::string payload;
  CpuSection section;
};

// The target's section with these fields in it. If they come from a `cpu` section, everything but the target's
// coprocessor register list is replaced: what is not among the fields becomes 0, and subsections come and go; but the
// upper bits of an identification register stay the target's unless the fields have them. Otherwise the rest stays.
//
// INVALID_ARGUMENT, reason FIELD_INVALID, metadata "field", for a field that such a section does not have, has in
// another size, or that is malformed, and if the section's version differs from the target's.
absl::StatusOr<CpuSectionImage> ApplyOpaqueFields(const CpuSection& target, absl::string_view target_payload,
                                                  const std::vector<OpaqueField>& fields);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_STREAM_OPAQUE_FIELDS_H_
