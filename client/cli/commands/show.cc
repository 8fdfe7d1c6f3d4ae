#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/checkpoint_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/id_scheme.h"
#include "client/cli/commands/number_checks.h"
#include "client/cli/output/register_text.h"
#include "client/cli/output/report_text.h"
#include "client/cli/output/table.h"
#include "core/error.h"
#include "proto/vcpu_state_conversion.h"

namespace armstate {
namespace {

// The number of bytes of an opaque field that are shown; `armstate pull` has all of them.
constexpr size_t kMaxShownBytes = 32;

struct ShowOptions {
  std::string checkpoint;
  int vcpu = -1;  // -1: all
  std::vector<std::string> names;
  bool fields = false;
  bool secrets = false;
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

absl::Status PrintVcpu(const VcpuState& vcpu, SecretValues secrets, absl::Span<const RegisterSelector> selectors,
                       IdScheme scheme, std::ostream& out) {
  if (!selectors.empty()) return PrintSelected(vcpu.registers, secrets, selectors, scheme, out);
  PrintRegisters(vcpu.registers, secrets, scheme, out);
  PrintOpaqueFields(vcpu.opaque_fields, out);
  return absl::OkStatus();
}

// This many registers with all fields fit into an answer of 16 MiB.
constexpr int64_t kRegistersOfACall = 8192;

// Gets the whole DECODED view. Large checkpoints need several calls, each for some of the vCPUs.
absl::StatusOr<v1::Checkpoint> GetDecoded(const ShowOptions& options, const CheckpointClient& client) {
  v1::GetCheckpointRequest request;
  request.set_name(CheckpointNameOf(options.checkpoint));
  request.set_view(v1::CHECKPOINT_VIEW_BASIC);
  request.set_include_advice(options.names.empty());
  if (request.include_advice() && options.vcpu >= 0) request.add_vcpu_indexes(options.vcpu);
  absl::StatusOr<v1::Checkpoint> checkpoint = client.GetCheckpoint(request);
  if (!checkpoint.ok()) return checkpoint.status();
  request.set_include_advice(false);
  request.set_name(checkpoint->name());  // not `latest`, which may change between the calls
  request.set_view(v1::CHECKPOINT_VIEW_DECODED);
  request.mutable_registers()->Assign(options.names.begin(), options.names.end());
  request.set_include_fields(options.fields);
  request.set_include_secrets(options.secrets);
  const int64_t registers = std::max<int64_t>(checkpoint->register_count(), 1);
  const int step = static_cast<int>(std::max<int64_t>(kRegistersOfACall * checkpoint->vcpu_count() / registers, 1));
  const int first = std::max(options.vcpu, 0);
  const int end = options.vcpu < 0 ? checkpoint->vcpu_count() : options.vcpu + 1;
  for (int begin = first; begin < end; begin += step) {
    request.clear_vcpu_indexes();
    for (int i = begin; i < std::min(begin + step, end); ++i) request.add_vcpu_indexes(i);
    absl::StatusOr<v1::Checkpoint> part = client.GetCheckpoint(request);
    if (!part.ok()) return part.status();
    for (v1::DecodedVcpu& vcpu : *part->mutable_decoded_vcpus()) *checkpoint->add_decoded_vcpus() = std::move(vcpu);
  }
  return checkpoint;
}

absl::StatusOr<ExitStatus> Show(const ShowOptions& options, CommandContext& context) {
  if (context.json()) {
    const absl::StatusOr<v1::Checkpoint> decoded = GetDecoded(options, CheckpointClient(context.connection));
    return decoded.ok() ? PrintJson(*decoded, context.out) : absl::StatusOr<ExitStatus>(decoded.status());
  }
  v1::GetCheckpointRequest request;
  request.set_name(CheckpointNameOf(options.checkpoint));
  request.set_view(v1::CHECKPOINT_VIEW_FULL);
  request.set_include_secrets(options.secrets);
  request.set_include_advice(options.names.empty());
  if (options.vcpu >= 0) request.add_vcpu_indexes(options.vcpu);
  absl::StatusOr<v1::Checkpoint> checkpoint = CheckpointClient(context.connection).GetCheckpoint(request);
  if (!checkpoint.ok()) return checkpoint.status();
  const absl::StatusOr<IdScheme> scheme = IdSchemeOf(checkpoint->source(), context.connection);
  if (!scheme.ok()) return scheme.status();
  const absl::StatusOr<std::vector<RegisterSelector>> selectors = ParseRegisterSelectors(options.names, *scheme);
  if (!selectors.ok()) return selectors.status();

  context.out << checkpoint->name() << (checkpoint->is_protected() ? " (protected)\n" : "\n");
  for (const v1::CaptureGap& gap : checkpoint->gaps()) {
    context.out << context.palette.Warning("incomplete") << ": vCPU " << gap.vcpu_index() << ": " << gap.reason()
                << '\n';
  }
  PrintAdvice(checkpoint->advice(), context.palette, context.out);
  for (v1::VcpuState& message : *checkpoint->mutable_vcpus()) {
    const SecretValues secrets = FillRedacted(*message.mutable_registers());
    const absl::StatusOr<VcpuState> vcpu = VcpuStateFromProto(std::move(message));
    if (!vcpu.ok()) return vcpu.status();
    context.out << "vCPU " << vcpu->vcpu_index << '\n';
    const absl::Status printed = PrintVcpu(*vcpu, secrets, *selectors, *scheme, context.out);
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
  AddSecretsOption(*command, options->secrets);
  command->add_flag("--fields", options->fields, "With --output=json: the fields of all registers");
  command->footer(
      HelpFooter("  armstate show web-1\n"
                 "  armstate show web-1@3 --vcpu 0 PC SCTLR_EL1 ID_AA64MMFR0_EL1.PARange\n"
                 "  armstate show web-1 --output=json |\n"
                 "    jq -r '.decodedVcpus[0].registers[] | select(.name == \"SCTLR_EL1\").value'\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Show(*options, context); }; });
}

}  // namespace armstate
