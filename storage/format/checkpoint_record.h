// A checkpoint as bytes: what every store keeps, whatever engine it uses.
//
// Record, format 1. Integers are little-endian; the parts follow each other without gaps, and nothing follows the last.
//
//   u32  CRC32C of all bytes after this field
//   u8   format: 1
//   i64  create time, nanoseconds since 1970-01-01 00:00 UTC
//   u32  length, request ID          (up to kMaxRequestIdBytes)
//   u32  length, request digest      (up to kMaxRequestDigestBytes)
//   u32  length, metadata            (the caller's)
//   u32  number of layouts, up to that of the vCPUs; for each:
//     32 bytes  its hash
//   u32  number of vCPUs, up to kMaxRecordVcpus; for each, by ascending vcpu_index:
//     u32  vcpu_index
//     u32  position of its layout in the list above
//     u32  length of its register values in bytes
//     u32  length of its opaque bytes
//   for each vCPU: its register values, its opaque bytes
//
// The lengths of all vCPUs come before their bytes, so that one vCPU is read without looking at the others.
//
// Layout: the register IDs, ascending, each a u64. A layout is stored once per database under its SHA-256 and has no
// other header. The hash is cryptographic because the IDs come from clients: nobody must be able to make a layout that
// takes the place of another one's. It also serves as the layout's checksum.
//
// A later format gets another number; a reader refuses numbers that it does not know. This one stands alone. It is what
// full copies are made of (storage/format/full_copy.h), and was all that there was at first. Format 2 is a difference
// to a full copy (storage/format/difference_record.h).
#ifndef ARMSTATE_STORAGE_FORMAT_CHECKPOINT_RECORD_H_
#define ARMSTATE_STORAGE_FORMAT_CHECKPOINT_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "core/register_list.h"

namespace armstate {

inline constexpr size_t kMaxRequestIdBytes = 64;
inline constexpr size_t kMaxRequestDigestBytes = 64;
inline constexpr size_t kMaxRecordVcpus = 512;
// Metadata, values and opaque bytes together; twice the largest message that a client may send.
inline constexpr size_t kMaxRecordBytes = size_t{32} << 20;

struct VcpuRecord {
  // Not negative.
  int vcpu_index = 0;
  RegisterList registers;
  // The caller's bytes.
  std::string opaque;
};

struct CheckpointRecord {
  // Kept with a resolution of 1 ns; 1678 to 2262.
  absl::Time create_time;
  std::string request_id;
  std::string request_digest;
  // The caller's bytes: what is shown without the vCPUs.
  std::string metadata;
  // vcpu_index strictly ascending.
  std::vector<VcpuRecord> vcpus;
};

// SHA-256 of a layout's bytes: 32 of them.
using LayoutHash = std::string;

struct EncodedCheckpoint {
  std::string record;
  // The layouts that the record refers to. They must be stored before it.
  std::map<LayoutHash, std::shared_ptr<const RegisterLayout>> layouts;
};

// INVALID_ARGUMENT, reason FIELD_INVALID (metadata "field"), if a limit is exceeded or the vCPUs are not in order.
absl::Status CheckLimits(const CheckpointRecord& checkpoint);

// INVALID_ARGUMENT, reason FIELD_INVALID (metadata "field"), if a limit is exceeded or the vCPUs are not in order.
absl::StatusOr<EncodedCheckpoint> EncodeCheckpoint(const CheckpointRecord& checkpoint);

// One vCPU of a record; the bytes belong to the record.
struct VcpuRecordView {
  int vcpu_index = 0;
  absl::string_view layout_hash;
  absl::string_view values;
  absl::string_view opaque;
};

// A record whose checksum and structure are right, without a copy. Immutable; valid as long as the bytes.
class CheckpointRecordView {
 public:
  // Any bytes may be given. `name` ("vms/x/checkpoints/7") names the record in the error.
  // DATA_LOSS, reason RECORD_DAMAGED (metadata "record"); the message names the field and its offset.
  static absl::StatusOr<CheckpointRecordView> Parse(absl::string_view bytes, absl::string_view name);

  absl::Time create_time() const { return create_time_; }
  absl::string_view request_id() const { return request_id_; }
  absl::string_view request_digest() const { return request_digest_; }
  absl::string_view metadata() const { return metadata_; }

  size_t vcpu_count() const { return vcpus_.size(); }
  // By position, 0 to vcpu_count() - 1.
  const VcpuRecordView& vcpu(size_t position) const { return vcpus_[position]; }
  // By vcpu_index; null if the record has no such vCPU.
  const VcpuRecordView* FindVcpu(int vcpu_index) const;

 private:
  CheckpointRecordView() = default;

  absl::Time create_time_;
  absl::string_view request_id_;
  absl::string_view request_digest_;
  absl::string_view metadata_;
  std::vector<VcpuRecordView> vcpus_;
};

std::string EncodeLayout(const RegisterLayout& layout);
// The layout of these bytes, if they are those that `hash` was made of. DATA_LOSS, reason RECORD_DAMAGED, metadata
// "record": "layouts/" and the hash in hexadecimal.
absl::StatusOr<std::shared_ptr<const RegisterLayout>> DecodeLayout(absl::string_view bytes, absl::string_view hash);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_FORMAT_CHECKPOINT_RECORD_H_
