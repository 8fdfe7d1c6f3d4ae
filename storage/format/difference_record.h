// A difference record is a checkpoint as the difference to a full copy of an earlier version of its VM, with the same
// vCPUs and layouts. docs/storage-format.md defines it.
//
// Its checksum covers the full copy's, so that it is never applied to another full copy. The time of the checkpoint is
// not in it: the store keeps the time of every version.
#ifndef ARMSTATE_STORAGE_FORMAT_DIFFERENCE_RECORD_H_
#define ARMSTATE_STORAGE_FORMAT_DIFFERENCE_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "storage/format/checkpoint_record.h"
#include "storage/format/full_copy.h"

namespace armstate {

// Enough to notice that a request ID was used again for another request by mistake. A digest is random, so it cannot be
// compressed.
inline constexpr size_t kKeptDigestBytes = 8;

// Nullopt if the vCPUs are not those of the full copy, in number, vcpu_index and layout.
absl::optional<std::string> EncodeDifference(const FullCopy& base, const NewCheckpoint& checkpoint);

// The vCPUs that are wanted, by vcpu_index, ascending; nullopt: all of them.
using WantedVcpus = absl::optional<absl::Span<const int32_t>>;
inline constexpr absl::Span<const int32_t> kNoVcpus;

struct DecodedDifference {
  std::string request_digest;
  std::string metadata;
  // Those that are wanted and that the full copy has, in its order.
  struct Vcpu {
    // In the full copy.
    size_t position = 0;
    std::string values;
    std::string opaque;
  };
  std::vector<Vcpu> vcpus;
};

// Any bytes may be given. DATA_LOSS, reason RECORD_DAMAGED, metadata "record" is `name`, also if the record is whole
// but belongs to another full copy. The bytes of vCPUs that are not wanted may be wrong behind a right checksum.
absl::StatusOr<DecodedDifference> DecodeDifference(const FullCopy& base, absl::string_view record,
                                                   absl::string_view name, const WantedVcpus& wanted);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_FORMAT_DIFFERENCE_RECORD_H_
