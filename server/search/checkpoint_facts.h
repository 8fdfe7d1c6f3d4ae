// What a search knows of a checkpoint besides its registers.
#ifndef ARMSTATE_SERVER_SEARCH_CHECKPOINT_FACTS_H_
#define ARMSTATE_SERVER_SEARCH_CHECKPOINT_FACTS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "armstate/v1/checkpoint.pb.h"
#include "core/catalog.h"

namespace armstate {

// What the checkpoints of many VMs have in common. Immutable.
struct SharedMetadata {
  // Two with the same key are the same.
  std::string key;
  v1::Source source;
  std::map<std::string, std::string> labels;
  // How its lists use register IDs.
  IdScheme scheme = IdScheme::kKvm;
};

struct IndexedMetadata {
  std::string vm;
  int64_t version = 0;
  // Nanoseconds since 1970-01-01 00:00 UTC.
  int64_t create_time = 0;
  absl::optional<int64_t> capture_time;
  int64_t vcpu_count = 0;
  int64_t register_count = 0;
  std::shared_ptr<const SharedMetadata> traits;
};

// Of a checkpoint's BASIC view.
IndexedMetadata IndexedMetadataOf(absl::string_view vm, const v1::Checkpoint& basic, IdScheme scheme);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_CHECKPOINT_FACTS_H_
