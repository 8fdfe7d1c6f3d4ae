// A running armstate service.
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

namespace armstate {

struct ServerOptions {
  // "host", "host:port" (proto/host_port.h), "unix:path" or "unix-abstract:name"; port 0 takes a free one, see
  // Server::port().
  std::string listen_address = "127.0.0.1:7443";
  // Made if it does not exist. Only one server at a time can have it open.
  std::string data_dir;
  // Tolerances (armstate.v1.ToleranceSet as text) that verdicts use besides the built-in ones. Empty: none.
  std::string tolerances_file = {};
  // Where AdminService.CreateBackup puts backups; made with the first one. Empty: there are none.
  std::string backup_dir = {};
  // How often VMs that get no new checkpoints are looked at for what their retention does not keep. Zero: never.
  absl::Duration retention_sweep_interval = absl::Minutes(10);
  // How long a client of WatchCheckpoints may take for a message before its call is ended.
  absl::Duration watch_patience = absl::Seconds(30);
  // What the process may take, more or less; see MemoryDivision.
  size_t memory_limit = size_t{2} << 30;
  // For tests: what the time is for checkpoints and their retention.
  std::function<absl::Time()> clock = absl::Now;
};

// Largest message that is received, in bytes: a checkpoint of 512 vCPUs with 2000 registers of 64 bits. What is sent
// may be larger by the name, the times and the counts that the server adds to a checkpoint: all that can be stored can
// be read.
inline constexpr int kMaxRequestBytes = 16 << 20;
inline constexpr int kMaxResponseBytes = kMaxRequestBytes + (64 << 10);

// Example:
//   ASSIGN_OR_RETURN(std::unique_ptr<Server> server, Server::Start({"127.0.0.1:0", data_dir}));
//   Use(server->port());
//   RETURN_IF_ERROR(server->Shutdown(absl::Now() + absl::Seconds(10)));
//
// Thread-safe.
class Server {
 public:
  // Opens the store, then answers RPCs, health checks and reflection.
  // Errors: FAILED_PRECONDITION if another server has data_dir open or its format is newer than this program;
  // INVALID_ARGUMENT if the address is none, data_dir is empty, or backup_dir is data_dir; UNAVAILABLE if the address
  // cannot be listened on; DATA_LOSS if the store is damaged beyond a single record.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);

  // As Shutdown with no time left.
  ~Server();

  // The port that is listened on; a socket of a path has none, and answers 1.
  int port() const;
  // What is listened on, with that port.
  const std::string& address() const;

  // Takes no new calls, ends streams behind what they have read, lets running calls end until `deadline`, cancels the
  // rest, and closes the store. UNAVAILABLE or RESOURCE_EXHAUSTED if the store could not be written before it was
  // closed: if data_dir is still there, its log has what was acknowledged. A second Shutdown does nothing.
  absl::Status Shutdown(absl::Time deadline);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_SERVER_H_
