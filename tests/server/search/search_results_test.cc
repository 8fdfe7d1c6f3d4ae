#include "server/search/search_results.h"

#include <memory>
#include <string>

#include "core/error.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

// Takes as many bytes on the heap, and some.
std::shared_ptr<const SearchResult> ResultOf(size_t bytes) {
  MatchingCheckpoint match;
  match.vm = std::string(bytes, 'a');
  return std::make_shared<const SearchResult>(SearchResult{"question", Filter::Parse("pc = 1").value(), {match}});
}

TEST(SearchResultsTest, TheOnesThatWereNotUsedForLongestGoFirst) {
  SearchResults results(3500, absl::Now);
  const uint64_t a = results.Keep(ResultOf(1000)).value();
  const uint64_t b = results.Keep(ResultOf(1000)).value();
  EXPECT_NE(results.Find(a), nullptr);
  const uint64_t c = results.Keep(ResultOf(1500)).value();
  EXPECT_NE(results.Find(a), nullptr);
  EXPECT_EQ(results.Find(b), nullptr);
  EXPECT_NE(results.Find(c), nullptr);
}

TEST(SearchResultsTest, OneThatIsTooLargeIsRefused) {
  SearchResults results(3500, absl::Now);
  const uint64_t a = results.Keep(ResultOf(1000)).value();
  const absl::Status refused = results.Keep(ResultOf(4000)).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  EXPECT_EQ(GetErrorInfo(refused)->reason, ErrorReason::kServerBusy);
  EXPECT_NE(results.Find(a), nullptr);
}

}  // namespace
}  // namespace armstate
