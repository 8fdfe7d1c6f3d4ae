// `CheckpointStore` keeps the checkpoints: versioned records of VMs, and the register layouts that they share.
//
// Records are bytes to the store (storage/format has their formats), and so are bases, to which records of the same VM
// are differences: the store only makes sure that a base stays until the last record that needs it is removed. RocksDB
// implements this interface (storage/rocksdb/storage.h). The interface is cut so that a distributed engine fits too: a
// commit is one atomic write of one VM, lists only ascend, and the outcome of a commit may be unknown.
#ifndef ARMSTATE_STORAGE_CHECKPOINT_STORE_H_
#define ARMSTATE_STORAGE_CHECKPOINT_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "storage/checkpoint_event.h"
#include "storage/event_listeners.h"

namespace armstate {

// `Retention` says which versions of a VM are kept: those that a rule keeps, the latest one, and protected ones. The
// others are removed.
struct Retention {
  // Versions above the last one ever given minus this; 0: not a rule.
  int64_t keep_last = 0;
  // Versions younger than this; 0: not a rule.
  absl::Duration keep_for;
  // Versions that have labels.
  bool keep_labelled = false;

  // Without a number or an age nothing is removed.
  bool enabled() const { return keep_last > 0 || keep_for > absl::ZeroDuration(); }
};

// A VM as the store knows it. Times have a resolution of 1 ns.
struct VmInfo {
  std::string vm;
  // Another number each time a VM of this name is made; never 0.
  uint64_t incarnation = 0;
  // The highest version ever given, at least 1.
  int64_t last_version = 0;
  // The highest version that is kept; 0 if no version is kept.
  int64_t latest_kept_version = 0;
  // The number of versions that are kept.
  int64_t checkpoint_count = 0;
  // The number of protected versions.
  int64_t protected_count = 0;
  // CommitRequest::raw_bytes of all versions that are kept. Damaged versions that were removed still count.
  int64_t raw_bytes = 0;
  // The base that the next record may be a difference to; 0 if the VM has no such base.
  int64_t base_version = 0;
  Retention retention;
  // Retention has decided about all versions up to this one.
  int64_t swept_version = 0;
  absl::Time create_time;
  // The time of the last commit, deletion or change of the retention.
  absl::Time update_time;
};

// A base of a VM: full bytes to which records are differences, kept beside the versions under the number of the version
// that brought it.
struct BaseRef {
  uint64_t incarnation = 0;
  int64_t version = 0;
};

// The arguments of Commit.
struct CommitRequest {
  std::string vm;
  // Only into this incarnation of the VM. Without one: into the present VM, which is created if it does not exist.
  absl::optional<uint64_t> incarnation;
  // Only if this is the VM's last version; 0 means that the VM must not exist.
  absl::optional<int64_t> expected_last_version;
  // Two commits with the same ID are one. Empty: no protection against a retry.
  std::string request_id;
  std::string record;
  // The base that the record needs, if any: one that is there,
  absl::optional<BaseRef> base;
  // or this one, which is stored with the record; empty: none.
  std::string new_base;
  // Layouts that may not be stored yet, by hash. They are stored with the record.
  std::map<std::string, std::string> layouts;
  // The checkpoint has labels, see Retention.
  bool labelled = false;
  // The size of the registers on the wire: 16 bytes each.
  uint32_t raw_bytes = 0;
  absl::Time commit_time;
};

struct StoredRecord {
  int64_t version = 0;
  // The base that the record needs; 0: none.
  int64_t base_version = 0;
  // CommitRequest::commit_time.
  absl::Time time;
  uint32_t raw_bytes = 0;
  bool labelled = false;
  bool is_protected = false;
  std::string record;
};

// The record is durable as `version`.
struct Committed {
  int64_t version = 0;
  uint64_t incarnation = 0;
  // Set if an earlier commit had this request ID: `version` is what that one got, this is its record (or DATA_LOSS, if
  // it is damaged), and nothing was stored now.
  absl::optional<absl::StatusOr<StoredRecord>> earlier_record;

