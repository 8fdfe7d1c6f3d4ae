#include "client/qemu/restore.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/checkpoint_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/id_scheme.h"
#include "client/cli/commands/state_file_options.h"
#include "client/cli/commands/stream_judgement.h"
#include "client/cli/commands/target_options.h"
#include "client/cli/output/report_text.h"
#include "client/files/input_file.h"
#include "client/files/output_file.h"
#include "client/open_state_file.h"
#include "client/state_conversion.h"
#include "core/error.h"
#include "proto/restore_report_conversion.h"
#include "proto/secret_redaction.h"

namespace armstate {
namespace {

struct RestoreOptions {
  std::string checkpoint;
  std::string into;
  std::string out;
  std::string profile;
  ToleranceOptions tolerances;
  std::vector<std::string> accept;
  bool force = false;
  StateFileOptions state_file;
};

v1::RestoreReport ReportOf(const QemuRestore& restore, const v1::Checkpoint& checkpoint,
                           const std::vector<VcpuState>& vcpus, IdScheme scheme) {
  const RegisterList no_list;  // only reports of all registers need the target's layout
  std::vector<VcpuReportInput> reports;
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

absl::StatusOr<std::unique_ptr<StateFile>> OpenTarget(const RestoreOptions& options) {
  absl::StatusOr<InputFile> file = InputFile::Open(options.into);
  if (!file.ok()) return file.status();
  absl::StatusOr<std::unique_ptr<StateFile>> target = OpenStateFile(*std::move(file), options.into, options.state_file);
  if (!target.ok()) return Annotate(target.status(), options.into);
  return target;
}

ExitStatus Show(v1::RestoreReport report, const v1::Checkpoint& checkpoint, const RestoreOptions& options,
                CommandContext& context) {
  RedactSecrets(report);
  const ExitStatus exit_status = ExitStatusOf(report);
  if (context.json()) {
    PrintJson(report, context.out);
  } else {
    PrintReport(report, absl::StrCat(checkpoint.name(), " into ", options.into), context.palette, context.out);
    if (exit_status == ExitStatus::kOk) context.out << options.out << ": written\n";
  }
  return exit_status;
}

absl::StatusOr<ExitStatus> Restore(const RestoreOptions& options, CommandContext& context) {
  if (options.out == "-") return UsageError("--out: the result goes into a file, not to standard output");
  v1::GetCheckpointRequest request;
  request.set_name(CheckpointNameOf(options.checkpoint));
  request.set_view(v1::CHECKPOINT_VIEW_FULL);
  request.set_include_secrets(true);
  absl::StatusOr<v1::Checkpoint> checkpoint = CheckpointClient(context.connection).GetCheckpoint(request);
  if (!checkpoint.ok()) return checkpoint.status();
  const absl::StatusOr<IdScheme> scheme = IdSchemeOf(checkpoint->source(), context.connection);
  if (!scheme.ok()) return scheme.status();
  const absl::StatusOr<std::unique_ptr<StateFile>> target = OpenTarget(options);
  if (!target.ok()) return target.status();
  absl::StatusOr<OutputFile> out =
      OutputFile::Create(options.out, options.force ? IfExists::kReplace : IfExists::kRefuse);
  if (!out.ok()) return out.status();
  const absl::StatusOr<StreamJudgement> judged =
      JudgeForStream(*checkpoint, *scheme, (*target)->stream(), options.into, options.profile, options.tolerances,
                     options.accept, context);
  if (!judged.ok()) return judged.status();
  if (ExitStatusOf(judged->report) != ExitStatus::kOk) return Show(judged->report, *checkpoint, options, context);

  // The machine type of another hypervisor is not comparable with that of QEMU's stream.
  const v1::Source& source = checkpoint->source();
  const std::string machine_type = source.hypervisor() == "QEMU" ? source.machine_type() : "";
  const absl::StatusOr<QemuRestore> restore =
      RestoreIntoQemuStream(judged->vcpus, machine_type, (*target)->stream(), judged->release);
  if (!restore.ok()) return Annotate(restore.status(), options.into);
  v1::RestoreReport report =
      restore->verdict == Verdict::kRefused ? ReportOf(*restore, *checkpoint, judged->vcpus, *scheme) : judged->report;
  if (restore->verdict != Verdict::kRefused) {
    AddNotes(restore->notes, report);
    ReportLosses(restore->losses, options.accept, report);
  }
  if (ExitStatusOf(report) == ExitStatus::kOk) {
    absl::Status written = (*target)->Write(restore->patches, *out);
    if (!written.ok()) return Annotate(written, options.into);
    written = out->Commit();
    if (!written.ok()) return written;
  }
  return Show(report, *checkpoint, options, context);
}

}  // namespace

void AddRestoreCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<RestoreOptions>();
  CLI::App* const command =
      app.add_subcommand("restore", "Write a checkpoint's CPU state into the migration stream of another QEMU");
  command->add_option("VM[@VERSION]", options->checkpoint, "The checkpoint; the latest without @VERSION")->required();
  command
      ->add_option("--into", options->into,
                   "The saved state of a VM of the same kind, also of another release of QEMU, in any form that `push` "
                   "reads: its RAM and devices are kept, its CPU state is replaced")
      ->type_name("FILE")
      ->required();
  command->add_option("--out", options->out, "The file to write, in the same form as --into; written only if accepted")
      ->type_name("FILE")
      ->required();
  command
      ->add_option("--profile", options->profile,
                   "The target's CPU profile; without it, only what the target's own state shows is checked")
      ->type_name("PROFILE");
  AddToleranceOptions(*command, options->tolerances);
  AddAcceptOption(*command, options->accept);
  command->add_flag("--force", options->force, "Replace the file if it exists");
  AddStateFileOptions(*command, options->state_file);
  command->footer(
      HelpFooter("  armstate restore web-1@3 --into fresh.mig --out web-1.mig\n"
                 "  qemu-system-aarch64 ... -incoming 'exec:cat web-1.mig'\n"
                 "  armstate restore web-1@3 --into web-1.save --out moved.save && virsh restore moved.save\n"
                 "  armstate restore kvm-1 --profile qemu-7.2.virt.cortex-a72 --into fresh.mig --out kvm-1.mig\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Restore(*options, context); }; });
}

}  // namespace armstate
