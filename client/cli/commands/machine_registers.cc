// `armstate machine read` and `write`.
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/id_scheme.h"
#include "client/cli/commands/number_checks.h"
#include "client/cli/commands/register_value.h"
#include "client/cli/output/register_text.h"
#include "client/cli/output/report_text.h"
#include "client/engine_client.h"
#include "core/error.h"
#include "proto/register_list_conversion.h"

namespace armstate {
namespace {

struct ReadOptions {
  std::string machine;
  int vcpu = 0;
  std::vector<std::string> names;
  bool secrets = false;
};

struct WriteOptions {
  std::string machine;
  int vcpu = 0;
  std::vector<std::string> assignments;
  bool keep_going = false;
};

absl::StatusOr<ExitStatus> Read(const ReadOptions& options, CommandContext& context) {
  const std::string machine = MachineNameOf(options.machine);
  const absl::StatusOr<v1::CpuProfile> profile = ProfileOfMachine(machine, context.connection);
  if (!profile.ok()) return profile.status();
  const absl::StatusOr<IdScheme> scheme = IdSchemeOf(*profile);
  if (!scheme.ok()) return scheme.status();
  const absl::StatusOr<std::vector<RegisterSelector>> held = SelectorsOf(options.names, *profile);
  if (!held.ok()) return held.status();
  v1::ReadRegistersRequest request;
  request.set_machine(machine);
  request.set_vcpu_index(options.vcpu);
  request.set_include_secrets(options.secrets);
  for (const RegisterSelector& selector : *held) request.add_register_ids(selector.id.raw());
  absl::StatusOr<v1::ReadRegistersResponse> response = EngineClient(context.connection).ReadRegisters(request);
  if (!response.ok()) return response.status();
  if (context.json()) return PrintJson(*response, context.out);
  const SecretValues secrets = FillRedacted(*response->mutable_registers());
  const absl::StatusOr<RegisterList> list = RegisterListFromProto(std::move(*response->mutable_registers()));
  if (!list.ok()) return list.status();
  if (options.names.empty()) {
    PrintRegisters(*list, secrets, *scheme, context.out);
    return ExitStatus::kOk;
  }
  // As they are named: what is mapped to another register is said.
  const absl::StatusOr<std::vector<RegisterSelector>> selectors = ParseRegisterSelectors(options.names, *scheme);
  if (!selectors.ok()) return selectors.status();
  const absl::Status printed = PrintSelected(*list, secrets, *selectors, *scheme, context.out);
  if (!printed.ok()) return printed;
  return ExitStatus::kOk;
}

// Makes a register list of arguments like "NAME=VALUE".
absl::StatusOr<RegisterList> ParseAssignments(const std::vector<std::string>& assignments, IdScheme scheme) {
  RegisterListBuilder builder;
  for (const std::string& assignment : assignments) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(assignment, absl::MaxSplits('=', 1));
    if (!absl::StrContains(assignment, '=')) return UsageError(absl::StrCat(assignment, " is not NAME=VALUE"));
    const absl::StatusOr<RegisterId> id = ParseRegisterName(parts.first, scheme);
    if (!id.ok()) return id.status();
    const absl::StatusOr<std::string> value = ParseRegisterValue(parts.second, id->width());
    if (!value.ok()) return UsageError(absl::StrCat(assignment, ": ", value.status().message()));
    builder.AddBytes(*id, *value);
  }
  return std::move(builder).Build();
}

absl::StatusOr<ExitStatus> Write(const WriteOptions& options, CommandContext& context) {
  const std::string machine = MachineNameOf(options.machine);
  const absl::StatusOr<IdScheme> scheme = IdSchemeOfMachine(machine, context.connection);
  if (!scheme.ok()) return scheme.status();
  absl::StatusOr<RegisterList> list = ParseAssignments(options.assignments, *scheme);
  if (!list.ok()) return list.status();
  v1::WriteRegistersRequest request;
  request.set_machine(machine);
  request.set_vcpu_index(options.vcpu);
  *request.mutable_registers() = RegisterListToProto(*std::move(list));
  request.set_keep_going(options.keep_going);
  const absl::StatusOr<v1::WriteRegistersResponse> response = EngineClient(context.connection).WriteRegisters(request);
  if (!response.ok()) return response.status();
  if (context.json()) {
    PrintJson(*response, context.out);
  } else {
    PrintReport(response->report(), machine, context.palette, context.out);
  }
  return ExitStatusOf(response->report());
}

}  // namespace

void AddMachineReadCommand(CLI::App& machine, Command& chosen) {
  auto options = std::make_shared<ReadOptions>();
  CLI::App* const command = machine.add_subcommand("read", "Read registers of one vCPU");
  command->add_option("MACHINE", options->machine, "The machine")->required();
  command->add_option("NAME", options->names, "Registers to show with their fields; by default all registers")
      ->type_name("");
  command->add_option("--vcpu", options->vcpu, "Which vCPU")
      ->type_name("N")
      ->check(NumberFrom(0))
      ->capture_default_str();
  AddSecretsOption(*command, options->secrets);
  command->footer(HelpFooter("  armstate machine read m1 PC SCTLR_EL1.M --vcpu 1\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Read(*options, context); }; });
}

void AddMachineWriteCommand(CLI::App& machine, Command& chosen) {
  auto options = std::make_shared<WriteOptions>();
  CLI::App* const command = machine.add_subcommand("write", "Write registers of one vCPU: all of them, or none");
  command->add_option("MACHINE", options->machine, "The machine")->required();
  command
      ->add_option("ASSIGNMENT", options->assignments,
                   "NAME=VALUE; the value in decimal up to 64 bits, or of any width in hexadecimal with 0x")
      ->type_name("")
      ->required();
  command->add_option("--vcpu", options->vcpu, "Which vCPU")
      ->type_name("N")
      ->check(NumberFrom(0))
      ->capture_default_str();
  command->add_flag("--keep-going", options->keep_going, "Keep the accepted registers even if one is refused");
  command->footer(HelpFooter("  armstate machine write m1 X0=42 SCTLR_EL1=0x30d00801\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Write(*options, context); }; });
}

}  // namespace armstate