  bool was_retry() const { return earlier_record.has_value(); }
};

// Nothing was stored: the VM's last version (0 if there is no such VM) is not the expected one.
struct CommitConflict {
  int64_t last_version = 0;
};

// Nothing was stored: the base is not (or no longer) the VM's present one, or serves kMaxVersionsPerBase versions.
struct CommitBaseChanged {};

// The engine failed while it wrote: the record may be there or not. Commit again with the same request ID.
struct CommitUnknown {
  // UNAVAILABLE or RESOURCE_EXHAUSTED, reason STORAGE_UNAVAILABLE.
  absl::Status cause;
};

using CommitResult = std::variant<Committed, CommitConflict, CommitBaseChanged, CommitUnknown>;
using CommitCallback = std::function<void(absl::StatusOr<CommitResult>)>;

// One version of a list. A damaged record does not hide the others.
struct ListedRecord {
  int64_t version = 0;
  // DATA_LOSS, reason RECORD_DAMAGED, if it is damaged.
  absl::StatusOr<StoredRecord> record;
};

struct RecordPage {
  std::vector<ListedRecord> records;
  // There are versions after the last of these.
  bool more = false;
};

struct RetentionSweep {
  // The number of versions that were removed.
  int64_t removed = 0;
  // Retention has decided about all versions, as of this time.
  bool done = false;
};

// Tells DeleteVm what to do with protected versions.
enum class ProtectedVersions { kRefuse, kDelete };

// One VM of a list. A damaged one does not hide the others.
struct ListedVm {
  std::string vm;
  // DATA_LOSS, reason RECORD_DAMAGED, if it is damaged.
  absl::StatusOr<VmInfo> info;
};

struct VmPage {
  std::vector<ListedVm> vms;
  // Where the next page begins; empty on the last one.
  std::string next_cursor;
};

// Thread-safe. Of calls for one VM each sees the effect of those that were answered before it began.
//
// Errors of every method, besides its own:
// * DATA_LOSS, reason RECORD_DAMAGED: stored bytes fail a checksum or cannot be decoded; metadata "record" names them.
// * UNAVAILABLE, reason STORAGE_UNAVAILABLE: the engine cannot be reached or refuses; metadata "cause".
// * RESOURCE_EXHAUSTED, reason STORAGE_UNAVAILABLE: no space is left; reason SERVER_BUSY: too many writes wait.
// A VM name or request ID may be any bytes; whether it is a legal name is the caller's question.
class CheckpointStore {
 public:
  // A page of List holds at most this many bytes of records, but always one record.
  static constexpr size_t kMaxPageBytes = size_t{32} << 20;

  // A base serves the version that brought it and at most the next 31: what a damaged base costs, and what it costs to
  // find out whether a base is still needed.
  static constexpr int64_t kMaxVersionsPerBase = 32;

  virtual ~CheckpointStore() = default;

  // Stores a record as the next version of a VM: 1, 2, 3 ... without gaps. All or nothing, and durable when it answers.
  // A request ID is looked up before anything else but the incarnation; it is remembered as long as its version is
  // kept. NOT_FOUND, reason VM_NOT_FOUND, if the VM has not (or no longer) the incarnation that was asked for.
  // Does not wait for the disk: `done` gets the answer, once, from a thread of the store, and must not block it.
  // Commits of one VM take effect in the order of the calls. The same write removes what retention does not keep.
  virtual void CommitAsync(CommitRequest request, CommitCallback done) = 0;
  // Does the same, and waits for the answer.
  absl::StatusOr<CommitResult> Commit(CommitRequest request);

