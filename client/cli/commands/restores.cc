#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/target_options.h"
#include "client/cli/output/table.h"
#include "client/cli/output/text.h"
#include "client/restore_client.h"
#include "proto/enum_name.h"

namespace armstate {
namespace {

absl::StatusOr<ExitStatus> ListRestores(const std::string& checkpoint, CommandContext& context) {
  const RestoreClient client(context.connection);
  v1::ListRestoresRequest request;
  request.set_parent(CheckpointNameOf(checkpoint));
  v1::ListRestoresResponse all;
  do {
    const absl::StatusOr<v1::ListRestoresResponse> page = client.ListRestores(request);
    if (!page.ok()) return page.status();
    all.mutable_restores()->MergeFrom(page->restores());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (context.json()) return PrintJson(all, context.out);
  Table table({"RESTORE", "TARGET", "TIME", "REPORTED", "VERDICT", "NOT AS PREDICTED"});
  for (const v1::Restore& restore : all.restores()) {
    table.AddRow({ShortName(restore.name()), TargetName(restore.target()), TimeText(restore.restore_time()),
                  TimeText(restore.create_time()), EnumName(restore.report().verdict()),
                  absl::StrCat(restore.differences_size())});
  }
  table.Print("", context.out);
  if (table.empty()) context.out << "no restores were reported\n";
  return ExitStatus::kOk;
}

}  // namespace

void AddRestoresCommand(CLI::App& app, Command& chosen) {
  auto checkpoint = std::make_shared<std::string>();
  CLI::App* const command = app.add_subcommand("restores", "List the restores of a checkpoint that were reported");
  command->add_option("VM[@VERSION]", *checkpoint, "The checkpoint; the latest without @VERSION")->required();
  command->footer(HelpFooter("  armstate restores web-1@3\n"));
  command->callback([checkpoint, &chosen] {
    chosen = [checkpoint](CommandContext& context) { return ListRestores(*checkpoint, context); };
  });
}

}  // namespace armstate
