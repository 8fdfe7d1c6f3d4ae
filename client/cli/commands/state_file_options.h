// `AddStateFileOptions` adds the common options of all commands that read a saved state.
#ifndef ARMSTATE_CLIENT_CLI_COMMANDS_STATE_FILE_OPTIONS_H_
#define ARMSTATE_CLIENT_CLI_COMMANDS_STATE_FILE_OPTIONS_H_

#include <cstdint>

#include "CLI/CLI.hpp"
#include "client/open_state_file.h"

namespace armstate {

inline void AddStateFileOptions(CLI::App& command, StateFileOptions& options) {
  command
      .add_option("--snapshot", options.snapshot,
                  "The internal snapshot of a qcow2 image, by name or ID; needed if it has several")
      ->type_name("NAME");
  command
      .add_option_function<uint64_t>(
          "--offset", [&options](const uint64_t& offset) { options.offset = offset; },
          "Where QEMU's stream begins in the file, as of `file:PATH,offset=N`; found by itself behind zeros")
      ->type_name("N");
}

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_COMMANDS_STATE_FILE_OPTIONS_H_
