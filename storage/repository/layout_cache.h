// `LayoutCache` caches the register layouts of a store: one object per layout, however many checkpoints share it.
#ifndef ARMSTATE_STORAGE_REPOSITORY_LAYOUT_CACHE_H_
#define ARMSTATE_STORAGE_REPOSITORY_LAYOUT_CACHE_H_

#include <cstddef>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "core/register_list.h"
#include "storage/checkpoint_store.h"
#include "storage/format/checkpoint_record.h"

namespace armstate {

// Thread-safe.
class LayoutCache {
 public:
  using Layout = std::shared_ptr<const RegisterLayout>;

  // The store must outlive it.
  explicit LayoutCache(CheckpointStore& store) : store_(store) {}

  // From memory or the store. Errors: see CheckpointStore::GetLayout and DecodeLayout.
  absl::StatusOr<Layout> Find(absl::string_view hash);
  // Is it known that the store has it?
  bool IsKnown(absl::string_view hash);
  // The store has this one.
  void Put(absl::string_view hash, const Layout& layout);

 private:
  CheckpointStore& store_;
  absl::Mutex mutex_;
  absl::flat_hash_map<LayoutHash, Layout> layouts_ ABSL_GUARDED_BY(mutex_);
  size_t registers_ ABSL_GUARDED_BY(mutex_) = 0;  // of all layouts
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_REPOSITORY_LAYOUT_CACHE_H_
