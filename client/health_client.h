// `IsServing` asks the standard health service whether a service is available.
#ifndef ARMSTATE_CLIENT_HEALTH_CLIENT_H_
#define ARMSTATE_CLIENT_HEALTH_CLIENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/connection.h"

namespace armstate {

// `service`: "" (the server as a whole), "readiness", "liveness", or a service's full name; docs/operations.md has
// their meaning. NOT_FOUND if the server has none of that name; otherwise the call's errors.
absl::StatusOr<bool> IsServing(const Connection& connection, const std::string& service);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_HEALTH_CLIENT_H_
