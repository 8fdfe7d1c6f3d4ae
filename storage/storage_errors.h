// The functions here make the names of stored objects, and the errors that contain these names.
#ifndef ARMSTATE_STORAGE_STORAGE_ERRORS_H_
#define ARMSTATE_STORAGE_STORAGE_ERRORS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "storage/checkpoint_event.h"
#include "storage/record_kind.h"

namespace armstate {

// "vms/web-1".
std::string VmName(absl::string_view vm);
// "vms/web-1/checkpoints/7".
std::string CheckpointName(absl::string_view vm, int64_t version);
// "machines/m1"; of a restore report "restores/web-1/0000000000000000007/0000000000000000001".
std::string RecordName(RecordKind kind, absl::string_view name);
// "vms/web-1/bases/7": the base that version 7 brought.
std::string BaseName(absl::string_view vm, int64_t version);
// "layouts/9f86d0...": the hash in hexadecimal.
std::string LayoutName(absl::string_view hash);

// "events/7".
std::string EventName(uint64_t sequence);

// NOT_FOUND, metadata "name".
absl::Status VmNotFound(absl::string_view vm);
absl::Status CheckpointNotFound(absl::string_view vm, int64_t version);
// FAILED_PRECONDITION, reason CHECKPOINT_PROTECTED, metadata "name".
absl::Status CheckpointProtected(absl::string_view vm, int64_t version);
// The same of a VM that is to be deleted: `version` is one of its protected checkpoints; also metadata "protected".
absl::Status VmProtected(absl::string_view vm, int64_t version, int64_t protected_count);
// The VM has no checkpoint at all.
absl::Status NoCheckpointKept(absl::string_view vm);
absl::Status RecordNotFound(RecordKind kind, absl::string_view name);

// Can the events after this one be read? See CheckpointStore::ReadEvents.
absl::Status CheckEventPosition(uint64_t after, const EventRange& kept);

// DATA_LOSS, reason RECORD_DAMAGED, metadata "record".
absl::Status RecordDamaged(absl::string_view record, absl::string_view why);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_STORAGE_ERRORS_H_
