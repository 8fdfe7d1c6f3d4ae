// `BulkWrite` writes all registers of a vCPU at once, for the usual restore, of which the target refuses nothing.
#ifndef ARMSTATE_CORE_BULK_WRITE_H_
#define ARMSTATE_CORE_BULK_WRITE_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "core/register_list.h"
#include "core/register_outcome.h"
#include "core/shared_view.h"

namespace armstate {

// Says in one pass what writing all registers one by one comes to, where the order of the writes makes no difference:
// if every register takes all bits of its value, and those that share storage are given values that agree, then each
// reads back as written, whatever was written before it and after it. For targets whose registers depend on nothing
// else (CpuProfile::computed() is empty).
//
// Areas are value areas of one layout. Thread-safe (immutable).
class BulkWrite {
 public:
  // Nothing for a layout with registers of less than 32 bits: no target that we know has them.
  static absl::optional<BulkWrite> Create(const RegisterLayout& layout, absl::Span<const SharedView> views);

  // Makes `after` of what the registers hold and what is wanted: the writable bits of the one, the others of the other.
  // True if all registers then read back as wanted; then `outcomes` says of each whether it held that before. False:
  // what stands in `after` means nothing; the registers must be written one by one.
  bool Write(absl::string_view held, absl::string_view wanted, absl::string_view writable, absl::Span<char> after,
             std::vector<RegisterOutcome>& outcomes) const;

 private:
  // Neighbours of one width.
  struct Run {
    size_t registers;
    size_t words;  // of 32 bits, in each
  };
  struct View {
    size_t offset;
    size_t width;
    size_t owner_offset;
    size_t owner_width;
    uint32_t shift;
    uint64_t mask;
  };

  BulkWrite() = default;
  bool ViewsAgree(absl::string_view values) const;

  size_t registers_ = 0;
  std::vector<Run> runs_;
  std::vector<View> views_;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_BULK_WRITE_H_
