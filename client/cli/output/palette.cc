#include "client/cli/output/palette.h"

#include "absl/strings/str_cat.h"

namespace armstate {

std::string Palette::Paint(absl::string_view code, absl::string_view text) const {
  if (!enabled_) return std::string(text);
  return absl::StrCat("\x1b[", code, "m", text, "\x1b[0m");
}

}  // namespace armstate
