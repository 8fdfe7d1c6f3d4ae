// `QmpConnection` speaks QEMU's machine protocol (QMP) over a Unix socket, one command at a time.
//
// Example (client/examples/query_qmp.cc):
//   absl::StatusOr<bool> IsRunning() {
//     absl::StatusOr<QmpConnection> qmp = QmpConnection::Open("/run/vm.qmp", absl::Now() + absl::Seconds(5));
//     if (!qmp.ok()) return qmp.status();
//     const absl::StatusOr<nlohmann::json> status = qmp->Execute("query-status");
//     if (!status.ok()) return status.status();
//     return status->value("running", false);
//   }
#ifndef ARMSTATE_CLIENT_QEMU_QMP_CONNECTION_H_
#define ARMSTATE_CLIENT_QEMU_QMP_CONNECTION_H_

#include <deque>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace armstate {

// Errors of all methods: UNAVAILABLE if there is no QEMU at the socket or it goes away, DEADLINE_EXCEEDED,
// INTERNAL for an answer that is not QMP, and for Execute FAILED_PRECONDITION with QEMU's own text where QEMU answers
// with an error.
//
// Not thread-safe. Movable.
class QmpConnection {
 public:
  // Connects and negotiates capabilities. All later calls share the deadline until set_deadline().
  static absl::StatusOr<QmpConnection> Open(const std::string& socket_path, absl::Time deadline);

  QmpConnection(QmpConnection&& other) noexcept;
  QmpConnection& operator=(QmpConnection&& other) noexcept;
  ~QmpConnection();

  void set_deadline(absl::Time deadline) { deadline_ = deadline; }

  // The command's "return". `fd`, unless -1, travels with the command (getfd, add-fd); it stays the caller's.
  absl::StatusOr<nlohmann::json> Execute(absl::string_view command, nlohmann::json arguments = nlohmann::json::object(),
                                         int fd = -1);

  // The "data" of the next event of that name; events that came with earlier answers count, all others are dropped.
  absl::StatusOr<nlohmann::json> WaitForEvent(absl::string_view event);

 private:
  QmpConnection(int fd, absl::Time deadline) : fd_(fd), deadline_(deadline) {}

  absl::Status WaitUntilReady(short events);
  absl::Status Send(absl::string_view line, int fd);
  // The next message of any kind.
  absl::StatusOr<nlohmann::json> Receive();

  int fd_;
  absl::Time deadline_;
  std::string received_;  // bytes behind the last message
  std::deque<nlohmann::json> events_;
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_QMP_CONNECTION_H_
