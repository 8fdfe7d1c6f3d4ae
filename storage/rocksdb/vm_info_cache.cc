#include "storage/rocksdb/vm_info_cache.h"

#include "storage/rocksdb/keys.h"
#include "storage/rocksdb/values.h"

namespace armstate {

absl::StatusOr<absl::optional<VmInfo>> VmInfoCache::Find(absl::string_view vm, CommitBatch& batch) {
  if (opened_ != database_.times_opened()) {
    vms_.Clear();
    opened_ = database_.times_opened();
  }
  if (const VmInfo* const info = vms_.Find(vm); info != nullptr) return absl::optional<VmInfo>(*info);
  return table_.FindVm(vm, &batch);
}

void VmInfoCache::Put(const VmInfo& info, CommitBatch& batch) {
  batch.Put(database_.handle(ColumnFamily::kVms), VmKey(info.vm), EncodeVmValue(info));
  vms_.Put(info.vm, info, info.vm.size());
}

void VmInfoCache::Delete(absl::string_view vm, CommitBatch& batch) {
  batch.Delete(database_.handle(ColumnFamily::kVms), VmKey(vm));
  vms_.Erase(vm);
}

}  // namespace armstate
