// `Store` stores a checkpoint for `push` and `checkpoint`.
#ifndef ARMSTATE_CLIENT_CLI_COMMANDS_STORE_H_
#define ARMSTATE_CLIENT_CLI_COMMANDS_STORE_H_

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "armstate/v1/checkpoint.pb.h"
#include "client/cli/commands/command.h"

namespace armstate {

struct StoreOptions {
  std::string vm;
  std::vector<std::string> labels;
  int64_t expected_version = -1;  // -1: any
  std::string request_id;
  bool validate_only = false;
  // These add to the checkpoint's source where they are not empty.
  std::string accelerator;
  std::string hypervisor_version;
  std::string host_kernel;
  std::string machine_type;
  std::string cpu_model;
  std::string host;
};

// The argument VM and all options but what the two commands have of their own.
void AddStoreOptions(CLI::App& command, StoreOptions& options);

// Sends `checkpoint` with what `options` add to it, and prints its name, the gaps and `notes`.
absl::StatusOr<ExitStatus> Store(v1::Checkpoint checkpoint, const std::vector<std::string>& notes,
                                 const StoreOptions& options, CommandContext& context);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_COMMANDS_STORE_H_
