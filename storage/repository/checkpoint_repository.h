// `CheckpointRepository` stores and reads typed checkpoints; the server works with it.
#ifndef ARMSTATE_STORAGE_REPOSITORY_CHECKPOINT_REPOSITORY_H_
#define ARMSTATE_STORAGE_REPOSITORY_CHECKPOINT_REPOSITORY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "core/register_list.h"
#include "storage/checkpoint_store.h"
#include "storage/format/checkpoint_record.h"
#include "storage/repository/base_cache.h"
#include "storage/repository/checkpoint_decoder.h"
#include "storage/repository/layout_cache.h"

namespace armstate {

enum class VcpuSelection { kNone, kAll };

struct CreatedCheckpoint {
  // On a retry: that of the first call.
  CheckpointSummary summary;
  bool was_retry = false;
};

// Counts since the repository was created.
struct RepositoryStatistics {
  int64_t checkpoints = 0;
  // The number of checkpoints that brought a full copy.
  int64_t full_copies = 0;
  // 16 bytes for each register, as it comes over the wire, and the bytes that the store got for them.
  int64_t raw_bytes = 0;
  int64_t stored_bytes = 0;
};

using CreateCallback = std::function<void(absl::StatusOr<CreatedCheckpoint>)>;

// Example:
//   CheckpointRepository repository(storage->checkpoints());
//   absl::StatusOr<CreatedCheckpoint> created = repository.Create("web-1", std::move(checkpoint), absl::nullopt);
//   absl::StatusOr<StoredCheckpoint> latest = repository.Get("web-1", absl::nullopt);
//
// A version is kept as the difference to a full copy that an earlier one brought; see docs/decisions/0013. Reading any
// version takes its record and at most one full copy.
//
// Thread-safe. No Create may be unanswered when it goes. VM names are without "vms/". Errors of every method, besides
// its own: those that CheckpointStore names for all of its methods; a damaged checkpoint is named
// "vms/{vm}/checkpoints/{version}".
class CheckpointRepository {
 public:
  using Clock = std::function<absl::Time()>;
  // Runs a task later, on a thread that may wait for the disk.
  using Executor = std::function<void(std::function<void()>)>;

  // The store must outlive it. `executor` does what the caller of CreateAsync and the store's threads must not wait
  // for; without one they do. `base_cache_bytes`: of each of two caches of full copies, of about 10 KB for a vCPU of
  // 333 registers.
  explicit CheckpointRepository(
      CheckpointStore& store, Clock clock = absl::Now,
      Executor executor = [](const std::function<void()>& task) { task(); },
      size_t base_cache_bytes = size_t{256} << 20);

  // Stores a checkpoint as the next version of a VM, which begins with its first one. Durable when it answers.
  // * FAILED_PRECONDITION, reason VERSION_CONFLICT (metadata "expected_version", "latest_version"): the VM's last
  // version is not
  //   the expected one. 0 expects that there is no such VM.
  // * ALREADY_EXISTS, reason REQUEST_ID_REUSED (metadata "request_id", "name"): the request ID made a checkpoint with
  // another digest.
  // * INVALID_ARGUMENT, reason FIELD_INVALID (metadata "field"): a limit of storage/format/checkpoint_record.h is
  // exceeded.
  // * UNAVAILABLE or RESOURCE_EXHAUSTED: it is not known whether it was stored. Call again with the same request ID.
  // Does not wait for the disk. `done` gets the answer, once, from a thread of the store, the executor or this one, and
  // must not block it. Keeps no order: of two that are not answered yet the second may become the earlier version.
  void CreateAsync(absl::string_view vm, NewCheckpoint checkpoint, absl::optional<int64_t> expected_latest_version,
                   CreateCallback done);
  // The same, and waits for the answer.
  absl::StatusOr<CreatedCheckpoint> Create(absl::string_view vm, NewCheckpoint checkpoint,
                                           absl::optional<int64_t> expected_latest_version);

  // The layout that the VM's next checkpoint has, as a rule: shared with the last one's. Null if it is not at hand.
  std::shared_ptr<const RegisterLayout> LikelyLayout(absl::string_view vm);

  // By the executor.
  void RunLater(std::function<void()> task) { executor_(std::move(task)); }

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
  // FAILED_PRECONDITION, reason CHECKPOINT_PROTECTED.
  absl::Status Delete(absl::string_view vm, int64_t version);

  // NOT_FOUND, reason VM_NOT_FOUND.
  absl::StatusOr<VmInfo> GetVm(absl::string_view vm);
  // See CheckpointStore::ListVms.
  absl::StatusOr<VmPage> ListVms(absl::string_view cursor, size_t limit);
  // Removes a VM with all its checkpoints. See CheckpointStore::DeleteVm.
  absl::Status DeleteVm(absl::string_view vm, ProtectedVersions protected_versions);

  // See CheckpointStore.
  absl::StatusOr<VmInfo> SetRetention(absl::string_view vm, const Retention& retention);
  absl::Status SetProtected(absl::string_view vm, int64_t version, bool is_protected);
  // Removes all that retention does not keep now; answers how many those were. NOT_FOUND, reason VM_NOT_FOUND.
  // CANCELLED if `cancelled` is true, which is asked every 1000 versions: what is removed by then stays removed.
  absl::StatusOr<int64_t> ApplyRetention(
      absl::string_view vm, const std::function<bool()>& cancelled = [] { return false; });

  RepositoryStatistics statistics() const;

 private:
  // A checkpoint on its way to the store.
  struct Pending;

  // Encodes and commits; again, if the base was another by then. May read the full copy from disk.
  void Commit(const std::shared_ptr<Pending>& pending);
  absl::Status EncodeFullCopy(Pending& pending, CommitRequest& request);
  void OnCommitted(const std::shared_ptr<Pending>& pending, absl::StatusOr<CommitResult> result);
  // May read from disk, too.
  void AnswerRetry(const std::shared_ptr<Pending>& pending, const Committed& committed);
  void CountCreated(const Pending& pending);

  CheckpointStore& store_;
  const Clock clock_;
  const Executor executor_;
  LayoutCache layouts_;
  BaseCache bases_;
  CheckpointDecoder decoder_;

  mutable absl::Mutex mutex_;
  RepositoryStatistics statistics_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_REPOSITORY_CHECKPOINT_REPOSITORY_H_
