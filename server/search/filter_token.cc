#include "server/search/filter_token.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "core/limits.h"

namespace armstate {
namespace {

constexpr absl::string_view kSpecial = "()\"'=!<>:";

bool IsText(char c) {
  return !absl::ascii_isspace(static_cast<unsigned char>(c)) && kSpecial.find(c) == absl::string_view::npos;
}

// Returns the bytes of a string that begins with a quote; a backslash escapes the next byte.
absl::StatusOr<size_t> ReadString(absl::string_view filter, size_t begin, std::string& text) {
  const char quote = filter[begin];
  for (size_t i = begin + 1; i < filter.size(); ++i) {
    if (filter[i] == quote) return i + 1;
    if (filter[i] == '\\' && i + 1 < filter.size()) ++i;
    text.push_back(filter[i]);
  }
  return FilterError(begin, "this quote is not closed");
}

size_t ComparatorSize(absl::string_view rest) {
  const bool two = rest.size() > 1 && rest[1] == '=';
  switch (rest[0]) {
    case '<':
    case '>':
      return two ? 2 : 1;
    case '!':
      return two ? 2 : 0;
    default:
      return 1;
  }
}

}  // namespace

absl::Status FilterError(size_t position, absl::string_view problem, std::map<std::string, std::string> metadata) {
  metadata["position"] = absl::StrCat(position);
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFilterInvalid,
                   absl::StrCat("filter, at byte ", position, ": ", problem), std::move(metadata));
}

absl::StatusOr<std::vector<FilterToken>> SplitFilter(absl::string_view filter) {
  if (filter.size() > kMaxFilterBytes) {
    return FilterError(kMaxFilterBytes, absl::StrCat("it is longer than ", kMaxFilterBytes, " bytes"));
  }
  std::vector<FilterToken> tokens;
  size_t i = 0;
  while (i < filter.size()) {
    const char c = filter[i];
    const size_t begin = i;
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
      ++i;
    } else if (c == '(' || c == ')') {
      tokens.push_back({c == '(' ? FilterTokenKind::kOpen : FilterTokenKind::kClose, std::string(1, c), i++});
    } else if (c == '"' || c == '\'') {
      FilterToken token{FilterTokenKind::kString, "", begin};
      const absl::StatusOr<size_t> end = ReadString(filter, begin, token.text);
      if (!end.ok()) return end.status();
      i = *end;
      tokens.push_back(std::move(token));
    } else if (IsText(c)) {
      while (i < filter.size() && IsText(filter[i])) ++i;
      tokens.push_back({FilterTokenKind::kText, std::string(filter.substr(begin, i - begin)), begin});
    } else {
      const size_t size = ComparatorSize(filter.substr(i));
      if (size == 0) return FilterError(i, "\"!\" must be followed by \"=\"; NOT negates");
      i += size;
      tokens.push_back({FilterTokenKind::kComparator, std::string(filter.substr(begin, size)), begin});
    }
  }
  tokens.push_back({FilterTokenKind::kEnd, "", filter.size()});
  return tokens;
}

}  // namespace armstate
