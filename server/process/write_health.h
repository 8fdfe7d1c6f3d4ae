// WriteHealth reports to health checks whether anything can be stored.
#ifndef ARMSTATE_SERVER_PROCESS_WRITE_HEALTH_H_
#define ARMSTATE_SERVER_PROCESS_WRITE_HEALTH_H_

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "grpcpp/health_check_service_interface.h"

namespace armstate {

// A name of the health service that is NOT_SERVING as long as new clients should go elsewhere: while the server starts
// or drains, or nothing can be stored. And one that is SERVING as long as the process answers at all, so that nobody
// restarts a server for a full disk.
inline constexpr char kReadiness[] = "readiness";
inline constexpr char kLiveness[] = "liveness";

// Polls on its own thread. Services that only read are not affected.
class WriteHealth {
 public:
  // While `check` returns an error, `services` are NOT_SERVING and the log says why. The service "" is the server as a
  // whole. kReadiness, which must be NOT_SERVING before, is SERVING while there is no error and `has_started`. `health`
  // and everything that the functions use must outlive the object.
  WriteHealth(grpc::HealthCheckServiceInterface& health, std::vector<std::string> services,
              std::function<absl::Status()> check, std::function<bool()> has_started,
              absl::Duration interval = absl::Seconds(1));
  ~WriteHealth();

 private:
  void Run();

  grpc::HealthCheckServiceInterface& health_;
  const std::vector<std::string> services_;
  const std::function<absl::Status()> check_;
  const std::function<bool()> has_started_;
  const absl::Duration interval_;
  absl::Notification stopped_;
  std::thread thread_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_WRITE_HEALTH_H_
