#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/table.h"
#include "client/cli/output/text.h"
#include "client/engine_client.h"
#include "google/protobuf/empty.pb.h"

namespace armstate {
namespace {

struct CreateOptions {
  std::string machine;
  std::string profile;
  int vcpus = 1;
};

ExitStatus PrintMachines(const std::vector<v1::Machine>& machines, std::ostream& out) {
  Table table({"MACHINE", "PROFILE", "VCPUS", "REGISTERS", "CREATED"});
  for (const v1::Machine& machine : machines) {
    if (machine.has_error()) {
      table.AddRow({ShortName(machine.name()), "DAMAGED", "", "", machine.error().message()});
      continue;
    }
    table.AddRow({ShortName(machine.name()), ShortName(machine.cpu_profile()), absl::StrCat(machine.vcpu_count()),
                  absl::StrCat(machine.register_count()), TimeText(machine.create_time())});
  }
  table.Print("", out);
  if (table.empty()) out << "no machines; 'armstate machine create' makes one\n";
  return ExitStatus::kOk;
}

absl::StatusOr<ExitStatus> PrintMachine(const absl::StatusOr<v1::Machine>& machine, CommandContext& context) {
  if (!machine.ok()) return machine.status();
  if (context.json()) return PrintJson(*machine, context.out);
  return PrintMachines({*machine}, context.out);
}

absl::StatusOr<ExitStatus> Create(const CreateOptions& options, CommandContext& context) {
  v1::CreateMachineRequest request;
  request.set_machine_id(options.machine);
  request.mutable_machine()->set_cpu_profile(CpuProfileNameOf(options.profile));
  request.mutable_machine()->set_vcpu_count(options.vcpus);
  return PrintMachine(EngineClient(context.connection).CreateMachine(request), context);
}

absl::StatusOr<ExitStatus> Get(const std::string& machine, CommandContext& context) {
  v1::GetMachineRequest request;
  request.set_name(MachineNameOf(machine));
  return PrintMachine(EngineClient(context.connection).GetMachine(request), context);
}

absl::StatusOr<ExitStatus> List(CommandContext& context) {
  const absl::StatusOr<std::vector<v1::Machine>> machines = EngineClient(context.connection).ListMachines();
  if (!machines.ok()) return machines.status();
  if (!context.json()) return PrintMachines(*machines, context.out);
  v1::ListMachinesResponse response;
  response.mutable_machines()->Add(machines->begin(), machines->end());
  return PrintJson(response, context.out);
}

absl::StatusOr<ExitStatus> Reset(const std::string& machine, CommandContext& context) {
  v1::ResetMachineRequest request;
  request.set_name(MachineNameOf(machine));
  return PrintMachine(EngineClient(context.connection).ResetMachine(request), context);
}

absl::StatusOr<ExitStatus> Delete(const std::string& machine, CommandContext& context) {
  v1::DeleteMachineRequest request;
  request.set_name(MachineNameOf(machine));
  const absl::Status deleted = EngineClient(context.connection).DeleteMachine(request);
  if (!deleted.ok()) return deleted;
  if (context.json()) return PrintJson(google::protobuf::Empty(), context.out);
  context.out << request.name() << ": deleted\n";
  return ExitStatus::kOk;
}

void AddCreate(CLI::App& machine, Command& chosen) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* const command = machine.add_subcommand("create", "Make a machine, in its reset state");
  command->add_option("MACHINE", options->machine, "Its name")->required();
  command->add_option("--profile", options->profile, "The CPU profile of its vCPUs, see `armstate profile list`")
      ->type_name("PROFILE")
      ->required();
  command->add_option("--vcpus", options->vcpus, "Number of vCPUs")->type_name("N")->capture_default_str();
  command->footer(HelpFooter("  armstate machine create m1 --profile qemu-7.2.virt.cortex-a57 --vcpus 2\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Create(*options, context); }; });
}

// A subcommand whose only argument is the machine.
void AddSimple(CLI::App& machine, const std::string& name, const std::string& description,
               absl::StatusOr<ExitStatus> (*run)(const std::string&, CommandContext&), Command& chosen) {
  auto argument = std::make_shared<std::string>();
  CLI::App* const command = machine.add_subcommand(name, description);
  command->add_option("MACHINE", *argument, "The machine")->required();
  command->footer(HelpFooter(absl::StrCat("  armstate machine ", name, " m1\n")));
  command->callback([argument, run, &chosen] {
    chosen = [argument, run](CommandContext& context) { return run(*argument, context); };
  });
}

}  // namespace

void AddMachineCommand(CLI::App& app, Command& chosen) {
  CLI::App* const machine =
      app.add_subcommand("machine", "Create and use machines: VMs on the server's own CPU engine");
  machine->require_subcommand(1);
  AddCreate(*machine, chosen);
  AddSimple(*machine, "get", "Show a machine", Get, chosen);
  CLI::App* const list = machine->add_subcommand("list", "List the machines");
  list->footer(HelpFooter("  armstate machine list\n"));
  list->callback([&chosen] { chosen = List; });
  AddMachineReadCommand(*machine, chosen);
  AddMachineWriteCommand(*machine, chosen);
  AddMachineCaptureCommand(*machine, chosen);
  AddMachineRestoreCommand(*machine, chosen);
  AddSimple(*machine, "reset", "Put all vCPUs back to their reset state", Reset, chosen);
  AddSimple(*machine, "delete", "Delete a machine", Delete, chosen);
  machine->footer(
      HelpFooter("  armstate machine create m1 --profile qemu-7.2.virt.cortex-a57\n"
                 "  armstate machine restore m1 web-1@3\n"
                 "  armstate machine read m1 PC SCTLR_EL1\n"));
}

}  // namespace armstate
