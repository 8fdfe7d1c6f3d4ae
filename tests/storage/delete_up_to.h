// `DeleteUpTo` deletes the first versions of a VM, for tests that need them gone.
#ifndef ARMSTATE_TESTS_STORAGE_DELETE_UP_TO_H_
#define ARMSTATE_TESTS_STORAGE_DELETE_UP_TO_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/checkpoint_store.h"

namespace armstate {

// Deletes all versions up to and including `up_to` that are kept and not protected, damaged ones too, one by one.
// Returns how many those are.
inline absl::StatusOr<int64_t> DeleteUpTo(CheckpointStore& store, absl::string_view vm, int64_t up_to, absl::Time now) {
  const absl::StatusOr<VmInfo> info = store.GetVm(vm);
  if (!info.ok()) return info.status();
  int64_t deleted = 0;
  for (int64_t version = 1; version <= up_to && version <= info->last_version; ++version) {
    const absl::Status status = store.Delete(vm, version, now);
    if (status.ok()) {
      ++deleted;
    } else if (!absl::IsNotFound(status) && !absl::IsFailedPrecondition(status)) {
      return status;
    }
  }
  return deleted;
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_DELETE_UP_TO_H_
