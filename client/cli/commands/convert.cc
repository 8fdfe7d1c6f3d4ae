#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/state_file_options.h"
#include "client/cli/commands/target_options.h"
#include "client/cli/files/checkpoint_file.h"
#include "client/cli/output/report_text.h"
#include "client/files/output_file.h"
#include "client/restore_client.h"
#include "client/state_conversion.h"
#include "core/error.h"
#include "proto/secret_redaction.h"

namespace armstate {
namespace {

struct ConvertOptions {
  std::string file;
  TargetOptions target;
  std::string out;
  std::vector<std::string> accept;
  ToleranceOptions tolerances;
  bool force = false;
  bool dry_run = false;
  StateFileOptions state_file;
};

void Show(const ConvertedState& converted, const ConvertOptions& options, CommandContext& context) {
  if (context.json()) {
    v1::ConvertCheckpointResponse answer = converted.answer;
    answer.clear_vcpus();  // the file has them
    PrintJson(answer, context.out);
    return;
  }
  const std::string& source = converted.answer.source_profile();
  PrintReport(converted.answer.report(),
              absl::StrCat(options.file, source.empty() ? "" : absl::StrCat(" (", source, ")"), " for ",
                           TargetName(TargetOf(options.target))),
              context.palette, context.out);
}

absl::StatusOr<ExitStatus> Convert(const ConvertOptions& options, CommandContext& context) {
  if (options.out == "-") return UsageError("--out: the result goes into a file, not to standard output");
  std::error_code not_there;
  if (!options.dry_run && std::filesystem::equivalent(options.file, options.out, not_there)) {
    return UsageError("--out: names the file that is converted, which is the only way back to the old QEMU");
  }
  absl::StatusOr<LoadedStateFile> loaded = LoadStateFile(options.file, options.state_file);
  if (!loaded.ok()) return loaded.status();
  v1::ConvertCheckpointRequest request;
  *request.mutable_target() = TargetOf(options.target);
  request.mutable_accept()->Assign(options.accept.begin(), options.accept.end());
  request.set_ignore_server_tolerances(options.tolerances.strict);
  const absl::Status tolerances = ReadTolerances(options.tolerances, *request.mutable_tolerances());
  if (!tolerances.ok()) return tolerances;
  absl::optional<OutputFile> out;
  if (!options.dry_run) {
    absl::StatusOr<OutputFile> created =
        OutputFile::Create(options.out, options.force ? IfExists::kReplace : IfExists::kRefuse);
    if (!created.ok()) return created.status();
    out.emplace(*std::move(created));
  }
  absl::StatusOr<ConvertedState> converted = ConvertState(std::move(loaded->loaded.checkpoint), loaded->file->stream(),
                                                          std::move(request), RestoreClient(context.connection));
  if (!converted.ok()) return Annotate(converted.status(), options.file);
  v1::RestoreReport& report = *converted->answer.mutable_report();
  RedactSecrets(report);
  AddNotes(loaded->loaded.notes, report);
  const std::string& named = loaded->file->source().cpu_model;
  const std::string& model = converted->answer.target().cpu_model();
  if (converted->accepted() && !named.empty() && !model.empty() && named.substr(0, named.find(',')) != model) {
    report.add_notes(absl::StrCat("the domain's XML still names the CPU model ", named, ": `virsh save-image-edit ",
                                  options.out, "` changes it"));
  }
  Show(*converted, options, context);
  if (converted->accepted() && out) {
    absl::Status written = loaded->file->Write(converted->patches, *out);
    if (!written.ok()) return Annotate(written, options.file);
    written = out->Commit();
    if (!written.ok()) return written;
    if (!context.json()) context.out << options.out << ": written\n";
  }
  return ExitStatusOf(report);
}

}  // namespace

void AddConvertCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ConvertOptions>();
  CLI::App* const command =
      app.add_subcommand("convert", "Rewrite a saved VM for another release of QEMU, another kernel or another host");
  command->add_option("FILE", options->file, "The saved state of a VM, in any form that `push` reads but JSON")
      ->required();
  CLI::Option_group* const target = command->add_option_group("target");
  target
      ->add_option("--to", options->target.profile,
                   "The CPU profile of the QEMU that is to load it; or only its release, e.g. qemu-11.1, "
                   "for the same CPU")
      ->type_name("PROFILE");
  target->add_option("--to-host", options->target.host, "The host that is to load it, see `armstate host list`")
      ->type_name("HOST");
  target->require_option(1);
  CLI::Option_group* const result = command->add_option_group("result");
  result->add_option("--out", options->out, "The file to write, in the same form as FILE; written only if accepted")
      ->type_name("FILE");
  result->add_flag("--dry-run", options->dry_run, "Only print the verdict");
  result->require_option(1);
  AddAcceptOption(*command, options->accept);
  AddToleranceOptions(*command, options->tolerances);
  command->add_flag("--force", options->force, "Replace the file if it exists");
  AddStateFileOptions(*command, options->state_file);
  command->footer(
      HelpFooter("  armstate convert web-1.mig --to qemu-11.1 --dry-run\n"
                 "  armstate convert web-1.mig --to qemu-11.1.virt.cortex-a57 --out web-1.new.mig\n"
                 "  armstate convert web-1.save --to qemu-10.0.virt.max --accept feature-gone --out web-1.new.save\n"
                 "  armstate convert kvm-1.mig --to-host n1-host-7 --out kvm-1.new.mig\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Convert(*options, context); }; });
}

}  // namespace armstate
