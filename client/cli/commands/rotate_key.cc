#include <memory>

#include "client/admin_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"

namespace armstate {
namespace {

absl::StatusOr<ExitStatus> RotateKey(bool new_data_key, CommandContext& context) {
  v1::RotateEncryptionKeyRequest request;
  request.set_new_data_key(new_data_key);
  const absl::StatusOr<v1::RotateEncryptionKeyResponse> response =
      AdminClient(context.connection).RotateEncryptionKey(request);
  if (!response.ok()) return response.status();
  if (context.json()) return PrintJson(*response, context.out);
  context.out << "records are encrypted with data key " << response->data_key() << ", which is wrapped by the key "
              << response->wrapping_key_id() << '\n';
  return ExitStatus::kOk;
}

}  // namespace

void AddRotateKeyCommand(CLI::App& app, Command& chosen) {
  auto new_data_key = std::make_shared<bool>(false);
  CLI::App* const command = app.add_subcommand("rotate-key",
                                               "Let the server read the key of its encryption again, and use it from "
                                               "now on: after --encryption_key_file, or what "
                                               "--encryption_key_command prints, was replaced");
  command->add_flag("--new-data-key", *new_data_key, "Also make a new data key for all that is stored from now on");
  command->footer(
      HelpFooter("  openssl rand -hex 32 >/etc/armstate/new.key && mv /etc/armstate/new.key /etc/armstate/key\n"
                 "  armstate rotate-key\n"));
  command->callback([new_data_key, &chosen] {
    chosen = [new_data_key](CommandContext& context) { return RotateKey(*new_data_key, context); };
  });
}

}  // namespace armstate
