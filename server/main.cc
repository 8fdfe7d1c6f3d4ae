// armstated: the armstate service.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <string>

#include "absl/debugging/failure_signal_handler.h"
#include "absl/debugging/symbolize.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
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

}  // namespace
}  // namespace armstate

int main(int argc, char** argv) {
  absl::InitializeSymbolizer(argv[0]);
  absl::InstallFailureSignalHandler({});
  // Debian's Abseil looks at every lock whether it could make a deadlock, which costs 5% of a push.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  spdlog::set_default_logger(spdlog::stderr_color_mt("armstated"));

  armstate::ServerOptions options;
  double drain_seconds = 10;
  const char* home = std::getenv("HOME");
  options.data_dir = std::string(home != nullptr ? home : "/var/lib") + "/armstate";

  CLI::App app("The armstate service: checkpoints of the CPU state of ARM virtual machines.", "armstated");
  app.add_option("--listen", options.listen_address, "address and port; port 0 takes a free one")
      ->capture_default_str();
  app.add_option("--data_dir", options.data_dir, "folder of the database, made if missing")->capture_default_str();
  app.add_option("--tolerances", options.tolerances_file,
                 "file of tolerances that verdicts use besides the built-in ones, see profiles/tolerances.textproto")
      ->type_name("FILE");
  app.add_option("--drain_seconds", drain_seconds, "how long running calls may take to end after SIGTERM")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.set_version_flag("--version", "armstated 0.1.0");
  app.footer(
      "Example:\n  armstated --listen=0.0.0.0:7443 --data_dir=/var/lib/armstate\n\n"
      "SIGTERM and SIGINT drain: no new calls, running ones end, the database is closed.\n"
      "Exit status: 0 after a drain, 1 if the server cannot start, 2 for wrong flags.\n"
      "Log: standard error. Health: grpc.health.v1.Health; server reflection is on.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : 2;
  }
  return armstate::Run(options, absl::Seconds(drain_seconds));
}
