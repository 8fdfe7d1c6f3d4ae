#include <memory>

#include "absl/strings/str_cat.h"
#include "client/checkpoint_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/number_checks.h"
#include "client/cli/output/table.h"
#include "client/cli/output/text.h"

namespace armstate {
namespace {

struct HistoryOptions {
  std::string vm;
  std::string name;
  int vcpu = 0;
  bool all = false;
  bool secrets = false;
};

absl::StatusOr<ExitStatus> History(const HistoryOptions& options, CommandContext& context) {
  v1::ListRegisterHistoryRequest request;
  request.set_parent(VmNameOf(options.vm));
  request.set_register_name(options.name);
  request.set_vcpu_index(options.vcpu);
  request.set_all_versions(options.all);
  request.set_include_secrets(options.secrets);
  request.set_page_size(1000);
  const absl::StatusOr<v1::ListRegisterHistoryResponse> history =
      CheckpointClient(context.connection).ListRegisterHistory(request);
  if (!history.ok()) return history.status();
  if (context.json()) return PrintJson(*history, context.out);
  Table table({"VERSION", "TIME", "VALUE", "MEANING"});
  for (const v1::RegisterHistoryEntry& entry : history->entries()) {
    const std::string version = ShortName(entry.checkpoint());
    if (entry.has_error()) {
      table.AddRow({version, "", "DAMAGED", entry.error().message()});
      continue;
    }
    const std::string& value = entry.value().value();
    table.AddRow(
        {version, TimeText(entry.has_capture_time() ? entry.capture_time() : entry.create_time()),
         value.empty() ? "-" : value,
         value.empty() ? absl::StrCat("vCPU ", options.vcpu, " has no such register") : entry.value().meaning()});
  }
  table.Print("", context.out);
  if (table.empty()) context.out << "no checkpoints are kept\n";
  return ExitStatus::kOk;
}

}  // namespace

void AddHistoryCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<HistoryOptions>();
  CLI::App* const command = app.add_subcommand("history",
                                               "Show how a register or a field changed over the checkpoints of a VM, "
                                               "with the time of capture (or of storage, if "
                                               "the former is not known)");
  command->add_option("VM", options->vm, "The VM")->required();
  command->add_option("NAME", options->name, "SCTLR_EL1, SCTLR_EL1.M, 0x603000000013c080 ...")->required();
  command->add_option("--vcpu", options->vcpu, "The vCPU")->type_name("N")->check(NumberFrom(0))->capture_default_str();
  command->add_flag("--all", options->all, "Show every version, even if nothing changed");
  AddSecretsOption(*command, options->secrets);
  command->footer(
      HelpFooter("  armstate history web-1 SCTLR_EL1.M\n"
                 "  armstate history web-1 TTBR0_EL1 --vcpu 1 --all\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return History(*options, context); }; });
}

}  // namespace armstate
