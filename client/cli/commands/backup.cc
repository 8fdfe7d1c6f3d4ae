#include <memory>

#include "absl/strings/str_cat.h"
#include "client/admin_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/armstated_program.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/table.h"
#include "client/cli/output/text.h"
#include "google/protobuf/util/json_util.h"
#include "google/rpc/status.pb.h"
#include "proto/status_conversion.h"

namespace armstate {
namespace {

// Long enough for a large database on a slow disk; keepalive notices a broken connection.
constexpr absl::Duration kBackupTimeout = absl::Hours(24);

void PrintBackups(const std::vector<v1::Backup>& backups, std::ostream& out) {
  Table table({"BACKUP", "CREATED", "SIZE"});
  for (const v1::Backup& backup : backups) {
    table.AddRow({ShortName(backup.name()), TimeText(backup.create_time()), BytesText(backup.size_bytes())});
  }
  table.Print("", out);
  if (table.empty()) out << "no backups; 'armstate backup create' makes one\n";
}

absl::StatusOr<ExitStatus> Create(CommandContext& context) {
  const absl::StatusOr<v1::Backup> backup =
      AdminClient(context.connection).CreateBackup(context.timeout.value_or(kBackupTimeout));
  if (!backup.ok()) return backup.status();
  if (context.json()) return PrintJson(*backup, context.out);
  context.out << backup->name() << ": made and verified, " << BytesText(backup->size_bytes()) << '\n';
  return ExitStatus::kOk;
}

absl::StatusOr<ExitStatus> List(CommandContext& context) {
  const absl::StatusOr<std::vector<v1::Backup>> backups = AdminClient(context.connection).ListBackups();
  if (!backups.ok()) return backups.status();
  if (context.json()) {
    v1::ListBackupsResponse response;
    response.mutable_backups()->Add(backups->begin(), backups->end());
    return PrintJson(response, context.out);
  }
  PrintBackups(*backups, context.out);
  return ExitStatus::kOk;
}

struct RestoreOptions {
  std::string which;
  std::string backup_dir;
  std::string data_dir;
  std::string armstated;
};

absl::Status NoAnswer(const std::string& program, const ProgramResult& result) {
  return absl::InternalError(absl::StrCat(program, " ended with exit status ", result.exit_status,
                                          " and without an answer: is it an armstated of another version?"));
}

// The error that armstated printed.
absl::Status ErrorOf(const std::string& program, const ProgramResult& result) {
  google::rpc::Status message;
  if (!google::protobuf::util::JsonStringToMessage(result.out, &message).ok() || message.code() == 0) {
    return NoAnswer(program, result);
  }
  absl::Status status = FromGoogleRpcStatus(message);
  // For other commands, these codes and reasons concern the server's disk or the checkpoints in a database.
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return WithNextStep(std::move(status), "is --backup_dir the server's? 'armstate backup list' shows its backups");
    case absl::StatusCode::kFailedPrecondition:
      return WithNextStep(std::move(status), "name a folder that is empty or does not exist with --data_dir");
    case absl::StatusCode::kDataLoss:
      return WithNextStep(std::move(status), "nothing was restored; try an earlier backup");
    default:
      return WithNextStep(std::move(status), "mend it, then run the same command again");
  }
}

absl::StatusOr<ExitStatus> Restore(const RestoreOptions& options, CommandContext& context) {
  const std::string program = options.armstated.empty() ? FindArmstated() : options.armstated;
  const absl::StatusOr<ProgramResult> result = RunProgram(
      program, {absl::StrCat("--restore_backup=", options.which), absl::StrCat("--backup_dir=", options.backup_dir),
                absl::StrCat("--data_dir=", options.data_dir)});
  if (!result.ok()) return WithNextStep(result.status(), "name the armstated to run with --armstated");
  if (result->exit_status != 0) return ErrorOf(program, *result);
  v1::Backup backup;
  if (!google::protobuf::util::JsonStringToMessage(result->out, &backup).ok()) return NoAnswer(program, *result);
  if (context.json()) return PrintJson(backup, context.out);
  context.out << backup.name() << " of " << TimeText(backup.create_time()) << ": restored into " << options.data_dir
              << ", " << BytesText(backup.size_bytes()) << '\n';
  return ExitStatus::kOk;
}

void AddSimple(CLI::App& backup, const std::string& name, const std::string& description,
               absl::StatusOr<ExitStatus> (*run)(CommandContext&), Command& chosen) {
  CLI::App* const command = backup.add_subcommand(name, description);
  command->footer(HelpFooter(absl::StrCat("  armstate backup ", name, "\n")));
  command->callback([run, &chosen] { chosen = run; });
}

void AddRestore(CLI::App& backup, Command& chosen) {
  auto options = std::make_shared<RestoreOptions>();
  CLI::App* const command = backup.add_subcommand(
      "restore",
      "Create a data_dir from a backup on this machine, for an armstated to start with. Runs armstated for this, and "
      "calls no server");
  command->add_option("NUMBER", options->which, "The backup, or latest")->required()->type_name("");
  command->add_option("--backup_dir", options->backup_dir, "The folder of the backups: armstated's --backup_dir")
      ->type_name("FOLDER")
      ->required();
  command->add_option("--data_dir", options->data_dir, "The folder to create; it must be empty or not exist")
      ->type_name("FOLDER")
      ->required();
  command
      ->add_option("--armstated", options->armstated,
                   "The armstated to run; by default the one beside armstate, or in PATH")
      ->type_name("PROGRAM")
      ->envname("ARMSTATED");
  command->footer(
      HelpFooter("  armstate backup restore latest --backup_dir=/backup/armstate --data_dir=/var/lib/armstate\n"
                 "  armstate backup restore 3 --backup_dir=/backup/armstate --data_dir=/tmp/look\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Restore(*options, context); }; });
}

}  // namespace

void AddBackupCommand(CLI::App& app, Command& chosen) {
  CLI::App* const backup = app.add_subcommand("backup", "Back up and restore all stored data");
  backup->require_subcommand(1);
  AddSimple(*backup, "create", "Make a backup in the server's --backup_dir and verify it; pushes go on meanwhile",
            Create, chosen);
  AddSimple(*backup, "list", "List the backups in the server's --backup_dir", List, chosen);
  AddRestore(*backup, chosen);
  backup->footer(
      HelpFooter("  armstate backup create\n"
                 "  armstate backup list\n"
                 "  armstate backup restore latest --backup_dir=/backup/armstate --data_dir=/var/lib/armstate\n"));
}

}  // namespace armstate
