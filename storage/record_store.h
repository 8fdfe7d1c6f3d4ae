// `RecordStore` keeps everything but the checkpoints: each record has a kind, a name, and bytes that belong to the
// caller.
#ifndef ARMSTATE_STORAGE_RECORD_STORE_H_
#define ARMSTATE_STORAGE_RECORD_STORE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "storage/record_kind.h"

namespace armstate {

// A record to make or replace, or to delete where there are no bytes; deleting one that is not there does nothing.
struct RecordChange {
  RecordKind kind;
  std::string name;
  absl::optional<std::string> bytes;
};

// One record of a list. A damaged one does not hide the others.
struct ListedNamedRecord {
  std::string name;
  // DATA_LOSS, reason RECORD_DAMAGED, if it is damaged.
  absl::StatusOr<std::string> bytes;
};

struct NamedRecordPage {
  std::vector<ListedNamedRecord> records;
  // There are records after the last of these.
  bool more = false;
  // DATA_LOSS, reason RECORD_DAMAGED, if there were others beside these, whose names cannot be read either.
  absl::Status unnamed;
};

// A number as part of a name: names sort as these numbers do. At least 0.
inline std::string NumberInName(int64_t number) { return absl::StrFormat("%019d", number); }

// Thread-safe. Names are the part after "machines/", "hosts/", ...; any bytes but none at all. Errors of every method,
// besides its own: those of CheckpointStore.
//
// Example: all restores of a checkpoint, and their end with their VM.
//   const std::string prefix = absl::StrCat(vm, "/", NumberInName(version), "/");
//   store.Put(RecordKind::kRestoreReport, absl::StrCat(prefix, NumberInName(number)), bytes);
//   store.List(RecordKind::kRestoreReport, prefix, "", 100);
//   store.DeletePrefix(RecordKind::kRestoreReport, absl::StrCat(vm, "/"));
class RecordStore {
 public:
  // A page of List holds at most this many bytes of records, but always one record.
  static constexpr size_t kMaxPageBytes = size_t{32} << 20;

  virtual ~RecordStore() = default;

  // All of the changes or none. Durable when it answers.
  virtual absl::Status Commit(absl::Span<const RecordChange> changes) = 0;

  // Makes a record or replaces it. Durable when it answers.
  absl::Status Put(RecordKind kind, absl::string_view name, absl::string_view bytes) {
    return Commit({{kind, std::string(name), std::string(bytes)}});
  }

  // NOT_FOUND, metadata "name"; the reason is MACHINE_NOT_FOUND, HOST_NOT_FOUND, CPU_PROFILE_NOT_FOUND or, of a restore
  // report, CHECKPOINT_NOT_FOUND.
  virtual absl::StatusOr<std::string> Get(RecordKind kind, absl::string_view name) = 0;

  // The records whose names begin with `prefix` and sort after `after`, in order of their names' bytes; at most `limit`
  // of them (at least 1), and less if they are large. "" is before all names.
  virtual absl::StatusOr<NamedRecordPage> List(RecordKind kind, absl::string_view prefix, absl::string_view after,
                                               size_t limit) = 0;

  // Durable when it answers. A damaged record can be deleted too. Errors: as Get.
  virtual absl::Status Delete(RecordKind kind, absl::string_view name) = 0;

  // All records whose names begin with `prefix`; there may be none. Durable when it answers. INTERNAL if the prefix is
  // empty or only bytes 0xff.
  virtual absl::Status DeletePrefix(RecordKind kind, absl::string_view prefix) = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_RECORD_STORE_H_
