#include "server/process/write_health.h"

#include <utility>

#include "spdlog/spdlog.h"

namespace armstate {

WriteHealth::WriteHealth(grpc::HealthCheckServiceInterface& health, std::vector<std::string> services,
                         std::function<absl::Status()> check, std::function<bool()> has_started,
                         absl::Duration interval)
    : health_(health),
      services_(std::move(services)),
      check_(std::move(check)),
      has_started_(std::move(has_started)),
      interval_(interval) {
  thread_ = std::thread([this] { Run(); });
}

WriteHealth::~WriteHealth() {
  stopped_.Notify();
  thread_.join();
}

void WriteHealth::Run() {
  bool was_healthy = true, was_ready = false;
  do {
    const absl::Status status = check_();
    const bool is_ready = status.ok() && has_started_();
    if (is_ready != was_ready) health_.SetServingStatus(kReadiness, is_ready);
    was_ready = is_ready;
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
