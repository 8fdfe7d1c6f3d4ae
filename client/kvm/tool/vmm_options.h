// `AddVmmOptions` adds the options of the subcommands that run the small VMM.
#ifndef ARMSTATE_CLIENT_KVM_TOOL_VMM_OPTIONS_H_
#define ARMSTATE_CLIENT_KVM_TOOL_VMM_OPTIONS_H_

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/vcpu_feature.h"

namespace armstate {

struct VmmOptions {
  std::vector<std::string> features;
  std::string timeout = "60s";

  // Checked when the command line was parsed.
  absl::Duration timeout_duration() const;
};

void AddVmmOptions(CLI::App& command, VmmOptions& options);

// The features, with PSCI, by which the guest's vCPUs are switched on. INVALID_ARGUMENT for an unknown name.
absl::StatusOr<VcpuFeatures> FeaturesOf(const std::vector<std::string>& names);

// The text below a subcommand's options: examples (lines), and what the exit statuses mean.
std::string KvmHelpFooter(absl::string_view examples);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_KVM_TOOL_VMM_OPTIONS_H_
