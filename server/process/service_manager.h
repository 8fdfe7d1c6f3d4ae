// `ServiceManager` tells systemd how the server is. Without systemd it does nothing.
#ifndef ARMSTATE_SERVER_PROCESS_SERVICE_MANAGER_H_
#define ARMSTATE_SERVER_PROCESS_SERVICE_MANAGER_H_

#include <string>

#include "absl/time/time.h"

namespace armstate {

// A unit of Type=notify counts as started after Ready (sd_notify(3)).
class ServiceManager {
 public:
  // `status` is what `systemctl status` shows.
  static void Ready(const std::string& status);
  static void Stopping(const std::string& status);
  // The unit's WatchdogSec has begun anew.
  static void IsAlive();
  // Returns how often IsAlive must be called, with some reserve; infinite without a watchdog (sd_watchdog_enabled(3)).
  static absl::Duration WatchdogInterval();
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROCESS_SERVICE_MANAGER_H_
