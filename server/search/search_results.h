// SearchResults caches the answers of searches while clients page through them.
#ifndef ARMSTATE_SERVER_SEARCH_SEARCH_RESULTS_H_
#define ARMSTATE_SERVER_SEARCH_SEARCH_RESULTS_H_

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/random/random.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/search/search_index.h"

namespace armstate {

// One complete answer. Immutable.
struct SearchResult {
  // The request: a page token is only valid for the same one.
  std::string question;
  Filter filter;
  std::vector<MatchingCheckpoint> matches;
};

// Thread-safe.
class SearchResults {
 public:
  using Clock = std::function<absl::Time()>;

  static constexpr absl::Duration kKeptFor = absl::Minutes(10);
  // All answers together take at most `max_bytes`; the least recently used ones are evicted first.
  SearchResults(size_t max_bytes, Clock clock) : max_bytes_(max_bytes), clock_(std::move(clock)) {}

  // Returns an unguessable name. RESOURCE_EXHAUSTED, reason SERVER_BUSY, if the result alone is too large.
  absl::StatusOr<uint64_t> Keep(std::shared_ptr<const SearchResult> result);
  // Returns null if the result is not cached (any more).
  std::shared_ptr<const SearchResult> Find(uint64_t name);

 private:
  struct Kept {
    uint64_t name;
    absl::Time last_use;
    size_t bytes;
    std::shared_ptr<const SearchResult> result;
  };

  void DropOld() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t max_bytes_;
  const Clock clock_;
  absl::Mutex mutex_;
  absl::BitGen random_ ABSL_GUARDED_BY(mutex_);
  std::list<Kept> kept_ ABSL_GUARDED_BY(mutex_);  // most recently used first
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_SEARCH_RESULTS_H_
