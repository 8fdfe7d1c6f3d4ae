// `EncodeCheckpoint` and `CheckpointRecordView` write and read the full record of a checkpoint, and the functions for
// layouts the layouts that it refers to. docs/storage-format.md defines both.
//
// Full copies are made of it (storage/format/full_copy.h); a version is stored as a difference to one
// (storage/format/difference_record.h).
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

// A checkpoint that is to be stored.
struct NewCheckpoint {
  // Makes a retry safe, see CheckpointStore. At most kMaxRequestIdBytes; may be empty.
  std::string request_id;
  // The same for every attempt of one request and different for any other, e.g. Sha256() (storage/format/digest.h) of
  // its deterministic serialization. Compared when a request ID comes again. At most kMaxRequestDigestBytes, of which
  // the first kKeptDigestBytes (storage/format/difference_record.h) are kept.
  std::string request_digest;
  // The caller's bytes: what is shown without the vCPUs.
  std::string metadata;
  // It has labels, see Retention.
  bool labelled = false;
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
absl::Status CheckLimits(const NewCheckpoint& checkpoint);

// The metadata and the vCPUs: the rest belongs to one version, and not to a base of others. Errors as CheckLimits.
absl::StatusOr<EncodedCheckpoint> EncodeCheckpoint(const NewCheckpoint& checkpoint);

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

  absl::string_view metadata() const { return metadata_; }

  size_t vcpu_count() const { return vcpus_.size(); }
  // By position, 0 to vcpu_count() - 1.
  const VcpuRecordView& vcpu(size_t position) const { return vcpus_[position]; }

 private:
  CheckpointRecordView() = default;

  absl::string_view metadata_;
  std::vector<VcpuRecordView> vcpus_;
};

std::string EncodeLayout(const RegisterLayout& layout);
// The layout of these bytes, if they are those that `hash` was made of. DATA_LOSS, reason RECORD_DAMAGED, metadata
// "record": "layouts/" and the hash in hexadecimal.
absl::StatusOr<std::shared_ptr<const RegisterLayout>> DecodeLayout(absl::string_view bytes, absl::string_view hash);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_FORMAT_CHECKPOINT_RECORD_H_
