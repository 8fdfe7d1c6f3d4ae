#include "server/rpc/page_position.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/rpc/page_token.h"

namespace armstate {

// "7", or "7 0x30d0198d"; "7 " if the vCPU had no such register.
absl::StatusOr<HistoryPosition> HistoryPosition::FromToken(absl::string_view list, absl::string_view token) {
  const absl::StatusOr<std::string> text = DecodePageToken(list, token);
  if (!text.ok()) return text.status();
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(*text, absl::MaxSplits(' ', 1));
  HistoryPosition position;
  if (!absl::SimpleAtoi(parts.first, &position.last_read) || position.last_read < 0) return PageTokenInvalid();
  if (parts.first.size() != text->size()) position.shown = std::string(parts.second);
  return position;
}

std::string HistoryPosition::ToToken(absl::string_view list) const {
  return EncodePageToken(list, shown ? absl::StrCat(last_read, " ", *shown) : absl::StrCat(last_read));
}

absl::StatusOr<ResultPosition> ResultPosition::FromToken(absl::string_view question, absl::string_view token) {
  const absl::StatusOr<std::string> text = DecodePageToken(question, token);
  if (!text.ok()) return text.status();
  const std::vector<std::string> parts = absl::StrSplit(*text, ' ');
  ResultPosition position;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &position.name) ||
      !absl::SimpleAtoi(parts[1], &position.begin)) {
    return PageTokenInvalid();
  }
  return position;
}

std::string ResultPosition::ToToken(absl::string_view question) const {
  return EncodePageToken(question, absl::StrCat(name, " ", begin));
}

absl::StatusOr<ScanPosition> ScanPosition::FromToken(absl::string_view question, absl::string_view token) {
  const absl::StatusOr<std::string> text = DecodePageToken(question, token);
  if (!text.ok()) return text.status();
  const std::vector<std::string> parts = absl::StrSplit(*text, ' ');
  ScanPosition position;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &position.until) ||
      !absl::SimpleAtoi(parts[1], &position.version) || position.version < 0) {
    return PageTokenInvalid();
  }
  position.vm = parts[2];
  return position;
}

std::string ScanPosition::ToToken(absl::string_view question) const {
  return EncodePageToken(question, absl::StrCat(until, " ", version, " ", vm));
}

}  // namespace armstate
