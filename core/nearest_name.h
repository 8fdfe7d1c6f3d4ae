// `NearestName` finds the known name that is most similar to a misspelt one.
#ifndef ARMSTATE_CORE_NEAREST_NAME_H_
#define ARMSTATE_CORE_NEAREST_NAME_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace armstate {

// The number of letters to insert, delete or replace to turn one name into the other, ignoring case. Takes time and
// memory by the product and the sum of the lengths.
size_t EditDistance(absl::string_view a, absl::string_view b);

// Keeps the nearest of the names that it is shown. Not thread-safe.
//
// Example:
//   NearestName nearest("SCTRL_EL1");
//   for (absl::string_view name : names) nearest.Consider(name);
//   nearest.name() == "SCTLR_EL1"
class NearestName {
 public:
  explicit NearestName(absl::string_view wanted) : wanted_(wanted) {}

  // The name must outlive this object.
  void Consider(absl::string_view name);

  // The nearest so far, the first of equally near ones; empty if all differ from `wanted` in more than half of its
  // letters.
  absl::string_view name() const { return name_; }

 private:
  absl::string_view wanted_;
  absl::string_view name_;
  size_t distance_ = wanted_.size() / 2 + 1;  // nearer than this is near
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_NEAREST_NAME_H_
