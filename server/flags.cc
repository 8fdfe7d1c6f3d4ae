#include "server/flags.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/version.h"

namespace armstate {
namespace {

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

}  // namespace

void AddFlags(CLI::App& app, Flags& flags) {
  ServerOptions& options = flags.options;
  app.add_option(
         "--listen", options.listen_address,
         "address and port, or unix:PATH, or several of them with commas between them; the default port is 7443, and "
         "port 0 picks a free one. Addresses that other machines can reach need TLS, which all TCP addresses use then")
      ->check(kNotEmpty)
      ->capture_default_str();
  CLI::Option* const certificate =
      app.add_option("--tls_certificate", options.tls.certificate,
                     "certificate of the server in PEM, with those that lead to its CA; read again when it changes")
          ->check(kNotEmpty)
          ->type_name("FILE");
  app.add_option("--tls_key", options.tls.key, "private key of the certificate in PEM")
      ->check(kNotEmpty)
      ->type_name("FILE")
      ->needs(certificate);
  app.add_option("--tls_client_ca", options.tls.ca,
                 "certificates of the CAs in PEM that clients must have a certificate of; without it any client may "
                 "connect")
      ->check(kNotEmpty)
      ->type_name("FILE")
      ->needs(certificate);
  app.add_option("--policy", options.policy_file,
                 "file of who may do what (docs/security.md), read again when it changes; without it whoever can "
                 "connect may do everything")
      ->check(kNotEmpty)
      ->type_name("FILE");
  CLI::Option* const audit_log =
      app.add_option("--audit_log", options.audit.file,
                     "file to which a line of JSON is appended for each call that changes something, restores, reads "
                     "secrets or is not permitted (docs/security.md)")
          ->check(kNotEmpty)
          ->type_name("FILE");
  app.add_option_function<std::string>(
         "--audit", [&options](const std::string& audit) { options.audit.is_required = audit == "required"; },
         "required: no call is answered before its line is on the disk")
      ->check(CLI::IsMember({"wanted", "required"}))
      ->default_str("wanted")
      ->needs(audit_log);
  app.add_flag("--audit_reads", options.audit.all_reads, "every call has a line in the audit log")->needs(audit_log);
  app.add_option(
         "--metrics", options.metrics_address,
         "address and port at which Prometheus gets metrics by plain HTTP (docs/metrics.md); the default port is "
         "9464. They have no names of VMs and no values of registers")
      ->check(kNotEmpty)
      ->type_name("HOST:PORT");
  app.add_flag("--insecure", options.insecure,
               "listen on an address that other machines can reach without TLS: whoever can connect can read and "
               "change everything");
  app.add_option("--data_dir", options.data_dir,
                 "folder of the database, created if missing; other users cannot access it")
      ->check(kNotEmpty)
      ->capture_default_str();
  app.add_option("--encryption_key_file", options.encryption_key.file,
                 "file of the key under which records are encrypted on disk: 32 bytes, or 64 hexadecimal digits. A "
                 "database that is not encrypted yet is from then on; what it holds is not changed")
      ->check(kNotEmpty)
      ->type_name("FILE");
  CLI::Option* const key_command =
      app.add_option("--encryption_key_command", options.encryption_key.command,
                     "shell command that prints the key, e.g. of a key management service; it gets "
                     "--encryption_key_file, which then is not the key, as standard input")
          ->check(kNotEmpty)
          ->type_name("COMMAND");
  app.add_flag("--unencrypted", options.unencrypted,
               "say that records need not be encrypted on disk; without it and without a key the log warns")
      ->excludes("--encryption_key_file")
      ->excludes(key_command);
  app.add_option(
         "--tolerances", options.tolerances_file,
         "file of tolerances that verdicts apply in addition to the built-in ones; see profiles/tolerances.textproto")
      ->check(kNotEmpty)
      ->type_name("FILE");
  app.add_option("--advice", options.advice_file,
                 "file of advice rules that verdicts apply before the built-in ones; see profiles/advice.textproto")
      ->check(kNotEmpty)
      ->type_name("FILE");
  CLI::Option* const backup_dir =
      app.add_option("--backup_dir", options.backup_dir,
                     "folder of the backups, created with the first backup; see `armstate backup`")
          ->check(kNotEmpty)
          ->type_name("FOLDER");
  app.add_option(
         "--restore_backup", flags.restore_backup,
         "restore this backup of --backup_dir into --data_dir, which must be empty or missing, and exit; prints "
         "the armstate.v1.Backup or google.rpc.Status as JSON")
      ->check(kNotEmpty)
      ->type_name("NUMBER|latest")
      ->needs(backup_dir);
  app.add_option(
         "--memory_limit", options.memory_limit,
         "memory limit, e.g. 512MiB or 4GiB, capped at the memory of the machine or control group; clients that need "
         "more than their share are refused or wait. The search index and the registered hosts are not included")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false))
      ->check(kEnoughMemory)
      ->default_str("2GiB");
  app.add_option("--retention_sweep_seconds", flags.sweep_seconds,
                 "interval at which retention is applied to VMs that get no new checkpoints; 0: "
                 "never")
      ->capture_default_str()
      ->check(kNotNegative);
  app.add_option("--drain_seconds", flags.drain_seconds, "time for running calls to finish after SIGTERM")
      ->capture_default_str()
      ->check(kNotNegative);
  app.add_option("--log_format", flags.log_format, "text, or json: one object per line")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.set_config("--config", "",
                 "file with options as NAME=VALUE lines, by the names of these flags; flags outweigh it")
      ->check(kNotEmpty)
      ->type_name("FILE");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_flag("--check_config", flags.check_config,
               "look at the options and all files that they name, say what is wrong, and exit")
      ->configurable(false);
  app.set_version_flag("--version", absl::StrCat("armstated ", kVersion));
  app.footer(
      "Examples:\n  armstated --listen=unix:/run/armstate.sock --data_dir=/var/lib/armstate\n"
      "  armstated --listen=0.0.0.0:7443,unix:/run/armstate.sock --tls_certificate=server.pem --tls_key=server.key "
      "--tls_client_ca=ca.pem \\\n"
      "      --policy=policy.textproto --data_dir=/var/lib/armstate --backup_dir=/backup/armstate\n"
      "  armstated --restore_backup=latest --backup_dir=/backup/armstate --data_dir=/var/lib/armstate\n\n"
      "SIGTERM and SIGINT drain the server: it refuses new calls, lets running calls finish, and closes the database.\n"
      "Exit status: 0 after a drain or a restore, 1 if the server cannot start, the database could not be\nwritten "
      "when it was closed, or a backup cannot be restored, 2 for wrong flags.\n"
      "Log: standard error. Health: grpc.health.v1.Health; NOT_SERVING while nothing can be stored, except "
      "for services that only read. Server reflection is enabled.");
}

// CLI11 would take the argument after "--listen=" as its value, and that after "--listen" even if it is an option.
// Returns the name of the first option without a value, or "".
std::string OptionWithoutValue(const CLI::App& app, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view argument = argv[i];
    if (!absl::StartsWith(argument, "--") || argument == "--") continue;
    if (argument.find('=') == argument.size() - 1) return std::string(argument);
    const CLI::Option* const option = app.get_option_no_throw(std::string(argument));  // null with "=VALUE"
    const bool may_need_value = option != nullptr && option->get_items_expected_max() > 0;
    if (may_need_value && i + 1 < argc && absl::StartsWith(argv[i + 1], "--")) return std::string(argument);
  }
  return "";
}

}  // namespace armstate
