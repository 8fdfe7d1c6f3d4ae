// Options of all commands that read a saved state.
#ifndef ARMSTATE_CLIENT_COMMANDS_STATE_FILE_OPTIONS_H_
#define ARMSTATE_CLIENT_COMMANDS_STATE_FILE_OPTIONS_H_

#include "CLI/CLI.hpp"
#include "client/open_state_file.h"

namespace armstate {

inline void AddStateFileOptions(CLI::App& command, StateFileOptions& options) {
  command
      .add_option("--snapshot", options.snapshot,
                  "The internal snapshot of a qcow2 image, by name or ID; needed if it has several")
      ->type_name("NAME");
}

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_COMMANDS_STATE_FILE_OPTIONS_H_
