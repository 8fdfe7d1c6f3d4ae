// The words of a filter (aip.dev/160).
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
  kString,      // in quotes, which are left out here
  kComparator,  // = != < <= > >= :
  kOpen,
  kClose,
  kEnd,
};

struct FilterToken {
  FilterTokenKind kind;
  std::string text;
  // Bytes from the filter's start.
  size_t position = 0;
};

// Always ends with kEnd. INVALID_ARGUMENT, reason FILTER_INVALID.
absl::StatusOr<std::vector<FilterToken>> SplitFilter(absl::string_view filter);

// INVALID_ARGUMENT, reason FILTER_INVALID, with metadata "position" besides the given.
absl::Status FilterError(size_t position, absl::string_view problem, std::map<std::string, std::string> metadata = {});

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SEARCH_FILTER_TOKEN_H_
