#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/target_options.h"
#include "client/cli/output/table.h"
#include "client/cli/output/text.h"
#include "client/files/input_file.h"
#include "client/restore_client.h"
#include "core/register_list.h"
#include "google/protobuf/util/json_util.h"
#include "proto/enum_name.h"

namespace armstate {
namespace {

struct ReportOptions {
  std::string checkpoint;
  TargetOptions target;
  v1::Restorer by = v1::RESTORER_UNSPECIFIED;  // as the file says
  std::string file;
};

absl::Status ReadReport(const std::string& path, v1::RestoreReport& report) {
  const absl::StatusOr<InputFile> file = InputFile::Open(path);
  if (!file.ok()) return file.status();
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(file->bytes().data(), file->bytes().size()), &report);
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": not JSON of an armstate.v1.RestoreReport: ", std::string(status.message())));
}

// "write refused with EINVAL, has 0x1".
std::string FateText(v1::RegisterOutcome outcome, const std::string& error, const std::string& got) {
  return absl::StrCat(absl::StrReplaceAll(absl::AsciiStrToLower(EnumName(outcome)), {{"_", " "}}),
                      error.empty() ? "" : absl::StrCat(" with ", error),
                      got.empty() ? "" : absl::StrCat(", has ", FormatValue(got)));
}

void PrintRestore(const v1::Restore& restore, std::ostream& out) {
  out << restore.name() << ": " << EnumName(restore.report().verdict()) << " on " << TargetName(restore.target());
  if (restore.report().by() == v1::RESTORER_QEMU) out << " by QEMU";
  if (restore.differences().empty()) {
    out << ", as predicted\n";
    return;
  }
  out << ", " << CountText(restore.differences_size(), "register") << " not as predicted\n";
  Table table({"VCPU", "REGISTER", "PREDICTED", "HAPPENED"});
  for (const v1::PredictionDifference& entry : restore.differences()) {
    table.AddRow({absl::StrCat(entry.vcpu_index()), entry.name(),
                  FateText(entry.predicted(), entry.predicted_error(), entry.predicted_got()),
                  FateText(entry.actual(), entry.actual_error(), entry.actual_got())});
  }
  table.Print("  ", out);
}

absl::StatusOr<ExitStatus> Report(const ReportOptions& options, CommandContext& context) {
  v1::CreateRestoreRequest request;
  request.set_parent(CheckpointNameOf(options.checkpoint));
  v1::Restore& given = *request.mutable_restore();
  *given.mutable_target() = TargetOf(options.target);
  if (absl::Status status = ReadReport(options.file, *given.mutable_report()); !status.ok()) return status;
  if (options.by != v1::RESTORER_UNSPECIFIED) given.mutable_report()->set_by(options.by);
  const absl::StatusOr<v1::Restore> restore = RestoreClient(context.connection).CreateRestore(request);
  if (!restore.ok()) return restore.status();
  if (context.json()) return PrintJson(*restore, context.out);
  PrintRestore(*restore, context.out);
  return ExitStatus::kOk;
}

}  // namespace

void AddReportCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* const command =
      app.add_subcommand("report", "Store the report of a restore, and show where it differs from the prediction");
  command->add_option("VM[@VERSION]", options->checkpoint, "The checkpoint; the latest without @VERSION")->required();
  AddTargetOptions(*command, CheckpointTarget::kNotAllowed, options->target);
  AddRestorerOption(*command, options->by);
  command->add_option("FILE", options->file, "The restore report, as armstate-kvm writes it (JSON)")->required();
  command->footer(HelpFooter("  armstate report web-1@3 --host n1-host-7 report.json\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Report(*options, context); }; });
}

}  // namespace armstate
