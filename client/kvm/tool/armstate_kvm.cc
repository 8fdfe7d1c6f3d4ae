#include "client/kvm/tool/armstate_kvm.h"

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/kvm/tool/commands.h"
#include "core/version.h"

namespace armstate {

ExitStatus RunArmstateKvm(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  KvmCommand chosen;
  CLI::App app("Probes a KVM/arm64 host, and captures and restores vCPUs on it. Reads and writes files only.",
               "armstate-kvm");
  app.require_subcommand(1);
  app.set_version_flag("--version", absl::StrCat("armstate-kvm ", kVersion), "Print the version and exit");
  AddProbeCommand(app, chosen);
  AddCaptureCommand(app, chosen);
  AddRestoreCommand(app, chosen);
  AddPayloadCommand(app, chosen);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {  // CLI11 reports by exceptions
    const int code = app.exit(error, out, err);
    return code == static_cast<int>(CLI::ExitCodes::Success) ? ExitStatus::kOk : ExitStatus::kUsage;
  }
  const absl::StatusOr<ExitStatus> result = chosen(out);
  out.flush();
  if (result.ok()) return out.good() ? *result : ExitStatus::kError;
  err << "armstate-kvm: " << result.status().message() << '\n';
  return absl::IsUnavailable(result.status()) ? ExitStatus::kUnavailable : ExitStatus::kError;
}

}  // namespace armstate
