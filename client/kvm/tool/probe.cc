#include <chrono>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/str_format.h"
#include "client/files/output_file.h"
#include "client/kvm/probe/host_probe.h"
#include "client/kvm/tool/commands.h"
#include "client/kvm/tool/cpu_model.h"
#include "client/kvm/tool/probed_cpus.h"
#include "client/kvm/tool/vmm_options.h"
#include "core/cpu_list.h"

namespace armstate {
namespace {

struct Arguments {
  std::string host;
  std::string cpu;
  std::string cpus;
  std::string file;
};

absl::StatusOr<ExitStatus> Probe(const Arguments& arguments, std::ostream& out) {
  absl::StatusOr<OutputFile> file = OutputFile::Create(arguments.file, IfExists::kReplace);
  if (!file.ok()) return file.status();
  const absl::StatusOr<ProbedCpus> cpus = PinProbe(arguments.cpus);
  if (!cpus.ok()) return cpus.status();
  const std::string cpu = arguments.cpu.empty() && cpus->midr != 0 ? CpuModelName(cpus->midr) : arguments.cpu;
  const auto start = std::chrono::steady_clock::now();
  const absl::StatusOr<HostProbeResult> probe = ProbeHost(arguments.host, cpu, cpus->cpus);
  if (!probe.ok()) return probe.status();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  file->Append(probe->text);
  if (absl::Status status = file->Commit(); !status.ok()) return status;
  out << arguments.file << ": " << probe->classes << " feature sets, " << probe->calls << " calls of KVM, "
      << absl::StrFormat("%.1f s", seconds.count()) << (cpus->cpus.empty() ? "" : ", " + CoresText(cpus->cpus, ""))
      << '\n';
  if (!cpus->others.empty()) {
    out << "of another kind: " << CoresText(cpus->others, "")
        << "; probe them too, with --cpus, and give all files to `armstate host create`\n";
  }
  return ExitStatus::kOk;
}

}  // namespace

void AddProbeCommand(CLI::App& app, KvmCommand& chosen) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("probe", "Find out by experiments on scratch VMs what this host accepts");
  command->add_option("--host", arguments->host, "Name of this host")->type_name("NAME")->required();
  command
      ->add_option("--cpu", arguments->cpu, "The common name of its CPU, e.g. neoverse-n1; by default by its MIDR_EL1")
      ->type_name("NAME");
  command
      ->add_option("--cpus", arguments->cpus,
                   "Probe these CPUs, e.g. 0-3: on a host with several kinds of cores (big.LITTLE), those of one kind")
      ->type_name("LIST");
  command->add_option("--out", arguments->file, "For `armstate host create --probe`; an existing file is replaced")
      ->type_name("FILE")
      ->required();
  command->footer(
      KvmHelpFooter("  armstate-kvm probe --host rack1-n17 --cpu neoverse-n1 --out rack1-n17.probe\n"
                    "  armstate-kvm probe --host phone --cpu cortex-a72 --cpus 4-7 --out big.probe\n"));
  command->callback(
      [arguments, &chosen] { chosen = [arguments](std::ostream& out) { return Probe(*arguments, out); }; });
}

}  // namespace armstate
