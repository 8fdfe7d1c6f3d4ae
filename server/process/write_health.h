// WriteHealth tells health checks whether anything can be stored.
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

// Looks again and again from a thread of its own. Services that only read are none of its business: they go on.
class WriteHealth {
 public:
  // While `check` answers an error, `services` are NOT_SERVING, and the log says why. "" is the server as a whole.
  // `health` and what `check` uses must outlive it.
  WriteHealth(grpc::HealthCheckServiceInterface& health, std::vector<std::string> services,
              std::function<absl::Status()> check, absl::Duration interval = absl::Seconds(1));
  ~WriteHealth();

 private:
  void Run();

  grpc::HealthCheckServiceInterface& health_;
  const std::vector<std::string> services_;
  const std::function<absl::Status()> check_;
  const absl::Duration interval_;
  absl::Notification stopped_;
  std::thread thread_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_WRITE_HEALTH_H_
