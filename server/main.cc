// armstated is the server of the armstate service.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>

#include "absl/debugging/failure_signal_handler.h"
#include "absl/debugging/symbolize.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/types/optional.h"
#include "core/version.h"
#include "server/admin/backup_restore.h"
#include "server/process/grpc_log.h"
#include "server/process/listener.h"
#include "server/process/machine_memory.h"
#include "server/server.h"
#include "spdlog/sinks/stdout_color_sinks.h"
#include "spdlog/spdlog.h"

namespace armstate {
namespace {

constexpr int kWrongFlags = 2;
constexpr size_t kLeastMemory = size_t{512} << 20;

// A validator for options that must have a value: it rejects "--listen=" and "--listen ''".
const CLI::Validator kNotEmpty([](const std::string& text) { return text.empty() ? "is empty" : ""; }, "");

const CLI::Validator kNotNegative(
    [](const std::string& text) {
      double number = 0;
      return absl::SimpleAtod(text, &number) && number >= 0 ? "" : text + " is not a number from 0 on";
    },
    "");

const CLI::Validator kEnoughMemory(
    [](const std::string& text) {
      uint64_t bytes = 0;
      return absl::SimpleAtoi(text, &bytes) && bytes >= kLeastMemory ? "" : "512MiB is the least";
    },
    "");

// CLI11 would take the argument after "--listen=" as its value, and that after "--listen" even if it is an option.
// Returns the name of the first option without a value, or "".
std::string OptionWithoutValue(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    if (!absl::StartsWith(argument, "--") || argument == "--") continue;
    if (argument.find('=') == argument.size() - 1) return std::string(argument);
    const bool may_need_value = argument != "--help" && argument != "--version" && argument != "--insecure" &&
                                argument != "--unencrypted" && !absl::StrContains(argument, '=');
    if (may_need_value && i + 1 < argc && absl::StartsWith(argv[i + 1], "--")) return std::string(argument);
  }
  return "";
}

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

int Run(ServerOptions options, absl::Duration drain_time) {
  // Blocked before any thread starts, so that only the sigwait below receives them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  LowerMemoryLimit(options);
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
  if (!server.ok()) {
    spdlog::error("{}", std::string(server.status().message()));
    return absl::IsInvalidArgument(server.status()) ? kWrongFlags : EXIT_FAILURE;
  }
  const int port = (*server)->port();
  spdlog::info("listening on {}address {}, data in {}", port == 0 ? "" : absl::StrCat("port ", port, ", "),
               (*server)->address(), options.data_dir);
  int signal = 0;
  sigwait(&stop_signals, &signal);
  spdlog::info("{}: draining", strsignal(signal));
  if (absl::Status status = (*server)->Shutdown(absl::Now() + drain_time); !status.ok()) {
    spdlog::error("stopped, but the last writes to the database failed: {}", std::string(status.message()));
    return EXIT_FAILURE;
  }
  spdlog::info("stopped");
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

  armstate::ServerOptions options;
  double drain_seconds = 10;
  double sweep_seconds = absl::ToDoubleSeconds(options.retention_sweep_interval);
  std::string restore_backup;
  const char* home = std::getenv("HOME");
  options.data_dir = std::string(home != nullptr ? home : "/var/lib") + "/armstate";

  CLI::App app("The armstate service: checkpoints of the CPU state of ARM virtual machines.", "armstated");
  app.add_option(
         "--listen", options.listen_address,
         "address and port, or unix:PATH; the default port is 7443, and port 0 picks a free one. Addresses that "
         "other machines can reach need TLS")
      ->check(armstate::kNotEmpty)
      ->capture_default_str();
  CLI::Option* const certificate =
      app.add_option("--tls_certificate", options.tls.certificate,
                     "certificate of the server in PEM, with those that lead to its CA; read again when it changes")
          ->check(armstate::kNotEmpty)
          ->type_name("FILE");
  app.add_option("--tls_key", options.tls.key, "private key of the certificate in PEM")
      ->check(armstate::kNotEmpty)
      ->type_name("FILE")
      ->needs(certificate);
  app.add_option("--tls_client_ca", options.tls.ca,
                 "certificates of the CAs in PEM that clients must have a certificate of; without it any client may "
                 "connect")
      ->check(armstate::kNotEmpty)
      ->type_name("FILE")
      ->needs(certificate);
  app.add_option("--policy", options.policy_file,
                 "file of who may do what (docs/security.md), read again when it changes; without it whoever can "
                 "connect may do everything")
      ->check(armstate::kNotEmpty)
      ->type_name("FILE");
  app.add_option(
         "--metrics", options.metrics_address,
         "address and port at which Prometheus gets metrics by plain HTTP (docs/metrics.md); the default port is "
         "9464. They have no names of VMs and no values of registers")
      ->check(armstate::kNotEmpty)
      ->type_name("HOST:PORT");
  app.add_flag("--insecure", options.insecure,
               "listen on an address that other machines can reach without TLS: whoever can connect can read and "
               "change everything");
  app.add_option("--data_dir", options.data_dir,
                 "folder of the database, created if missing; other users cannot access it")
      ->check(armstate::kNotEmpty)
      ->capture_default_str();
  app.add_option("--encryption_key_file", options.encryption_key.file,
                 "file of the key under which records are encrypted on disk: 32 bytes, or 64 hexadecimal digits. A "
                 "database that is not encrypted yet is from then on; what it holds is not changed")
      ->check(armstate::kNotEmpty)
      ->type_name("FILE");
  CLI::Option* const key_command =
      app.add_option("--encryption_key_command", options.encryption_key.command,
                     "shell command that prints the key, e.g. of a key management service; it gets "
                     "--encryption_key_file, which then is not the key, as standard input")
          ->check(armstate::kNotEmpty)
          ->type_name("COMMAND");
  app.add_flag("--unencrypted", options.unencrypted,
               "say that records need not be encrypted on disk; without it and without a key the log warns")
      ->excludes("--encryption_key_file")
      ->excludes(key_command);
  app.add_option(
         "--tolerances", options.tolerances_file,
         "file of tolerances that verdicts apply in addition to the built-in ones; see profiles/tolerances.textproto")
      ->check(armstate::kNotEmpty)
      ->type_name("FILE");
  app.add_option("--advice", options.advice_file,
                 "file of advice rules that verdicts apply before the built-in ones; see profiles/advice.textproto")
      ->check(armstate::kNotEmpty)
      ->type_name("FILE");
  CLI::Option* const backup_dir =
      app.add_option("--backup_dir", options.backup_dir,
                     "folder of the backups, created with the first backup; see `armstate backup`")
          ->check(armstate::kNotEmpty)
          ->type_name("FOLDER");
  app.add_option(
         "--restore_backup", restore_backup,
         "restore this backup of --backup_dir into --data_dir, which must be empty or missing, and exit; prints "
         "the armstate.v1.Backup or google.rpc.Status as JSON")
      ->check(armstate::kNotEmpty)
      ->type_name("NUMBER|latest")
      ->needs(backup_dir);
  app.add_option(
         "--memory_limit", options.memory_limit,
         "memory limit, e.g. 512MiB or 4GiB, capped at the memory of the machine or control group; clients that need "
         "more than their share are refused or wait. The search index and the registered hosts are not included")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false))
      ->check(armstate::kEnoughMemory)
      ->default_str("2GiB");
  app.add_option("--retention_sweep_seconds", sweep_seconds,
                 "interval at which retention is applied to VMs that get no new checkpoints; 0: "
                 "never")
      ->capture_default_str()
      ->check(armstate::kNotNegative);
  app.add_option("--drain_seconds", drain_seconds, "time for running calls to finish after SIGTERM")
      ->capture_default_str()
      ->check(armstate::kNotNegative);
  app.set_version_flag("--version", absl::StrCat("armstated ", armstate::kVersion));
  app.footer(
      "Examples:\n  armstated --listen=unix:/run/armstate.sock --data_dir=/var/lib/armstate\n"
      "  armstated --listen=0.0.0.0:7443 --tls_certificate=server.pem --tls_key=server.key --tls_client_ca=ca.pem \\\n"
      "      --policy=policy.textproto --data_dir=/var/lib/armstate --backup_dir=/backup/armstate\n"
      "  armstated --restore_backup=latest --backup_dir=/backup/armstate --data_dir=/var/lib/armstate\n\n"
      "SIGTERM and SIGINT drain the server: it refuses new calls, lets running calls finish, and closes the database.\n"
      "Exit status: 0 after a drain or a restore, 1 if the server cannot start, the database could not be\nwritten "
      "when it was closed, or a backup cannot be restored, 2 for wrong flags.\n"
      "Log: standard error. Health: grpc.health.v1.Health; NOT_SERVING while nothing can be stored, except "
      "for services that only read. Server reflection is enabled.");
  if (const std::string option = armstate::OptionWithoutValue(argc, argv); !option.empty()) {
    std::cerr << option << " has no value\n";
    return armstate::kWrongFlags;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : armstate::kWrongFlags;
  }
  if (!restore_backup.empty()) return armstate::Restore(restore_backup, options);
  options.retention_sweep_interval = absl::Seconds(sweep_seconds);
  return armstate::Run(options, absl::Seconds(drain_seconds));
}
