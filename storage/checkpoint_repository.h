// The checkpoints of all VMs, typed: what the server works with.
#ifndef ARMSTATE_STORAGE_CHECKPOINT_REPOSITORY_H_
#define ARMSTATE_STORAGE_CHECKPOINT_REPOSITORY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "core/register_list.h"
#include "storage/checkpoint_record.h"
#include "storage/checkpoint_store.h"

namespace armstate {

// A checkpoint that is to be stored.
struct NewCheckpoint {
  // Makes a retry safe, see CheckpointStore. At most kMaxRequestIdBytes; may be empty.
  std::string request_id;
  // The same for every attempt of one request and different for any other, e.g. Sha256() (storage/digest.h) of its
  // deterministic serialization. Compared when a request ID comes again. At most kMaxRequestDigestBytes.
  std::string request_digest;
  // The caller's bytes: what is shown without the vCPUs.
  std::string metadata;
  // vcpu_index strictly ascending.
  std::vector<VcpuRecord> vcpus;
};

// A stored checkpoint without its vCPUs.
struct CheckpointSummary {
  int64_t version = 0;
  absl::Time create_time;
  std::string request_id;
  std::string metadata;
  int vcpu_count = 0;
};

struct CreatedCheckpoint {
  // On a retry: that of the first call.
  CheckpointSummary summary;
  bool was_retry = false;
};

struct StoredCheckpoint {
  CheckpointSummary summary;
  // Those that were asked for, ascending. Lists of the same registers share one layout.
  std::vector<VcpuRecord> vcpus;
};

// One checkpoint of a list. A damaged one does not hide the others.
struct ListedCheckpoint {
  int64_t version = 0;
  // DATA_LOSS, reason RECORD_DAMAGED, if it is damaged.
  absl::StatusOr<CheckpointSummary> summary;
};

struct CheckpointPage {
  std::vector<ListedCheckpoint> checkpoints;
  // There are checkpoints after the last of these.
  bool more = false;
};

enum class VcpuSelection { kNone, kAll };

// Example:
//   CheckpointRepository repository(storage->checkpoints());
//   absl::StatusOr<CreatedCheckpoint> created = repository.Create("web-1", std::move(checkpoint), absl::nullopt);
//   absl::StatusOr<StoredCheckpoint> latest = repository.Get("web-1", absl::nullopt);
//
// Thread-safe. VM names are without "vms/". Errors of every method, besides its own: those that CheckpointStore names
// for all of its methods; a damaged checkpoint is named "vms/{vm}/checkpoints/{version}".
class CheckpointRepository {
 public:
  using Clock = std::function<absl::Time()>;

  // The store must outlive it.
  explicit CheckpointRepository(CheckpointStore& store, Clock clock = absl::Now);

  // Stores a checkpoint as the next version of a VM, which begins with its first one. Durable when it answers.
  // * FAILED_PRECONDITION, reason VERSION_CONFLICT (metadata "expected_version", "latest_version"): the VM's last
  // version is not
  //   the expected one. 0 expects that there is no such VM.
  // * ALREADY_EXISTS, reason REQUEST_ID_REUSED (metadata "request_id", "name"): the request ID made a checkpoint with
  // another digest.
  // * INVALID_ARGUMENT, reason FIELD_INVALID (metadata "field"): a limit of storage/checkpoint_record.h is exceeded.
  // * UNAVAILABLE or RESOURCE_EXHAUSTED: it is not known whether it was stored. Call again with the same request ID.
  absl::StatusOr<CreatedCheckpoint> Create(absl::string_view vm, NewCheckpoint checkpoint,
                                           absl::optional<int64_t> expected_latest_version);

  // FAILED_PRECONDITION, reason VERSION_CONFLICT, if Create would answer so now.
  absl::Status CheckLatestVersion(absl::string_view vm, int64_t expected);

  // Reads a checkpoint, with all of its vCPUs or none; without a version the highest that is kept.
  // NOT_FOUND, reason VM_NOT_FOUND or CHECKPOINT_NOT_FOUND (metadata "name").
  absl::StatusOr<StoredCheckpoint> Get(absl::string_view vm, absl::optional<int64_t> version,
                                       VcpuSelection selection = VcpuSelection::kAll);
  // The same with only these vCPUs (any order, repeats do no harm). Also NOT_FOUND, reason VCPU_NOT_FOUND (metadata
  // "name" of the checkpoint, "vcpu_index").
  absl::StatusOr<StoredCheckpoint> GetVcpus(absl::string_view vm, absl::optional<int64_t> version,
                                            absl::Span<const int32_t> vcpu_indexes);

  // The checkpoints with versions above `after`, ascending; at most `limit` of them (at least 1), and less if they are
  // large. NOT_FOUND, reason VM_NOT_FOUND.
  absl::StatusOr<CheckpointPage> List(absl::string_view vm, int64_t after, size_t limit);

  // Removes one checkpoint; its version is never used again. NOT_FOUND, reason VM_NOT_FOUND or CHECKPOINT_NOT_FOUND.
  absl::Status Delete(absl::string_view vm, int64_t version);

  // NOT_FOUND, reason VM_NOT_FOUND.
  absl::StatusOr<VmInfo> GetVm(absl::string_view vm);
  // See CheckpointStore::ListVms.
  absl::StatusOr<VmPage> ListVms(absl::string_view cursor, size_t limit);
  // Removes a VM with all its checkpoints. NOT_FOUND, reason VM_NOT_FOUND.
  absl::Status DeleteVm(absl::string_view vm);

 private:
  using Layout = std::shared_ptr<const RegisterLayout>;

  absl::StatusOr<StoredRecord> ReadRecord(absl::string_view vm, absl::optional<int64_t> version);
  // Stores a layout, unless it is known to be stored.
  absl::Status KeepLayout(const LayoutHash& hash, const Layout& layout);
  absl::StatusOr<Layout> FindLayout(absl::string_view hash);
  void CacheLayout(absl::string_view hash, const Layout& layout);
  // `name` names the record that the view is of.
  absl::StatusOr<VcpuRecord> ReadVcpu(const VcpuRecordView& view, absl::string_view name);

  CheckpointStore& store_;
  const Clock clock_;

  absl::Mutex mutex_;
  // Layouts that are known to be stored, by their hash, and the sum of their sizes.
  absl::flat_hash_map<LayoutHash, Layout> layouts_ ABSL_GUARDED_BY(mutex_);
  size_t cached_registers_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_CHECKPOINT_REPOSITORY_H_
