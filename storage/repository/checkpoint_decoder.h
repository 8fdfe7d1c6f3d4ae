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

struct DecodedCheckpoint {
  struct Vcpu {
    int vcpu_index = 0;
    absl::StatusOr<LayoutCache::Layout> layout;
    std::string values;
    std::string opaque;
  };

  int64_t version = 0;
  bool is_protected = false;
  absl::Time create_time;
  std::string request_digest;
  std::string metadata;
  int vcpu_count = 0;
  // Those that are wanted and that it has, ascending.
  std::vector<Vcpu> vcpus;
};

struct DecodedPage {
  struct Item {
    int64_t version = 0;
    absl::StatusOr<DecodedCheckpoint> checkpoint;
  };
  std::vector<Item> items;
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

  // Without a version the highest that is kept.
  absl::StatusOr<DecodedCheckpoint> Read(absl::string_view vm, absl::optional<int64_t> version,
                                         const WantedVcpus& wanted);
  // Without vCPUs; see CheckpointStore::List.
  absl::StatusOr<DecodedPage> List(absl::string_view vm, int64_t after, size_t limit);
  // A record that the caller has already. DATA_LOSS also if it was deleted meanwhile, with its base.
  absl::StatusOr<DecodedCheckpoint> Decode(absl::string_view vm, const StoredRecord& stored, const WantedVcpus& wanted,
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
