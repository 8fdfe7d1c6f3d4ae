#include "core/merge.h"

namespace armstate {

LayoutMerge MergeLayouts(const RegisterLayout& own, const RegisterLayout& incoming) {
  LayoutMerge merge;
  merge.common_own.reserve(own.size());
  merge.common_incoming.reserve(own.size());
  const absl::Span<const uint64_t> a = own.raw_ids();
  const absl::Span<const uint64_t> b = incoming.raw_ids();
  uint32_t i = 0;
  uint32_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (j == b.size() || (i < a.size() && a[i] < b[j])) {
      merge.only_own.push_back(i++);
    } else if (i == a.size() || b[j] < a[i]) {
      merge.only_incoming.push_back(j++);
    } else {
      merge.common_own.push_back(i++);
      merge.common_incoming.push_back(j++);
    }
  }
  return merge;
}

}  // namespace armstate
