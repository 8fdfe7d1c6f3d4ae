#include <memory>
#include <string>

#include "client/kvm/guest/guest.h"
#include "client/kvm/tool/commands.h"
#include "client/kvm/tool/files.h"
#include "client/kvm/tool/vmm_options.h"

namespace armstate {

void AddPayloadCommand(CLI::App& app, KvmCommand& chosen) {
  auto path = std::make_shared<std::string>();
  CLI::App* const command =
      app.add_subcommand("payload", "Write the built-in guest to a file, e.g. for QEMU's -kernel");
  command->add_option("FILE", *path, "The flat binary; it belongs at 0x40080000")->required();
  command->footer(
      KvmHelpFooter("  armstate-kvm payload guest.bin\n"
                    "  qemu-system-aarch64 -M virt -cpu cortex-a57 -nographic -kernel guest.bin\n"));
  command->callback([path, &chosen] {
    chosen = [path](std::ostream& /*out*/) -> absl::StatusOr<ExitStatus> {
      if (absl::Status status = WriteFile(*path, BuiltInGuest()); !status.ok()) return status;
      return ExitStatus::kOk;
    };
  });
}

}  // namespace armstate
