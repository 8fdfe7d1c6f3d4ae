#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/checkpoint_client.h"
#include "client/commands/arguments.h"
#include "client/commands/commands.h"
#include "client/commands/id_scheme.h"
#include "client/commands/number_checks.h"
#include "client/commands/register_text.h"
#include "client/commands/table.h"
#include "core/error.h"
#include "proto/register_list_conversion.h"
#include "proto/vcpu_state_conversion.h"

namespace armstate {
namespace {

// Of an opaque field's bytes; the rest is in `armstate pull`.
constexpr size_t kMaxShownBytes = 32;

struct ShowOptions {
  std::string checkpoint;
  int vcpu = -1;  // -1: all
  std::vector<std::string> names;
};

void PrintOpaqueFields(const std::vector<OpaqueField>& fields, std::ostream& out) {
  Table table({"OTHER STATE", "BYTES (HEXADECIMAL, AS IN THE SOURCE)"});
  for (const OpaqueField& field : fields) {
    const bool all = field.data.size() <= kMaxShownBytes;
    const std::string hex = absl::BytesToHexString(absl::string_view(field.data).substr(0, kMaxShownBytes));
    table.AddRow({field.name, all ? hex : absl::StrCat(hex, "... (", field.data.size(), " bytes)")});
  }
  table.Print("", out);
}

absl::Status PrintVcpu(const VcpuState& vcpu, absl::Span<const RegisterSelector> selectors, IdScheme scheme,
                       std::ostream& out) {
  if (!selectors.empty()) return PrintSelected(vcpu.registers, selectors, scheme, out);
  PrintRegisters(vcpu.registers, scheme, out);
  PrintOpaqueFields(vcpu.opaque_fields, out);
  return absl::OkStatus();
}

absl::StatusOr<ExitStatus> ShowJson(v1::Checkpoint checkpoint, absl::Span<const RegisterSelector> selectors,
                                    IdScheme scheme, CommandContext& context) {
  for (v1::VcpuState& vcpu : *checkpoint.mutable_vcpus()) {
    if (selectors.empty()) break;
    const absl::StatusOr<RegisterList> list = RegisterListFromProto(std::move(*vcpu.mutable_registers()));
    if (!list.ok()) return list.status();
    absl::StatusOr<RegisterList> selected = Select(*list, selectors, scheme);
    if (!selected.ok()) return Annotate(selected.status(), absl::StrCat("vCPU ", vcpu.vcpu_index()));
    *vcpu.mutable_registers() = RegisterListToProto(*std::move(selected));
    vcpu.clear_opaque_fields();
  }
  return PrintJson(checkpoint, context.out);
}

absl::StatusOr<ExitStatus> Show(const ShowOptions& options, CommandContext& context) {
  v1::GetCheckpointRequest request;
  request.set_name(CheckpointNameOf(options.checkpoint));
  request.set_view(v1::CHECKPOINT_VIEW_FULL);
  if (options.vcpu >= 0) request.add_vcpu_indexes(options.vcpu);
  absl::StatusOr<v1::Checkpoint> checkpoint = CheckpointClient(context.connection).GetCheckpoint(request);
  if (!checkpoint.ok()) return checkpoint.status();
  const absl::StatusOr<IdScheme> scheme = IdSchemeOf(checkpoint->source(), context.connection);
  if (!scheme.ok()) return scheme.status();
  const absl::StatusOr<std::vector<RegisterSelector>> selectors = ParseRegisterSelectors(options.names, *scheme);
  if (!selectors.ok()) return selectors.status();
  if (context.json()) return ShowJson(*std::move(checkpoint), *selectors, *scheme, context);

  context.out << checkpoint->name() << (checkpoint->is_protected() ? " (protected)\n" : "\n");
  for (const v1::CaptureGap& gap : checkpoint->gaps()) {
    context.out << context.palette.Warning("incomplete") << ": vCPU " << gap.vcpu_index() << ": " << gap.reason()
                << '\n';
  }
  for (v1::VcpuState& message : *checkpoint->mutable_vcpus()) {
    const absl::StatusOr<VcpuState> vcpu = VcpuStateFromProto(std::move(message));
    if (!vcpu.ok()) return vcpu.status();
    context.out << "vCPU " << vcpu->vcpu_index << '\n';
    const absl::Status printed = PrintVcpu(*vcpu, *selectors, *scheme, context.out);
    if (!printed.ok()) return Annotate(printed, absl::StrCat("vCPU ", vcpu->vcpu_index));
  }
  return ExitStatus::kOk;
}

}  // namespace

void AddShowCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ShowOptions>();
  CLI::App* const command = app.add_subcommand("show", "Show the registers of a checkpoint by name");
  command->add_option("VM[@VERSION]", options->checkpoint, "The checkpoint; the latest without @VERSION")->required();
  command
      ->add_option("NAME", options->names,
                   "Only these registers, with their fields: SCTLR_EL1, SCTLR_EL1.M, 0x603000000013c080 ...")
      ->type_name("");
  command->add_option("--vcpu", options->vcpu, "Only this vCPU")->type_name("N")->check(NumberFrom(0));
  command->footer(
      HelpFooter("  armstate show web-1\n"
                 "  armstate show web-1@3 --vcpu 0 PC SCTLR_EL1 ID_AA64MMFR0_EL1.PARange\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Show(*options, context); }; });
}

}  // namespace armstate
