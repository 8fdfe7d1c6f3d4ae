#include "client/qemu/qmp/checkpoint.h"

#include <memory>
#include <utility>

#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/store.h"
#include "client/cli/files/checkpoint_file.h"
#include "core/error.h"
#include "google/protobuf/util/time_util.h"

namespace armstate {
namespace {

struct CheckpointOptions {
  StoreOptions store;
  std::string socket;
  std::string keep_stream;
  bool leave_paused = false;
};

absl::StatusOr<ExitStatus> TakeCheckpoint(const CheckpointOptions& options, CommandContext& context) {
  QmpCheckpointOptions qmp;
  qmp.keep_stream = options.keep_stream;
  qmp.leave_paused = options.leave_paused;
  absl::StatusOr<QmpCheckpoint> taken = CheckpointByQmp(options.socket, qmp);
  if (!taken.ok()) {
    const absl::Status status = Annotate(taken.status(), options.socket);
    if (absl::IsDeadlineExceeded(status)) {
      return WithNextStep(status, "is another program connected to its socket? QEMU serves one connection at a time");
    }
    if (!absl::IsUnavailable(status)) return status;
    return WithNextStep(
        status, "is the VM running, with `-qmp unix:SOCKET,server=on,wait=off`, and no other program at its socket?");
  }
  const bool left_paused = options.leave_paused && taken->was_running;
  LoadedCheckpointFile loaded = CheckpointOfCapture(std::move(taken->capture));
  v1::Source* source = loaded.checkpoint.mutable_source();
  if (taken->is_kvm) source->set_accelerator(v1::ACCELERATOR_KVM);
  source->set_hypervisor_version(taken->qemu_version);
  source->set_cpu_model(taken->cpu_model);
  *loaded.checkpoint.mutable_capture_time() =
      google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(taken->capture_time));
  const absl::StatusOr<ExitStatus> stored = Store(std::move(loaded.checkpoint), loaded.notes, options.store, context);
  if (stored.ok() || !left_paused) return stored;
  return WithNextStep(Annotate(stored.status(), "the guest is paused, but its checkpoint is not stored"),
                      "run the same command again, or let the guest go on with QMP's `cont`");
}

}  // namespace

void AddCheckpointCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<CheckpointOptions>();
  CLI::App* const command = app.add_subcommand(
      "checkpoint", "Pause a running QEMU, store its CPU state as the VM's next checkpoint, and continue it");
  AddStoreOptions(*command, options->store);
  command->add_option("--qmp", options->socket, "QEMU's QMP socket")->type_name("SOCKET")->required();
  command
      ->add_option("--keep-stream", options->keep_stream,
                   "Keep QEMU's migration stream in this file, which is replaced once the stream is complete")
      ->type_name("FILE");
  command->add_flag("--leave-paused", options->leave_paused, "Leave the guest paused");
  command->footer(HelpFooter("  armstate checkpoint web-1 --qmp /run/qemu/web-1.qmp --keep-stream web-1.mig\n"));
  command->callback([options, &chosen] {
    chosen = [options](CommandContext& context) { return TakeCheckpoint(*options, context); };
  });
}

}  // namespace armstate
