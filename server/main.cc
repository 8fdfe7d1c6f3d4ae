// armstated is the server of the armstate service.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>

#include "absl/debugging/failure_signal_handler.h"
#include "absl/debugging/symbolize.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/types/optional.h"
#include "server/admin/backup_restore.h"
#include "server/flags.h"
#include "server/process/grpc_log.h"
#include "server/process/json_log.h"
#include "server/process/listener.h"
#include "server/process/machine_memory.h"
#include "server/process/service_manager.h"
#include "server/server.h"
#include "spdlog/sinks/stdout_color_sinks.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

constexpr int kWrongFlags = 2;

// A limit above the machine's memory is not refused: the default may be too large for a small machine, and the same
// unit file may serve machines of many sizes. It is not accepted either: refused clients call again, whereas a process
// that is killed refuses everybody.
void LowerMemoryLimit(ServerOptions& options) {
  const size_t wanted = options.memory_limit;
  const absl::optional<MemoryBound> machine = MachineMemory();
  if (!machine || options.memory_limit <= machine->bytes) return;
  options.memory_limit = std::max(machine->bytes, kLeastMemory);
  const char* const consequence =
      machine->bytes < kLeastMemory
          ? "it will use up to 512 MiB, the least that armstated can keep to, and may be killed: give it more memory"
          : "it will keep to the latter: give it more memory, or lower --memory_limit";
  spdlog::warn("--memory_limit is {} MiB, but this process can have only {} MiB ({}): {}", wanted >> 20,
               machine->bytes >> 20, machine->file, consequence);
}

// Waits for a signal to stop. SIGHUP is none: the policy and the TLS files are read again when they change anyway.
int WaitForStop(const sigset_t& signals) {
  const absl::Duration interval = ServiceManager::WatchdogInterval();
  const timespec patience = absl::ToTimespec(std::min(interval, absl::Hours(1)));
  while (true) {
    const int signal = sigtimedwait(&signals, nullptr, &patience);
    if (signal == SIGTERM || signal == SIGINT) return signal;
    if (signal == SIGHUP) {
      spdlog::info(
          "Hangup: the policy and the files of TLS are read again whenever they change; other options need a restart");
    }
    ServiceManager::IsAlive();
  }
}

int Run(ServerOptions options, absl::Duration drain_time) {
  // Blocked before any thread starts, so that only WaitForStop receives them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  LowerMemoryLimit(options);
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
  if (!server.ok()) {
    spdlog::error("{}", std::string(server.status().message()));
    return absl::IsInvalidArgument(server.status()) ? kWrongFlags : EXIT_FAILURE;
  }
  const int port = (*server)->port();
  const std::string state = absl::StrCat("listening on ", port == 0 ? "" : absl::StrCat("port ", port, ", "),
                                         "address ", (*server)->address(), ", data in ", options.data_dir);
  spdlog::info("{}", state);
  ServiceManager::Ready(state);
  const int signal = WaitForStop(signals);
  spdlog::info("{}: draining", strsignal(signal));
  ServiceManager::Stopping("draining");
  if (absl::Status status = (*server)->Shutdown(absl::Now() + drain_time); !status.ok()) {
    spdlog::error("stopped, but the last writes to the database failed: {}", std::string(status.message()));
    return EXIT_FAILURE;
  }
  spdlog::info("stopped");
  return EXIT_SUCCESS;
}

int CheckConfig(const ServerOptions& options) {
  if (const absl::Status status = Server::Check(options); !status.ok()) {
    std::cerr << status.message() << std::endl;
    return kWrongFlags;
  }
  std::cout << "the configuration is valid" << std::endl;
  return EXIT_SUCCESS;
}

// Without a log: the caller of the program reads the answer.
int Restore(const std::string& which, const ServerOptions& options) {
  std::ostream* const progress = isatty(STDERR_FILENO) != 0 ? &std::cerr : nullptr;
  const absl::StatusOr<v1::Backup> restored = RestoreFromBackup(which, options.backup_dir, options.data_dir, progress);
  std::cout << RestoreAnswer(restored) << std::flush;
  return restored.ok() && std::cout.good() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace armstate

int main(int argc, char** argv) {
  // The files that it creates are for its own user only: checkpoints contain the keys of guests.
  umask(077);
  armstate::RaiseDescriptorLimit();
  absl::InitializeSymbolizer(argv[0]);
  absl::InstallFailureSignalHandler({});
  // Debian's Abseil checks every lock for potential deadlocks, which costs 5% of a push.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  spdlog::set_default_logger(spdlog::stderr_color_mt("armstated"));

  armstate::LogGrpc();

  armstate::Flags flags;
  const char* home = std::getenv("HOME");
  flags.options.data_dir = std::string(home != nullptr ? home : "/var/lib") + "/armstate";

  CLI::App app("The armstate service: checkpoints of the CPU state of ARM virtual machines.", "armstated");
  armstate::AddFlags(app, flags);
  if (const std::string option = armstate::OptionWithoutValue(app, argc, argv); !option.empty()) {
    std::cerr << option << " has no value\n";
    return armstate::kWrongFlags;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_name() == "ConfigError") {
      std::cerr << "the configuration file names an option that there is not, or that cannot be in it: "
                << absl::StripPrefix(error.what(), "INI was not able to parse ") << '\n';
      return armstate::kWrongFlags;
    }
    return app.exit(error) == 0 ? EXIT_SUCCESS : armstate::kWrongFlags;
  }
  if (flags.log_format == "json") armstate::LogAsJson();
  if (flags.check_config) return armstate::CheckConfig(flags.options);
  if (!flags.restore_backup.empty()) return armstate::Restore(flags.restore_backup, flags.options);
  flags.options.retention_sweep_interval = absl::Seconds(flags.sweep_seconds);
  return armstate::Run(flags.options, absl::Seconds(flags.drain_seconds));
}
