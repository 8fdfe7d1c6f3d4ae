#include "core/counter_pairs.h"

#include "absl/types/optional.h"

namespace armstate {

std::vector<CounterPair> CounterPairsOf(const RegisterLayout& layout) {
  std::vector<CounterPair> pairs;
  for (const CounterPairIds& ids : kCounterPairs) {
    const absl::optional<size_t> set = layout.Find(ids.set);
    const absl::optional<size_t> clear = layout.Find(ids.clear);
    if (set && clear) pairs.push_back({static_cast<uint32_t>(*set), static_cast<uint32_t>(*clear)});
  }
  return pairs;
}

}  // namespace armstate
