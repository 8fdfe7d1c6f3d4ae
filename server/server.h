// Server is a running armstate service.
#ifndef ARMSTATE_SERVER_SERVER_H_
#define ARMSTATE_SERVER_SERVER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proto/tls_files.h"
#include "server/process/encryption_key.h"

namespace armstate {

struct ServerOptions {
  // "host", "host:port" (proto/host_port.h), "unix:path" or "unix-abstract:name"; port 0 picks a free port, see
  // Server::port().
  std::string listen_address = "127.0.0.1:7443";
  // For TCP; none: plain text, which needs `insecure` unless the address is of the loopback interface. Clients of a
  // Unix socket are known by their user and use plain text.
  TlsFiles tls = {};
  bool insecure = false;
  // The file that says who may do what (armstate.v1.AccessPolicy in text format or JSON), read again when it changes.
  // Empty: whoever can connect may do everything.
  std::string policy_file = {};
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

// The maximum size of a received message in bytes: a checkpoint of 512 vCPUs with 2000 registers of 64 bits. A sent
// message may be larger by the name, the times and the counts that the server adds to a checkpoint, so that everything
// that can be stored can be read.
inline constexpr int kMaxRequestBytes = 16 << 20;
inline constexpr int kMaxResponseBytes = kMaxRequestBytes + (64 << 10);

// The port of OpenTelemetry's exporters for Prometheus.
inline constexpr int kDefaultMetricsPort = 9464;

// Example:
//   absl::StatusOr<std::unique_ptr<Server>> server = Server::Start({"127.0.0.1:0", data_dir});
//   if (!server.ok()) return server.status();
//   std::cout << "listening on port " << (*server)->port() << "\n";
//
// Thread-safe.
class Server {
 public:
  // Opens the store, then serves RPCs, health checks and reflection. Errors: FAILED_PRECONDITION if another server has
  // data_dir open or its format is newer than this program; INVALID_ARGUMENT if the address is malformed or needs TLS,
  // data_dir is empty, backup_dir is data_dir, or a file that an option names is malformed; UNAVAILABLE if the server
  // cannot listen on the address; DATA_LOSS if the store is damaged beyond a single record.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);

  // Equivalent to Shutdown without time to drain.
  ~Server();

  // The port that the server listens on; 0 for a Unix socket.
  int port() const;
  // The port of the metrics; 0 if there are none.
  int metrics_port() const;
  // The address that the server listens on, with that port.
  const std::string& address() const;

  // Refuses new calls, ends streams after what they have read, lets running calls finish until `deadline`, cancels the
  // rest, and closes the store. UNAVAILABLE or RESOURCE_EXHAUSTED if the last writes before closing failed; the log in
  // data_dir, if it still exists, contains everything that was acknowledged. A second Shutdown does nothing.
  absl::Status Shutdown(absl::Time deadline);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SERVER_H_
