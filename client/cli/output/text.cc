#include "client/cli/output/text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"

namespace armstate {

std::string Printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return absl::ascii_iscntrl(c); }, '?');
  return text;
}

std::string CountText(int64_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%SZ", absl::FromUnixSeconds(time.seconds()), absl::UTCTimeZone());
}

std::string CheckpointText(const v1::Checkpoint& checkpoint) {
  return absl::StrCat(checkpoint.name(), ": ", CountText(checkpoint.vcpu_count(), "vCPU"), ", ",
                      CountText(checkpoint.register_count(), "register"));
}

std::string RetentionText(const v1::Retention& retention) {
  const int64_t seconds = retention.keep_for().seconds();
  if (retention.keep_last() == 0 && seconds == 0) return "all";
  std::vector<std::string> rules;
  if (retention.keep_last() != 0) rules.push_back(absl::StrCat("last ", retention.keep_last()));
  if (seconds != 0 && seconds % 86400 == 0) {
    rules.push_back(absl::StrCat("younger than ", seconds / 86400, "d"));
  } else if (seconds != 0) {
    rules.push_back(absl::StrCat("younger than ", absl::FormatDuration(absl::Seconds(seconds))));
  }
  if (retention.keep_labelled()) rules.push_back("labelled");
  return absl::StrJoin(rules, ", ");
}

std::string BytesText(int64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  auto amount = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* larger : {"KiB", "MiB", "GiB", "TiB"}) {
    if (amount < 1024) break;
    amount /= 1024;
    unit = larger;
  }
  return absl::StrFormat("%.1f %s", amount, unit);
}

}  // namespace armstate
