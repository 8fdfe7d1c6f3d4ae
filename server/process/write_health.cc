#include "server/process/write_health.h"

#include <utility>

#include "spdlog/spdlog.h"

namespace armstate {

WriteHealth::WriteHealth(grpc::HealthCheckServiceInterface& health, std::vector<std::string> services,
                         std::function<absl::Status()> check, absl::Duration interval)
    : health_(health), services_(std::move(services)), check_(std::move(check)), interval_(interval) {
  thread_ = std::thread([this] { Run(); });
}

WriteHealth::~WriteHealth() {
  stopped_.Notify();
  thread_.join();
}

void WriteHealth::Run() {
  bool was_healthy = true;
  do {
    const absl::Status status = check_();
    if (status.ok() == was_healthy) continue;
    was_healthy = status.ok();
    for (const std::string& service : services_) health_.SetServingStatus(service, was_healthy);
    if (was_healthy) {
      spdlog::info("checkpoints can be stored again");
    } else {
      spdlog::error("nothing can be stored, health checks say NOT_SERVING: {}", std::string(status.message()));
    }
  } while (!stopped_.WaitForNotificationWithTimeout(interval_));
}

}  // namespace armstate
