#include "server/search/search_results.h"

#include <algorithm>
#include <utility>

namespace armstate {

uint64_t SearchResults::Keep(std::shared_ptr<const SearchResult> result) {
  absl::MutexLock lock(&mutex_);
  const uint64_t name = absl::Uniform<uint64_t>(random_);
  matches_ += result->matches.size();
  kept_.push_front({name, clock_(), std::move(result)});
  DropOld();
  return name;
}

std::shared_ptr<const SearchResult> SearchResults::Find(uint64_t name) {
  absl::MutexLock lock(&mutex_);
  DropOld();
  const auto found = std::find_if(kept_.begin(), kept_.end(), [name](const Kept& kept) { return kept.name == name; });
  if (found == kept_.end()) return nullptr;
  found->last_use = clock_();
  kept_.splice(kept_.begin(), kept_, found);
  return found->result;
}

void SearchResults::DropOld() {
  const absl::Time oldest = clock_() - kKeptFor;
  while (!kept_.empty() && (kept_.back().last_use < oldest || (matches_ > kMaxMatches && kept_.size() > 1))) {
    matches_ -= kept_.back().result->matches.size();
    kept_.pop_back();
  }
}

}  // namespace armstate
