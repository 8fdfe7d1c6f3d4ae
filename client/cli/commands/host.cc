#include <algorithm>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/files/probe_files.h"
#include "client/cli/output/table.h"
#include "client/cli/output/text.h"
#include "client/host_client.h"
#include "core/cpu_list.h"
#include "core/vcpu_feature.h"
#include "google/protobuf/empty.pb.h"
#include "proto/enum_name.h"

namespace armstate {
namespace {

struct HostOptions {
  std::string host;
  std::vector<std::string> probe;
  std::vector<std::string> profiles;
  std::vector<std::string> labels;
  bool no_labels = false;
};

std::string LabelsText(const v1::Host& host) {
  const std::map<std::string, std::string> sorted(host.labels().begin(), host.labels().end());
  return absl::StrJoin(sorted, ",", absl::PairFormatter("="));
}

std::string FeaturesText(const v1::HostProfile& profile) {
  VcpuFeatures features;
  features.bits = static_cast<uint32_t>(profile.vcpu_features());
  features.memory_tagging = profile.memory_tagging();
  features.writable_implementation_id = profile.writable_implementation_id();
  return absl::StrJoin(VcpuFeatureNames(features), ",");
}

ExitStatus PrintHosts(const std::vector<v1::Host>& hosts, std::ostream& out) {
  Table table({"HOST", "ACCELERATOR", "KERNEL", "CPU", "PROFILES", "UPDATED", "LABELS"});
  for (const v1::Host& host : hosts) {
    if (host.has_error()) {
      table.AddRow({ShortName(host.name()), "DAMAGED", "", "", "", "", host.error().message()});
      continue;
    }
    table.AddRow({ShortName(host.name()), EnumName(host.accelerator()), host.kernel(), host.cpu_model(),
                  absl::StrCat(host.profiles_size()), TimeText(host.update_time()), LabelsText(host)});
  }
  table.Print("", out);
  if (table.empty()) out << "no hosts; 'armstate host create' makes one\n";
  return ExitStatus::kOk;
}

// Prints what VMs can have on one kind of cores, or on the whole host if it does not distinguish any.
void PrintCoreKind(const v1::Host& host, int core_kind, std::ostream& out) {
  out << '\n';
  if (!host.core_kinds().empty()) {
    const v1::CoreKind& kind = host.core_kinds(core_kind);
    out << "On " << Printable(CoresText(kind.cpus(), kind.cpu_model())) << ":\n";
  }
  Table profiles({"FEATURE SET", "PROFILE", "VCPU FEATURES"});
  for (const v1::HostProfile& profile : host.profiles()) {
    if (profile.core_kind() != core_kind) continue;
    profiles.AddRow({profile.feature_set().empty() ? "-" : profile.feature_set(), ShortName(profile.cpu_profile()),
                     FeaturesText(profile)});
  }
  profiles.Print("", out);
  Table unsupported({"WITHOUT", "CALL", "ANSWERS"});
  for (const v1::UnsupportedFeature& feature : host.unsupported_features()) {
    if (feature.core_kind() != core_kind) continue;
    unsupported.AddRow({feature.feature(), feature.call(), feature.error().empty() ? "?" : feature.error()});
  }
  if (unsupported.empty()) return;
  out << '\n';
  unsupported.Print("", out);
}

absl::StatusOr<ExitStatus> PrintHost(const absl::StatusOr<v1::Host>& host, CommandContext& context) {
  if (!host.ok()) return host.status();
  if (context.json()) return PrintJson(*host, context.out);
  PrintHosts({*host}, context.out);
  for (int i = 0; i < std::max(host->core_kinds_size(), 1); ++i) PrintCoreKind(*host, i, context.out);
  return ExitStatus::kOk;
}

// The values of --label, --profile and --probe.
absl::Status AddDescription(const HostOptions& options, v1::Host& host,
                            google::protobuf::RepeatedPtrField<v1::ProbeFile>& probe) {
  const absl::StatusOr<std::map<std::string, std::string>> labels = ParseLabels(options.labels);
  if (!labels.ok()) return labels.status();
  host.mutable_labels()->insert(labels->begin(), labels->end());
  for (const std::string& profile : options.profiles) {
    host.add_profiles()->set_cpu_profile(CpuProfileNameOf(profile));
  }
  return AddProbeFiles(options.probe, probe);
}

absl::StatusOr<ExitStatus> Create(const HostOptions& options, CommandContext& context) {
  if (options.probe.empty() == options.profiles.empty()) {
    return UsageError("say what the host accepts, by either --probe or --profile");
  }
  v1::CreateHostRequest request;
  request.set_host_id(options.host);
  const absl::Status added = AddDescription(options, *request.mutable_host(), *request.mutable_probe());
  if (!added.ok()) return added;
  return PrintHost(HostClient(context.connection).CreateHost(request), context);
}

absl::StatusOr<ExitStatus> Update(const HostOptions& options, CommandContext& context) {
  if (!options.probe.empty() && !options.profiles.empty()) return UsageError("say either --probe or --profile");
  if (!options.labels.empty() && options.no_labels) return UsageError("say either --label or --no-labels");
  if (options.probe.empty() && options.profiles.empty() && options.labels.empty() && !options.no_labels) {
    return UsageError("say what to change: --probe, --profile, --label or --no-labels");
  }
  v1::UpdateHostRequest request;
  request.mutable_host()->set_name(HostNameOf(options.host));
  const absl::Status added = AddDescription(options, *request.mutable_host(), *request.mutable_probe());
  if (!added.ok()) return added;
  if (!options.labels.empty() || options.no_labels) request.mutable_update_mask()->add_paths("labels");
  if (!options.profiles.empty() || !request.probe().empty()) request.mutable_update_mask()->add_paths("profiles");
  return PrintHost(HostClient(context.connection).UpdateHost(request), context);
}

absl::StatusOr<ExitStatus> Show(const HostOptions& options, CommandContext& context) {
  v1::GetHostRequest request;
  request.set_name(HostNameOf(options.host));
  return PrintHost(HostClient(context.connection).GetHost(request), context);
}

absl::StatusOr<ExitStatus> List(const HostOptions& options, CommandContext& context) {
  const absl::StatusOr<std::map<std::string, std::string>> labels = ParseLabels(options.labels);
  if (!labels.ok()) return labels.status();
  v1::ListHostsRequest request;
  request.mutable_labels()->insert(labels->begin(), labels->end());
  const absl::StatusOr<std::vector<v1::Host>> hosts = HostClient(context.connection).ListHosts(request);
  if (!hosts.ok()) return hosts.status();
  if (!context.json()) return PrintHosts(*hosts, context.out);
  v1::ListHostsResponse response;
  response.mutable_hosts()->Add(hosts->begin(), hosts->end());
  return PrintJson(response, context.out);
}

absl::StatusOr<ExitStatus> Delete(const HostOptions& options, CommandContext& context) {
  v1::DeleteHostRequest request;
  request.set_name(HostNameOf(options.host));
  const absl::Status deleted = HostClient(context.connection).DeleteHost(request);
  if (!deleted.ok()) return deleted;
  if (context.json()) return PrintJson(google::protobuf::Empty(), context.out);
  context.out << request.name() << ": deleted\n";
  return ExitStatus::kOk;
}

using Run = absl::StatusOr<ExitStatus> (*)(const HostOptions&, CommandContext&);

// A subcommand, with its options in `options`.
CLI::App& AddSubcommand(CLI::App& host, const std::string& name, const std::string& description,
                        const std::shared_ptr<HostOptions>& options, Run run, Command& chosen) {
  CLI::App* const command = host.add_subcommand(name, description);
  command->callback(
      [options, run, &chosen] { chosen = [options, run](CommandContext& context) { return run(*options, context); }; });
  return *command;
}

void AddLabelOption(CLI::App& command, const std::string& description, HostOptions& options) {
  command.add_option("--label", options.labels, description)->type_name("KEY=VALUE")->allow_extra_args(false);
}

void AddProfileOptions(CLI::App& command, HostOptions& options) {
  command
      .add_option("--probe", options.probe,
                  "What `armstate-kvm probe` found on the host, plain or compressed with zstd; of a host with several "
                  "kinds of cores (big.LITTLE) a file for each; - is standard input")
      ->type_name("FILE...");
  command
      .add_option(
          "--profile", options.profiles,
          "For a host without a probe: a CPU profile of its VMs, see `armstate profile list`; may be given more "
          "than once")
      ->type_name("PROFILE")
      ->allow_extra_args(false);
}

void AddCreate(CLI::App& host, Command& chosen) {
  auto options = std::make_shared<HostOptions>();
  CLI::App& command =
      AddSubcommand(host, "create", "Make a host known, by what a probe found on it", options, Create, chosen);
  command.add_option("HOST", options->host, "Its name")->required();
  AddProfileOptions(command, *options);
  AddLabelOption(command, "A label; may be given more than once", *options);
  command.footer(
      HelpFooter("  armstate host create rack4-a72 --probe rack4-a72.probe.zst --label rack=4\n"
                 "  armstate host create phone --probe big.probe --probe little.probe\n"
                 "  armstate host create laptop --profile qemu-7.2.virt.cortex-a57 --profile qemu-7.2.virt.max\n"));
}

void AddUpdate(CLI::App& host, Command& chosen) {
  auto options = std::make_shared<HostOptions>();
  CLI::App& command = AddSubcommand(host, "update", "Change a host's profiles, as after a new kernel, or its labels",
                                    options, Update, chosen);
  command.add_option("HOST", options->host, "The host")->required();
  AddProfileOptions(command, *options);
  AddLabelOption(command, "A label, in place of all that the host has; may be given more than once", *options);
  command.add_flag("--no-labels", options->no_labels, "Remove all labels");
  command.footer(
      HelpFooter("  armstate host update rack4-a72 --probe rack4-a72.probe.zst\n"
                 "  armstate host update rack4-a72 --label rack=5 --label zone=b\n"));
}

void AddList(CLI::App& host, Command& chosen) {
  auto options = std::make_shared<HostOptions>();
  CLI::App& command = AddSubcommand(host, "list", "List the hosts", options, List, chosen);
  AddLabelOption(command, "Only hosts with this label; may be given more than once", *options);
  command.footer(HelpFooter("  armstate host list\n  armstate host list --label rack=4\n"));
}

// A subcommand whose only argument is the host.
void AddSimple(CLI::App& host, const std::string& name, const std::string& description, Run run, Command& chosen) {
  auto options = std::make_shared<HostOptions>();
  CLI::App& command = AddSubcommand(host, name, description, options, run, chosen);
  command.add_option("HOST", options->host, "The host")->required();
  command.footer(HelpFooter(absl::StrCat("  armstate host ", name, " rack4-a72\n")));
}

}  // namespace

void AddHostCommand(CLI::App& app, Command& chosen) {
  CLI::App* const host = app.add_subcommand("host", "Register the hosts that VMs run on, and show what each accepts");
  host->require_subcommand(1);
  AddCreate(*host, chosen);
  AddList(*host, chosen);
  AddSimple(*host, "show", "Show a host: its CPU profiles, and the vCPU features that it lacks", Show, chosen);
  AddUpdate(*host, chosen);
  AddSimple(*host, "delete", "Delete a host, and the profiles that no other host has", Delete, chosen);
  host->footer(
      HelpFooter("  armstate host create rack4-a72 --probe rack4-a72.probe.zst\n"
                 "  armstate host list\n"
                 "  armstate host show rack4-a72\n"));
}

}  // namespace armstate