  // NOT_FOUND, reason VM_NOT_FOUND or CHECKPOINT_NOT_FOUND.
  virtual absl::StatusOr<StoredRecord> Get(absl::string_view vm, int64_t version) = 0;
  // The record with the highest version that is kept. NOT_FOUND as Get.
  virtual absl::StatusOr<StoredRecord> GetLatest(absl::string_view vm) = 0;
  // A base that a kept version needs, also when the version that brought it is gone. NOT_FOUND, reason
  // CHECKPOINT_NOT_FOUND, if there is no base of this number.
  virtual absl::StatusOr<std::string> GetBase(absl::string_view vm, int64_t version) = 0;
  // NOT_FOUND, reason VM_NOT_FOUND.
  virtual absl::StatusOr<VmInfo> GetVm(absl::string_view vm) = 0;

  // The kept versions above `after`, ascending; at most `limit` of them (at least 1), and less if they are large.
  // NOT_FOUND, reason VM_NOT_FOUND.
  virtual absl::StatusOr<RecordPage> List(absl::string_view vm, int64_t after, size_t limit) = 0;
  // At most `limit` VMs (at least 1), beginning at a cursor that an earlier page gave (or "" for the first). In the
  // engine's order. If the engine loses the names of VMs with their bytes, those that have checkpoints are there.
  virtual absl::StatusOr<VmPage> ListVms(absl::string_view cursor, size_t limit) = 0;

  // Removes one version, durably; a damaged one too. It is never given again. A base is
  // removed with the last version that needs it. NOT_FOUND as Get. FAILED_PRECONDITION, reason CHECKPOINT_PROTECTED.
  virtual absl::Status Delete(absl::string_view vm, int64_t version, absl::Time now) = 0;
  // Removes a VM with all its versions, durably, all or nothing. NOT_FOUND, reason VM_NOT_FOUND. With kRefuse also
  // FAILED_PRECONDITION, reason CHECKPOINT_PROTECTED, if there are protected versions: metadata "name" is one of them,
  // "protected" how many there are.
  virtual absl::Status DeleteVm(absl::string_view vm, ProtectedVersions protected_versions, absl::Time now) = 0;

  // Sets what is kept of a VM from now on, durably. Removes nothing by itself. NOT_FOUND, reason VM_NOT_FOUND.
  virtual absl::StatusOr<VmInfo> SetRetention(absl::string_view vm, const Retention& retention, absl::Time now) = 0;
  // Protects a version from retention and Delete, or no longer, durably. NOT_FOUND as Get.
  virtual absl::Status SetProtected(absl::string_view vm, int64_t version, bool is_protected) = 0;
  // Removes what retention does not keep at this time, durably, looking at a limited number of versions; call again if
  // it is not done. For VMs of which no new versions come. NOT_FOUND, reason VM_NOT_FOUND.
  virtual absl::StatusOr<RetentionSweep> ApplyRetention(absl::string_view vm, absl::Time now) = 0;

  // The events after this one (0: from the first), at most `limit` of them (at least 1); none if it is the newest. An
  // event is there as soon as the call that made it is answered, and only if it is durable. The newest ones are kept,
  // as many as the store is configured to keep. DATA_LOSS only if the first of them is damaged.
  // * OUT_OF_RANGE, reason EVENTS_GONE (metadata "after", "oldest"): they are not all kept any more.
  // * INVALID_ARGUMENT, reason PAGE_TOKEN_INVALID (metadata "after", "newest"): there is no such event yet.
  virtual absl::StatusOr<EventPage> ReadEvents(uint64_t after, size_t limit) = 0;
  // The range of the events that are kept, without a read.
  virtual EventRange events() = 0;
  // Calls the listener from a thread of the store from now on, in order, when there are new events. They can be read
  // then.
  virtual std::unique_ptr<EventSubscription> SubscribeToEvents(EventListener listener) = 0;

  // DATA_LOSS, reason RECORD_DAMAGED, if it is not there: nothing asks for a layout but a record that refers to it.
  virtual absl::StatusOr<std::string> GetLayout(absl::string_view hash) = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_CHECKPOINT_STORE_H_
