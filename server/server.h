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
#include "server/server_options.h"

namespace armstate {

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
  // data_dir is empty, backup_dir is data_dir, or a file that an option names is no regular file or malformed;
  // NOT_FOUND if such a file does not exist; UNAVAILABLE if the server
  // cannot listen on the address; DATA_LOSS if the store is damaged beyond a single record.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);

  // Looks at the address and all files that options name, as Start does, without opening the store, the audit log or
  // the address.
  static absl::Status Check(const ServerOptions& options);

  // Equivalent to Shutdown without time to drain.
  ~Server();

  // The port of the first TCP address that the server listens on; 0 if there is none.
  int port() const;
  // The port of the metrics; 0 if there are none.
  int metrics_port() const;
  // The addresses that the server listens on, with their ports.
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
