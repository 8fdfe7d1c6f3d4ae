// Filter is a condition on registers and metadata in the syntax of aip.dev/160; see SearchRegistersRequest.
#ifndef ARMSTATE_SERVER_SEARCH_FILTER_H_
#define ARMSTATE_SERVER_SEARCH_FILTER_H_

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/register_list.h"
#include "server/search/indexed_metadata.h"
#include "server/search/metadata_condition.h"
#include "server/search/register_condition.h"

namespace armstate {

// The comparison of one register in a filter.
struct RegisterCondition {
  // The index in Filter::registers().
  size_t register_number = 0;
  // For each register of FilterRegister::In; unset if it can never hold the number.
  using Tests = std::vector<absl::optional<NumberTest>>;
  // Empty: the vCPU has the register, with any value. Separate by scheme, since the fields may differ.
  Tests kvm;
  Tests tcg;

  const Tests& In(IdScheme scheme) const { return scheme == IdScheme::kKvm ? kvm : tcg; }
};

struct FilterNode {
  enum class Join { kAnd, kOr, kNot };
  // How the children are joined; kNot has one child. Unused for a condition.
  Join join = Join::kAnd;
  std::vector<FilterNode> children;
  std::variant<std::monostate, RegisterCondition, MetadataCondition> condition;
};

// Immutable.
//
// Example:
//   absl::StatusOr<Filter> filter = Filter::Parse("SCTLR_EL1.M = 0 AND labels.team = web");
//   if (filter->Matches(metadata, 0, registers)) ...
class Filter {
 public:
  // INVALID_ARGUMENT, reason FILTER_INVALID (metadata "position", "nearest").
  static absl::StatusOr<Filter> Parse(absl::string_view text);

  const FilterNode& root() const { return root_; }
  // The registers in the order of their first mention, without duplicates.
  const std::vector<FilterRegister>& registers() const { return registers_; }

  // Returns true if one vCPU of a checkpoint matches.
  bool Matches(const IndexedMetadata& metadata, int vcpu_index, const RegisterList& registers) const;

 private:
  friend class FilterParser;
  Filter() = default;

  bool Holds(const FilterNode& node, const IndexedMetadata& metadata, int vcpu_index,
             const RegisterList& registers) const;

  FilterNode root_;
  std::vector<FilterRegister> registers_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_FILTER_H_
