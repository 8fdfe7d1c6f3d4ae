#include "client/cli/commands/store.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/checkpoint_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/number_checks.h"
#include "client/cli/output/report_text.h"
#include "client/cli/output/text.h"

namespace armstate {
namespace {

void SetUnlessEmpty(const std::string& value, std::string* field) {
  if (!value.empty()) *field = value;
}

void AddSource(const StoreOptions& options, v1::Source& source) {
  if (options.accelerator == "tcg") source.set_accelerator(v1::ACCELERATOR_TCG);
  if (options.accelerator == "kvm") source.set_accelerator(v1::ACCELERATOR_KVM);
  if (options.accelerator == "hvf") source.set_accelerator(v1::ACCELERATOR_HVF);
  SetUnlessEmpty(options.hypervisor_version, source.mutable_hypervisor_version());
  SetUnlessEmpty(options.host_kernel, source.mutable_host_kernel());
  SetUnlessEmpty(options.machine_type, source.mutable_machine_type());
  SetUnlessEmpty(options.cpu_model, source.mutable_cpu_model());
  SetUnlessEmpty(options.host, source.mutable_host());
}

void Print(const v1::Checkpoint& sent, const v1::Checkpoint& stored, const std::vector<std::string>& notes,
           bool validate_only, CommandContext& context) {
  context.out << (validate_only ? "well formed, not stored" : "") << CheckpointText(stored) << '\n';
  for (const std::string& note : notes) context.out << "note: " << note << '\n';
  for (const v1::CaptureGap& gap : sent.gaps()) {
    context.out << context.palette.Warning("incomplete") << ": vCPU " << gap.vcpu_index() << ": " << gap.reason()
                << '\n';
  }
  PrintAdvice(stored.advice(), context.palette, context.out);
}

// Asks what the server's rules say about the stored checkpoint. It is stored, whatever becomes of this.
void AddAdvice(v1::Checkpoint& stored, CommandContext& context) {
  v1::GetCheckpointRequest request;
  request.set_name(stored.name());
  request.set_view(v1::CHECKPOINT_VIEW_BASIC);
  request.set_include_advice(true);
  absl::StatusOr<v1::Checkpoint> advised = CheckpointClient(context.connection).GetCheckpoint(request);
  if (advised.ok()) {
    stored.mutable_advice()->Swap(advised->mutable_advice());
  } else {
    context.err << "armstate: stored, but not looked at: " << Printable(std::string(advised.status().message()))
                << '\n';
  }
}

}  // namespace

void AddStoreOptions(CLI::App& command, StoreOptions& options) {
  command.add_option("VM", options.vm, "The VM; its first checkpoint creates it")->required();
  command.add_option("--label", options.labels, "A label; may be given more than once")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("--expected-version", options.expected_version,
                  "Store only if this is the VM's latest version; 0: only if there is no such VM")
      ->type_name("N")
      ->check(NumberFrom(0));
  command
      .add_option("--request-id", options.request_id,
                  "Makes a repeated command safe: the same ID stores the checkpoint once. Random by default")
      ->type_name("ID");
  command.add_flag("--validate-only", options.validate_only, "Check everything, store nothing");
  command
      .add_option("--accelerator", options.accelerator,
                  "What ran the vCPUs, if the register lists do not show it; refused if they contradict it")
      ->type_name("tcg|kvm|hvf")
      ->check(CLI::IsMember({"tcg", "kvm", "hvf"}).description(""));
  command.add_option("--cpu-model", options.cpu_model, "The CPU, e.g. cortex-a57")->type_name("NAME");
  command.add_option("--machine-type", options.machine_type, "The machine, e.g. virt-7.2")->type_name("NAME");
  command.add_option("--hypervisor-version", options.hypervisor_version, "The hypervisor's version, e.g. 7.2.22")
      ->type_name("TEXT");
  command.add_option("--host", options.host, "The host that the VM ran on")->type_name("NAME");
  command.add_option("--host-kernel", options.host_kernel, "The host's kernel, as `uname -r` prints it")
      ->type_name("TEXT");
}

absl::StatusOr<ExitStatus> Store(v1::Checkpoint checkpoint, const std::vector<std::string>& notes,
                                 const StoreOptions& options, CommandContext& context) {
  absl::StatusOr<std::map<std::string, std::string>> labels = ParseLabels(options.labels);
  if (!labels.ok()) return labels.status();
  for (const auto& [key, value] : *labels) (*checkpoint.mutable_labels())[key] = value;
  AddSource(options, *checkpoint.mutable_source());

  v1::CreateCheckpointRequest request;
  request.set_parent(VmNameOf(options.vm));
  *request.mutable_checkpoint() = std::move(checkpoint);
  request.set_request_id(options.request_id);
  if (options.expected_version >= 0) request.set_expected_latest_version(options.expected_version);
  request.set_validate_only(options.validate_only);
  absl::StatusOr<v1::Checkpoint> stored = CheckpointClient(context.connection).CreateCheckpoint(request);
  if (!stored.ok()) return stored.status();
  if (!options.validate_only) AddAdvice(*stored, context);
  if (context.json()) return PrintJson(*stored, context.out);
  Print(request.checkpoint(), *stored, notes, options.validate_only, context);
  return ExitStatus::kOk;
}

}  // namespace armstate
