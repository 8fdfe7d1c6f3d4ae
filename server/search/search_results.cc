#include "server/search/search_results.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"

namespace armstate {
namespace {

// Estimates the heap usage.
size_t BytesOf(const SearchResult& result) {
  size_t bytes = result.matches.capacity() * sizeof(MatchingCheckpoint);
  for (const MatchingCheckpoint& match : result.matches) {
    bytes += match.vm.capacity() + match.vcpus.capacity() * sizeof(MatchingVcpu);
    for (const MatchingVcpu& vcpu : match.vcpus) bytes += vcpu.values.capacity() * sizeof(MatchingValue);
  }
  return bytes;
}

}  // namespace

absl::StatusOr<uint64_t> SearchResults::Keep(std::shared_ptr<const SearchResult> result) {
  const size_t bytes = BytesOf(*result);
  if (bytes > max_bytes_) {
    return MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kServerBusy,
                     absl::StrCat(result->matches.size(),
                                  " checkpoints match, too many to cache for further pages: narrow the filter"));
  }
  absl::MutexLock lock(&mutex_);
  const uint64_t name = absl::Uniform<uint64_t>(random_);
  bytes_ += bytes;
  kept_.push_front({name, clock_(), bytes, std::move(result)});
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
  while (!kept_.empty() && (kept_.back().last_use < oldest || bytes_ > max_bytes_)) {
    bytes_ -= kept_.back().bytes;
    kept_.pop_back();
  }
}

}  // namespace armstate
