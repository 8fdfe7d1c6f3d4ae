// ServerOptions says how a server runs.
#ifndef ARMSTATE_SERVER_SERVER_OPTIONS_H_
#define ARMSTATE_SERVER_SERVER_OPTIONS_H_

#include <cstddef>
#include <functional>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proto/tls_files.h"
#include "server/audit/audited_calls.h"
#include "server/process/encryption_key.h"

namespace armstate {

struct ServerOptions {
  // "host", "host:port" (proto/host_port.h), "unix:path" or "unix-abstract:name", or several of them with commas
  // between them; port 0 picks a free port, see Server::port().
  std::string listen_address = "127.0.0.1:7443";
  // For TCP; none: plain text, which needs `insecure` unless the address is of the loopback interface. Clients of a
  // Unix socket are known by their user and use plain text.
  TlsFiles tls = {};
  bool insecure = false;
  // The file that says who may do what (armstate.v1.AccessPolicy in text format or JSON), read again when it changes.
  // Empty: whoever can connect may do everything.
  std::string policy_file = {};
  AuditOptions audit = {};
  // "host:port" where Prometheus gets metrics by plain HTTP; the default port is kDefaultMetricsPort. Empty: nowhere.
  std::string metrics_address = {};
  // Created if it does not exist. Only one server at a time can open it.
  std::string data_dir;
  // The key that wraps the keys with which records are encrypted on disk. None: they are not encrypted.
  EncryptionKeySource encryption_key = {};
  // Said instead of a key: the log does not warn.
  bool unencrypted = false;
  // Tolerances (armstate.v1.ToleranceSet in text format) that verdicts apply in addition to the built-in ones. Empty:
  // no file.
  std::string tolerances_file = {};
  // Advice rules (armstate.v1.AdviceSet in text format) that verdicts apply before the built-in ones. Empty: no file.
  std::string advice_file = {};
  // The folder for AdminService.CreateBackup; created with the first backup. Empty: backups are disabled.
  std::string backup_dir = {};
  // How often retention is applied to VMs that get no new checkpoints. Zero: never.
  absl::Duration retention_sweep_interval = absl::Minutes(10);
  // How long a client of WatchCheckpoints may take to accept a message before its call is ended.
  absl::Duration watch_patience = absl::Seconds(30);
  // The approximate memory limit of the process; see MemoryDivision.
  size_t memory_limit = size_t{2} << 30;
  // The clock for checkpoints and their retention; replaced in tests.
  std::function<absl::Time()> clock = absl::Now;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SERVER_OPTIONS_H_
