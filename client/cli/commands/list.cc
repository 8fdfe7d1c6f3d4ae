#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/checkpoint_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/table.h"
#include "client/cli/output/text.h"
#include "proto/enum_name.h"

namespace armstate {
namespace {

absl::StatusOr<ExitStatus> ListVms(CommandContext& context) {
  const absl::StatusOr<std::vector<v1::Vm>> vms = CheckpointClient(context.connection).ListVms();
  if (!vms.ok()) return vms.status();
  if (context.json()) {
    v1::ListVmsResponse response;
    response.mutable_vms()->Add(vms->begin(), vms->end());
    return PrintJson(response, context.out);
  }
  Table table({"VM", "LATEST", "CHECKPOINTS", "UPDATED", "KEEPS"});
  for (const v1::Vm& vm : *vms) {
    if (vm.has_error()) {
      table.AddRow({ShortName(vm.name()), "-", "-", "-", absl::StrCat("damaged: ", vm.error().message())});
      continue;
    }
    table.AddRow({ShortName(vm.name()), absl::StrCat(vm.latest_version()), absl::StrCat(vm.checkpoint_count()),
                  TimeText(vm.update_time()), RetentionText(vm.retention())});
  }
  table.Print("", context.out);
  if (table.empty()) context.out << "no VMs; 'armstate push' and 'armstate checkpoint' make the first\n";
  return ExitStatus::kOk;
}

absl::StatusOr<ExitStatus> ListCheckpoints(const std::string& vm, CommandContext& context) {
  v1::ListCheckpointsRequest request;
  request.set_parent(VmNameOf(vm));
  const absl::StatusOr<std::vector<v1::Checkpoint>> checkpoints =
      CheckpointClient(context.connection).ListCheckpoints(request);
  if (!checkpoints.ok()) return checkpoints.status();
  if (context.json()) {
    v1::ListCheckpointsResponse response;
    response.mutable_checkpoints()->Add(checkpoints->begin(), checkpoints->end());
    return PrintJson(response, context.out);
  }
  Table table({"VERSION", "CREATED", "SOURCE", "MACHINE", "CPU", "VCPUS", "REGISTERS", "PROTECTED", "LABELS"});
  for (const v1::Checkpoint& checkpoint : *checkpoints) {
    if (checkpoint.has_error()) {
      table.AddRow(
          {absl::StrCat(checkpoint.version()), "", "DAMAGED", "", "", "", "", "", checkpoint.error().message()});
      continue;
    }
    const v1::Source& source = checkpoint.source();
    const std::map<std::string, std::string> labels(checkpoint.labels().begin(), checkpoint.labels().end());
    table.AddRow({absl::StrCat(checkpoint.version()), TimeText(checkpoint.create_time()),
                  EnumName(source.accelerator()), source.machine_type(),
                  source.cpu_profile().empty() ? source.cpu_model() : ShortName(source.cpu_profile()),
                  absl::StrCat(checkpoint.vcpu_count()), absl::StrCat(checkpoint.register_count()),
                  checkpoint.is_protected() ? "yes" : "", absl::StrJoin(labels, ",", absl::PairFormatter("="))});
  }
  table.Print("", context.out);
  if (table.empty()) context.out << "no checkpoints are kept\n";
  return ExitStatus::kOk;
}

}  // namespace

void AddListCommand(CLI::App& app, Command& chosen) {
  auto vm = std::make_shared<std::string>();
  CLI::App* const command = app.add_subcommand("list", "List the VMs, or the checkpoints of one");
  command->add_option("VM", *vm, "The VM whose checkpoints to list");
  command->footer(HelpFooter("  armstate list\n  armstate list web-1\n"));
  command->callback([vm, &chosen] {
    chosen = [vm](CommandContext& context) { return vm->empty() ? ListVms(context) : ListCheckpoints(*vm, context); };
  });
}

}  // namespace armstate
