// SplitFilter splits a filter (aip.dev/160) into tokens.
#ifndef ARMSTATE_SERVER_SEARCH_FILTER_TOKEN_H_
#define ARMSTATE_SERVER_SEARCH_FILTER_TOKEN_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace armstate {

enum class FilterTokenKind {
  kText,        // a name or an unquoted value
  kString,      // quoted; without the quotes
  kComparator,  // = != < <= > >= :
  kOpen,
  kClose,
  kEnd,
};

struct FilterToken {
  FilterTokenKind kind;
  std::string text;
  // The offset in bytes from the start of the filter.
  size_t position = 0;
};

// The result always ends with kEnd. INVALID_ARGUMENT, reason FILTER_INVALID.
absl::StatusOr<std::vector<FilterToken>> SplitFilter(absl::string_view filter);

// INVALID_ARGUMENT, reason FILTER_INVALID, with metadata "position" in addition to `metadata`.
absl::Status FilterError(size_t position, absl::string_view problem, std::map<std::string, std::string> metadata = {});

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_FILTER_TOKEN_H_
