// `CheckpointDecoder` reads checkpoints from the store and decodes them.
#ifndef ARMSTATE_STORAGE_REPOSITORY_CHECKPOINT_DECODER_H_
#define ARMSTATE_STORAGE_REPOSITORY_CHECKPOINT_DECODER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "storage/checkpoint_store.h"
#include "storage/format/difference_record.h"
#include "storage/format/full_copy.h"
#include "storage/repository/base_cache.h"
#include "storage/repository/layout_cache.h"

namespace armstate {

// A stored checkpoint without its vCPUs.
struct CheckpointSummary {
  int64_t version = 0;
  absl::Time create_time;
  std::string metadata;
  int vcpu_count = 0;
  bool is_protected = false;
};

struct StoredCheckpoint {
  CheckpointSummary summary;
  // Those that were asked for, ascending. Lists of the same registers share one layout.
  std::vector<VcpuRecord> vcpus;
  // The kept part of the digest of the request that made it; see NewCheckpoint.
  std::string request_digest;
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

// Where a base is looked for. A base in memory may belong to an earlier VM of the same name.
enum class BaseSource { kMemory, kStore };

// Thread-safe. Errors as CheckpointStore. A damaged checkpoint is DATA_LOSS with its own name also if it is the full
// copy that is damaged.
class CheckpointDecoder {
 public:
  // All must outlive it.
  CheckpointDecoder(CheckpointStore& store, LayoutCache& layouts, BaseCache& bases)
      : store_(store), layouts_(layouts), bases_(bases) {}

  // Without a version the highest that is kept. Of the wanted vCPUs those that there are.
  absl::StatusOr<StoredCheckpoint> Read(absl::string_view vm, absl::optional<int64_t> version,
                                        const WantedVcpus& wanted);
  // Without vCPUs; see CheckpointStore::List.
  absl::StatusOr<CheckpointPage> List(absl::string_view vm, int64_t after, size_t limit);
  // A record that the caller has already. DATA_LOSS also if it was deleted meanwhile, with its base.
  absl::StatusOr<StoredCheckpoint> Decode(absl::string_view vm, const StoredRecord& stored, const WantedVcpus& wanted,
                                          BaseSource source);

  // Removes a base, and the VM's present one, from the caches.
  void Forget(absl::string_view vm, int64_t base_version);

  // The base that the VM's next checkpoint may be a difference to, if there is one that can be read.
  absl::optional<BaseCache::Entry> PresentBase(absl::string_view vm);

 private:
  using Base = std::shared_ptr<const FullCopy>;

  absl::StatusOr<Base> FindBase(absl::string_view vm, int64_t base_version);
  absl::StatusOr<Base> LoadBase(absl::string_view vm, int64_t base_version);

  CheckpointStore& store_;
  LayoutCache& layouts_;
  BaseCache& bases_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_REPOSITORY_CHECKPOINT_DECODER_H_
