#include "server/process/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdint>

#include "absl/strings/str_cat.h"

namespace armstate {

void ServiceManager::Ready(const std::string& status) {
  sd_notify(/*unset_environment=*/0, absl::StrCat("READY=1\nSTATUS=", status).c_str());
}

void ServiceManager::Stopping(const std::string& status) {
  sd_notify(/*unset_environment=*/0, absl::StrCat("STOPPING=1\nSTATUS=", status).c_str());
}

void ServiceManager::IsAlive() { sd_notify(/*unset_environment=*/0, "WATCHDOG=1"); }

absl::Duration ServiceManager::WatchdogInterval() {
  uint64_t microseconds = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/0, &microseconds) <= 0) return absl::InfiniteDuration();
  return absl::Microseconds(microseconds) / 3;
}

}  // namespace armstate
