// A filter over registers and metadata in the syntax of aip.dev/160; see SearchRegistersRequest.
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
#include "server/search/checkpoint_facts.h"
#include "server/search/metadata_condition.h"
#include "server/search/register_condition.h"

namespace armstate {

// One register of a filter, compared.
struct RegisterCondition {
  // Which of Filter::registers().
  size_t register_number = 0;
  // Nothing: the vCPU has the register, whatever its value. By scheme, as the fields may differ.
  absl::optional<NumberTest> kvm;
  absl::optional<NumberTest> tcg;

  const absl::optional<NumberTest>& In(IdScheme scheme) const { return scheme == IdScheme::kKvm ? kvm : tcg; }
};

struct FilterNode {
  enum class Join { kAnd, kOr, kNot };
  // What the children are joined by; kNot has one. Of a condition: nothing.
  Join join = Join::kAnd;
  std::vector<FilterNode> children;
  std::variant<std::monostate, RegisterCondition, MetadataCondition> condition;
};

// Immutable.
//
// Example:
//   absl::StatusOr<Filter> filter = Filter::Parse("SCTLR_EL1.M = 0 AND labels.team = web");
//   if (filter->Matches(facts, 0, registers)) ...
class Filter {
 public:
  // INVALID_ARGUMENT, reason FILTER_INVALID (metadata "position", "nearest").
  static absl::StatusOr<Filter> Parse(absl::string_view text);

  const FilterNode& root() const { return root_; }
  // In the order of their first mention, each once.
  const std::vector<FilterRegister>& registers() const { return registers_; }

  // One vCPU of a checkpoint.
  bool Matches(const IndexedMetadata& facts, int vcpu_index, const RegisterList& registers) const;

 private:
  friend class FilterParser;
  Filter() = default;

  bool Holds(const FilterNode& node, const IndexedMetadata& facts, int vcpu_index, const RegisterList& registers) const;

  FilterNode root_;
  std::vector<FilterRegister> registers_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_FILTER_H_
