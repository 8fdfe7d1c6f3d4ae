// Example: asks a running QEMU whether its guest runs.
#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "client/qemu/qmp/connection.h"

namespace armstate {

// [START example]
absl::StatusOr<bool> IsRunning() {
  absl::StatusOr<QmpConnection> qmp = QmpConnection::Open("/run/vm.qmp", absl::Now() + absl::Seconds(5));
  if (!qmp.ok()) return qmp.status();
  const absl::StatusOr<nlohmann::json> status = qmp->Execute("query-status");
  if (!status.ok()) return status.status();
  return status->value("running", false);
}
// [END example]

}  // namespace armstate
