#include "client/kvm/tool/vmm_options.h"

#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

std::string CheckTimeout(const std::string& text) {
  absl::Duration timeout;
  if (absl::ParseDuration(text, &timeout) && timeout > absl::ZeroDuration()) return "";
  return absl::StrCat(text, " is not a time like 30s, 500ms or 2m");
}

}  // namespace

absl::Duration VmmOptions::timeout_duration() const {
  absl::Duration duration;
  absl::ParseDuration(timeout, &duration);
  return duration;
}

void AddVmmOptions(CLI::App& command, VmmOptions& options) {
  command
      .add_option("--features", options.features,
                  "vCPU features: pmu, sve, ptrauth, aarch32, el2, mte, writable_implementation_id")
      ->type_name("NAME,...")
      ->delimiter(',');
  command.add_option("--timeout", options.timeout, "Time limit for the guest's lines")
      ->type_name("TIME")
      ->check(CLI::Validator(CheckTimeout, ""))
      ->capture_default_str();
}

absl::StatusOr<VcpuFeatures> FeaturesOf(const std::vector<std::string>& names) {
  absl::StatusOr<VcpuFeatures> features = ParseVcpuFeatures(names);
  if (features.ok()) features->add(VcpuFeature::kPsci02);
  return features;
}

std::string KvmHelpFooter(absl::string_view examples) {
  return absl::StrCat(
      "Examples:\n", examples,
      "\nExit status: 0 success, 1 error, 2 invalid command line, 3 the host refuses the checkpoint, 4 no /dev/kvm");
}

}  // namespace armstate
