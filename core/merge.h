// `MergeLayouts` matches the registers of an incoming list with those of the target's own list.
#ifndef ARMSTATE_CORE_MERGE_H_
#define ARMSTATE_CORE_MERGE_H_

#include <cstdint>
#include <vector>

#include "core/register_list.h"

namespace armstate {

// The result of a walk over two sorted lists. QEMU's walk (cpu_post_load) ends with the shorter list and so drops
// unknown registers that sort last; this one walks both to their ends.
struct LayoutMerge {
  // Positions in the own layout of the registers that are in both, ascending; and beside each its position in the
  // incoming one.
  std::vector<uint32_t> common_own;
  std::vector<uint32_t> common_incoming;
  // Positions in the own layout: these keep their own value.
  std::vector<uint32_t> only_own;
  // Positions in the incoming layout: these have no place to go.
  std::vector<uint32_t> only_incoming;
};

LayoutMerge MergeLayouts(const RegisterLayout& own, const RegisterLayout& incoming);

}  // namespace armstate

#endif  // ARMSTATE_CORE_MERGE_H_
