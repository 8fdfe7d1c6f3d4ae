#include "server/rpc/labels.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "server/rpc/invalid_field.h"

namespace armstate {
namespace {

constexpr size_t kMaxKeyBytes = 63;

bool IsLabelKey(absl::string_view key) {
  if (key.empty() || key.size() > kMaxKeyBytes || !absl::ascii_islower(key[0])) return false;
  for (const char c : key) {
    if (!absl::ascii_islower(c) && !absl::ascii_isdigit(c) && c != '_' && c != '-') return false;
  }
  return true;
}

}  // namespace

absl::Status CheckLabels(const Labels& labels, absl::string_view field) {
  if (absl::Status status = CheckLimit(field, static_cast<int64_t>(labels.size()), kMaxLabels); !status.ok()) {
    return status;
  }
  for (const auto& [key, value] : labels) {
    if (!IsLabelKey(key)) {
      return InvalidField(
          field, absl::StrCat("has the key '", key.substr(0, kMaxKeyBytes), "', which is not [a-z][a-z0-9_-]{0,62}"));
    }
    if (absl::Status status = CheckText(field, value); !status.ok())
      return Annotate(status, absl::StrCat("label ", key));
  }
  return absl::OkStatus();
}

bool HasLabels(const Labels& labels, const Labels& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&labels](const auto& label) {
    const auto found = labels.find(label.first);
    return found != labels.end() && found->second == label.second;
  });
}

}  // namespace armstate
