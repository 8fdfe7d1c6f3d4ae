#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/checkpoint_client.h"
#include "client/commands/arguments.h"
#include "client/commands/commands.h"
#include "client/commands/id_scheme.h"
#include "client/commands/report_text.h"
#include "client/files/input_file.h"
#include "client/files/output_file.h"
#include "client/qemu/qemu_restore.h"
#include "core/error.h"
#include "proto/restore_report_conversion.h"
#include "proto/vcpu_state_conversion.h"

namespace armstate {
namespace {

struct RestoreOptions {
  std::string checkpoint;
  std::string into;
  std::string out;
  bool force = false;
};

absl::StatusOr<std::vector<VcpuState>> TakeVcpus(v1::Checkpoint& checkpoint) {
  std::vector<VcpuState> vcpus;
  for (v1::VcpuState& message : *checkpoint.mutable_vcpus()) {
    absl::StatusOr<VcpuState> vcpu =
        VcpuStateFromProto(std::move(message), vcpus.empty() ? nullptr : vcpus.back().registers.shared_layout());
    if (!vcpu.ok()) return vcpu.status();
    vcpus.push_back(*std::move(vcpu));
  }
  return vcpus;
}

v1::RestoreReport ReportOf(const QemuRestore& restore, const v1::Checkpoint& checkpoint,
                           const std::vector<VcpuState>& vcpus, IdScheme scheme) {
  const RegisterList no_list;  // the layout of the target is needed only for reports of all registers
  std::vector<VcpuRestore> reports;
  for (size_t i = 0; i < restore.reports.size(); ++i) {
    reports.push_back({vcpus[i].vcpu_index, vcpus[i].registers, no_list.layout(), restore.reports[i]});
  }
  v1::RestoreReport report = RestoreReportToProto(reports, scheme, ReportedRegisters::kFindings);
  for (const v1::CaptureGap& gap : checkpoint.gaps()) {
    report.add_notes(absl::StrCat("the checkpoint is incomplete: vCPU ", gap.vcpu_index(), ": ", gap.reason()));
  }
  for (const std::string& note : restore.notes) report.add_notes(note);
  return report;
}

// The patched stream, piece by piece: it may be larger than memory.
absl::Status WritePatched(absl::string_view stream, absl::Span<const StreamPatch> patches, OutputFile& file) {
  size_t copied = 0;
  for (const StreamPatch& patch : patches) {
    file.Append(stream.substr(copied, patch.offset - copied));
    file.Append(patch.bytes);
    copied = patch.offset + patch.size;
  }
  file.Append(stream.substr(copied));
  return file.Commit();
}

absl::StatusOr<ExitStatus> Restore(const RestoreOptions& options, CommandContext& context) {
  v1::GetCheckpointRequest request;
  request.set_name(CheckpointNameOf(options.checkpoint));
  request.set_view(v1::FULL);
  absl::StatusOr<v1::Checkpoint> checkpoint = CheckpointClient(context.connection).GetCheckpoint(request);
  if (!checkpoint.ok()) return checkpoint.status();
  const absl::StatusOr<IdScheme> scheme = IdSchemeOf(checkpoint->source(), context.connection);
  if (!scheme.ok()) return scheme.status();
  const absl::StatusOr<std::vector<VcpuState>> vcpus = TakeVcpus(*checkpoint);
  if (!vcpus.ok()) return vcpus.status();

  const absl::StatusOr<InputFile> target = InputFile::Open(options.into);
  if (!target.ok()) return target.status();
  absl::StatusOr<OutputFile> out =
      OutputFile::Create(options.out, options.force ? IfExists::kReplace : IfExists::kRefuse);
  if (!out.ok()) return out.status();
  const absl::StatusOr<QemuRestore> restore =
      RestoreIntoQemuStream(*vcpus, checkpoint->source().machine_type(), target->bytes());
  if (!restore.ok()) return Annotate(restore.status(), options.into);

  const v1::RestoreReport report = ReportOf(*restore, *checkpoint, *vcpus, *scheme);
  const ExitStatus exit_status = ExitStatusOf(report);
  if (exit_status == ExitStatus::kOk) {
    const absl::Status written = WritePatched(target->bytes(), restore->patches, *out);
    if (!written.ok()) return written;
  }
  if (context.json()) {
    PrintJson(report, context.out);
  } else {
    PrintReport(report, absl::StrCat(checkpoint->name(), " into ", options.into), context.palette, context.out);
    if (exit_status == ExitStatus::kOk) context.out << options.out << ": written\n";
  }
  return exit_status;
}

}  // namespace

void AddRestoreCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<RestoreOptions>();
  CLI::App* const command =
      app.add_subcommand("restore", "Put a checkpoint's CPU state into the migration stream of another QEMU");
  command->add_option("VM[@VERSION]", options->checkpoint, "The checkpoint; the latest without @VERSION")->required();
  command
      ->add_option("--into", options->into,
                   "A stream of a VM of the same kind: its RAM and devices are kept, its CPU state is replaced")
      ->type_name("STREAM")
      ->required();
  command->add_option("--out", options->out, "The file to write, for `qemu -incoming`; written only if accepted")
      ->type_name("STREAM")
      ->required();
  command->add_flag("--force", options->force, "Replace the file if it exists");
  command->footer(
      HelpFooter("  armstate restore web-1@3 --into fresh.mig --out web-1.mig\n"
                 "  qemu-system-aarch64 ... -incoming 'exec:cat web-1.mig'\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Restore(*options, context); }; });
}

}  // namespace armstate
