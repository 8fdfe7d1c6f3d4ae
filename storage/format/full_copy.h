// `FullCopy` is a whole checkpoint, to which other versions of its VM are differences
// (storage/format/difference_record.h). docs/storage-format.md defines its bytes.
//
// The size limit is that of a record, also when it is packed.
#ifndef ARMSTATE_STORAGE_FORMAT_FULL_COPY_H_
#define ARMSTATE_STORAGE_FORMAT_FULL_COPY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/register_list.h"
#include "storage/format/byte_delta.h"
#include "storage/format/checkpoint_record.h"

namespace armstate {

// Immutable, so thread-safe.
class FullCopy {
 public:
  using FindLayout = std::function<absl::StatusOr<std::shared_ptr<const RegisterLayout>>(absl::string_view hash)>;

  // Some bytes together with where they repeat.
  struct Part {
    absl::string_view bytes;
    EqualWords equal;
  };
  struct Vcpu {
    int vcpu_index = 0;
    // Or why it is not there.
    absl::StatusOr<std::shared_ptr<const RegisterLayout>> layout;
    Part values;
    Part opaque;
  };

  // The bytes to store for a full record.
  static std::string Pack(absl::string_view record);

  // From a full record. Errors as Unpack.
  static absl::StatusOr<std::shared_ptr<const FullCopy>> Create(std::string record, absl::string_view name,
                                                                const FindLayout& find_layout);

  // Any bytes may be given. DATA_LOSS, reason RECORD_DAMAGED, metadata "record" is `name`. A layout that is not found
  // is no error here.
  static absl::StatusOr<std::shared_ptr<const FullCopy>> Unpack(absl::string_view packed, absl::string_view name,
                                                                const FindLayout& find_layout);

  FullCopy(const FullCopy&) = delete;
  FullCopy& operator=(const FullCopy&) = delete;

  // The checksum of all its bytes, which tells one full copy from another.
  uint32_t checksum() const { return checksum_; }
  const Part& metadata() const { return metadata_; }
  const std::vector<Vcpu>& vcpus() const { return vcpus_; }
  // One that has not is not to be kept: why a layout was not found may be over, as a read that was not to wait.
  bool has_all_layouts() const;
  // The approximate size in memory.
  size_t memory_bytes() const;
  // The size of the record, unpacked.
  size_t record_bytes() const { return record_.size(); }

 private:
  FullCopy() = default;

  std::string record_;
  uint32_t checksum_ = 0;
  Part metadata_;
  std::vector<Vcpu> vcpus_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_FORMAT_FULL_COPY_H_
