// armstated: the armstate service.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <string>

#include "absl/debugging/failure_signal_handler.h"
#include "absl/debugging/symbolize.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "server/backup_restore.h"
#include "server/server.h"
#include "spdlog/sinks/stdout_color_sinks.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

int Run(const ServerOptions& options, absl::Duration drain_time) {
  // Blocked before any thread starts, so that only the sigwait below sees them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
  if (!server.ok()) {
    spdlog::error("{}", std::string(server.status().message()));
    return EXIT_FAILURE;
  }
  spdlog::info("listening on port {}, data in {}", (*server)->port(), options.data_dir);
  int signal = 0;
  sigwait(&stop_signals, &signal);
  spdlog::info("{}: draining", strsignal(signal));
  (*server)->Shutdown(absl::Now() + drain_time);
  spdlog::info("stopped");
  return EXIT_SUCCESS;
}

// Without a log: who started it reads the answer.
int Restore(const std::string& which, const ServerOptions& options) {
  std::ostream* const progress = isatty(STDERR_FILENO) != 0 ? &std::cerr : nullptr;
  const absl::StatusOr<v1::Backup> restored = RestoreFromBackup(which, options.backup_dir, options.data_dir, progress);
  std::cout << RestoreAnswer(restored) << std::flush;
  return restored.ok() && std::cout.good() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace armstate

int main(int argc, char** argv) {
  // What it makes is for its own user: checkpoints hold the keys of guests.
  umask(077);
  absl::InitializeSymbolizer(argv[0]);
  absl::InstallFailureSignalHandler({});
  // Debian's Abseil looks at every lock whether it could make a deadlock, which costs 5% of a push.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  spdlog::set_default_logger(spdlog::stderr_color_mt("armstated"));

  armstate::ServerOptions options;
  double drain_seconds = 10;
  double sweep_seconds = absl::ToDoubleSeconds(options.retention_sweep_interval);
  std::string restore_backup;
  const char* home = std::getenv("HOME");
  options.data_dir = std::string(home != nullptr ? home : "/var/lib") + "/armstate";

  CLI::App app("The armstate service: checkpoints of the CPU state of ARM virtual machines.", "armstated");
  app.add_option("--listen", options.listen_address, "address and port; port 0 takes a free one")
      ->capture_default_str();
  app.add_option("--data_dir", options.data_dir, "folder of the database, made if missing; it and its files are closed to other users")->capture_default_str();
  app.add_option("--tolerances", options.tolerances_file,
                 "file of tolerances that verdicts use besides the built-in ones, see profiles/tolerances.textproto")
      ->type_name("FILE");
  CLI::Option* const backup_dir =
      app.add_option("--backup_dir", options.backup_dir,
                     "folder of the backups, made with the first one; see `armstate backup`")
          ->type_name("FOLDER");
  app.add_option("--restore_backup", restore_backup,
                 "make --data_dir, which must be empty or missing, from this backup of --backup_dir, and exit; prints "
                 "the armstate.v1.Backup or google.rpc.Status as JSON")
      ->type_name("NUMBER|latest")
      ->needs(backup_dir);
  app.add_option("--retention_sweep_seconds", sweep_seconds,
                 "how often VMs that get no new checkpoints are looked at for what their retention does not keep; 0: "
                 "never")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--drain_seconds", drain_seconds, "how long running calls may take to end after SIGTERM")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.set_version_flag("--version", "armstated 0.1.0");
  app.footer(
      "Examples:\n  armstated --listen=0.0.0.0:7443 --data_dir=/var/lib/armstate --backup_dir=/backup/armstate\n"
      "  armstated --restore_backup=latest --backup_dir=/backup/armstate --data_dir=/var/lib/armstate\n\n"
      "SIGTERM and SIGINT drain: no new calls, running ones end, the database is closed.\n"
      "Exit status: 0 after a drain or a restore, 1 if the server cannot start or a backup cannot be restored,\n2 for "
      "wrong flags.\n"
      "Log: standard error. Health: grpc.health.v1.Health; server reflection is on.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : 2;
  }
  if (!restore_backup.empty()) return armstate::Restore(restore_backup, options);
  options.retention_sweep_interval = absl::Seconds(sweep_seconds);
  return armstate::Run(options, absl::Seconds(drain_seconds));
}
