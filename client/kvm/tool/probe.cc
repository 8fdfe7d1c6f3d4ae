#include <chrono>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "client/files/output_file.h"
#include "client/kvm/probe/host_probe.h"
#include "client/kvm/tool/commands.h"
#include "client/kvm/tool/vmm_options.h"

namespace armstate {
namespace {

struct Arguments {
  std::string host;
  std::string cpu;
  std::string file;
};

absl::StatusOr<ExitStatus> Probe(const Arguments& arguments, std::ostream& out) {
  absl::StatusOr<OutputFile> file = OutputFile::Create(arguments.file, IfExists::kReplace);
  if (!file.ok()) return file.status();
  const auto start = std::chrono::steady_clock::now();
  const absl::StatusOr<HostProbeResult> probe = ProbeHost(arguments.host, arguments.cpu);
  if (!probe.ok()) return probe.status();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  file->Append(probe->text);
  if (absl::Status status = file->Commit(); !status.ok()) return status;
  out << arguments.file << ": " << probe->classes << " feature sets, " << probe->calls << " calls of KVM, "
      << absl::StrFormat("%.1f s\n", seconds.count());
  return ExitStatus::kOk;
}

}  // namespace

void AddProbeCommand(CLI::App& app, KvmCommand& chosen) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("probe", "Find out by experiments on scratch VMs what this host accepts");
  command->add_option("--host", arguments->host, "Name of this host")->type_name("NAME")->required();
  command->add_option("--cpu", arguments->cpu, "The common name of its CPU, e.g. neoverse-n1")->type_name("NAME");
  command->add_option("--out", arguments->file, "For `armstate host create --probe`; an existing file is replaced")
      ->type_name("FILE")
      ->required();
  command->footer(KvmHelpFooter("  armstate-kvm probe --host rack1-n17 --cpu neoverse-n1 --out rack1-n17.probe\n"));
  command->callback(
      [arguments, &chosen] { chosen = [arguments](std::ostream& out) { return Probe(*arguments, out); }; });
}

}  // namespace armstate
