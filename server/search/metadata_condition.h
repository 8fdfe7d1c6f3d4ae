// MetadataCondition is a comparison of a checkpoint's metadata, such as labels.team = "web".
#ifndef ARMSTATE_SERVER_SEARCH_METADATA_CONDITION_H_
#define ARMSTATE_SERVER_SEARCH_METADATA_CONDITION_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "server/search/comparator.h"
#include "server/search/filter_token.h"
#include "server/search/indexed_metadata.h"

namespace armstate {

// What the result depends on, so that it can be computed once for all checkpoints that share it.
enum class MetadataScope { kTraits, kCheckpoint, kVcpu };

// Immutable.
class MetadataCondition {
 public:
  // Unset if `name` is not metadata ("vm", "labels.team", "source.host" ...). INVALID_ARGUMENT, reason FILTER_INVALID.
  static absl::StatusOr<absl::optional<MetadataCondition>> Create(const FilterToken& name, Comparator comparator,
                                                                  const FilterToken& value);

  MetadataScope scope() const { return scope_; }
  bool Holds(const IndexedMetadata& metadata, int vcpu_index) const { return test_(metadata, vcpu_index); }
  // Precondition: scope() is kTraits.
  bool Holds(const SharedMetadata& traits) const { return traits_test_(traits); }

  // All names, for suggestions; that of labels without its key.
  static absl::Span<const absl::string_view> Names();

 private:
  using TraitsTest = std::function<bool(const SharedMetadata&)>;
  using Test = std::function<bool(const IndexedMetadata&, int vcpu_index)>;

  explicit MetadataCondition(TraitsTest test);
  MetadataCondition(MetadataScope scope, Test test) : scope_(scope), test_(std::move(test)) {}

  MetadataScope scope_;
  TraitsTest traits_test_;
  Test test_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_METADATA_CONDITION_H_
