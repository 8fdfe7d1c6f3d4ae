#include "server/verdict/rule_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

constexpr uintmax_t kMaxBytes = uintmax_t{1} << 20;

}  // namespace

absl::StatusOr<std::string> ReadRuleFile(const std::string& file, absl::string_view what) {
  std::error_code failed;
  const std::filesystem::file_status status = std::filesystem::status(file, failed);
  if (!std::filesystem::exists(status))
    return absl::NotFoundError(absl::StrCat("cannot read the ", what, " in ", file));
  if (!std::filesystem::is_regular_file(status)) {
    return absl::InvalidArgumentError(absl::StrCat("the ", what, " in ", file, ": it is not a regular file"));
  }
  if (std::filesystem::file_size(file, failed) > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the ", what, " in ", file, ": it has more than 1 MiB"));
  }
  std::ifstream stream(file);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) return absl::NotFoundError(absl::StrCat("cannot read the ", what, " in ", file));
  return text.str();
}

}  // namespace armstate
