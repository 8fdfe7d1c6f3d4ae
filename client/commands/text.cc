#include "client/commands/text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
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

}  // namespace armstate
