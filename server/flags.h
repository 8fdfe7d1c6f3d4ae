// `AddFlags` declares the flags of armstated, which are also the names in its configuration file.
#ifndef ARMSTATE_SERVER_FLAGS_H_
#define ARMSTATE_SERVER_FLAGS_H_

#include <CLI/CLI.hpp>
#include <string>

#include "absl/time/time.h"
#include "server/server.h"

namespace armstate {

inline constexpr size_t kLeastMemory = size_t{512} << 20;

// Flags holds what the flags say.
struct Flags {
  ServerOptions options;
  double sweep_seconds = absl::ToDoubleSeconds(ServerOptions().retention_sweep_interval);
  double drain_seconds = 10;
  // Number of a backup, or "latest"; empty: the server starts.
  std::string restore_backup;
  bool check_config = false;
  std::string log_format = "text";
};

// `flags` must outlive the parsing. Values that it has before are the defaults.
void AddFlags(CLI::App& app, Flags& flags);

// CLI11 would take the argument after "--listen=" as its value, and that after "--listen" even if it is an option.
// Returns the name of the first option without a value, or "".
std::string OptionWithoutValue(const CLI::App& app, int argc, char** argv);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_FLAGS_H_
