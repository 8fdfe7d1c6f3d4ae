// `Palette` colours text for a terminal.
#ifndef ARMSTATE_CLIENT_CLI_OUTPUT_PALETTE_H_
#define ARMSTATE_CLIENT_CLI_OUTPUT_PALETTE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace armstate {

// ANSI colours, or nothing where the output is not a terminal.
class Palette {
 public:
  explicit Palette(bool enabled) : enabled_(enabled) {}

  std::string Good(absl::string_view text) const { return Paint("32", text); }
  std::string Warning(absl::string_view text) const { return Paint("33", text); }
  std::string Bad(absl::string_view text) const { return Paint("1;31", text); }

 private:
  std::string Paint(absl::string_view code, absl::string_view text) const;

  bool enabled_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_OUTPUT_PALETTE_H_
