// IndexedMetadata is what a search knows of a checkpoint besides its registers.
#ifndef ARMSTATE_SERVER_SEARCH_INDEXED_METADATA_H_
#define ARMSTATE_SERVER_SEARCH_INDEXED_METADATA_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "armstate/v1/checkpoint.pb.h"
#include "core/catalog.h"

namespace armstate {

// The part of the metadata that checkpoints of many VMs share. Immutable.
struct SharedMetadata {
  // Equal keys mean equal content.
  std::string key;
  v1::Source source;
  std::map<std::string, std::string> labels;
  // The scheme by which its lists use register IDs.
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

// Extracts the metadata from a checkpoint's BASIC view.
IndexedMetadata IndexedMetadataOf(absl::string_view vm, const v1::Checkpoint& basic, IdScheme scheme);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_INDEXED_METADATA_H_
