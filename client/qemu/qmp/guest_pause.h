// `GuestPause` is a guest that is paused and must continue whatever happens.
#ifndef ARMSTATE_CLIENT_QEMU_QMP_GUEST_PAUSE_H_
#define ARMSTATE_CLIENT_QEMU_QMP_GUEST_PAUSE_H_

#include <signal.h>

#include <string>

#include "absl/status/status.h"
#include "client/qemu/qmp/connection.h"

namespace armstate {

// From Stop() on, until the guest goes on, SIGINT, SIGTERM, SIGHUP and SIGQUIT wait, for the whole process: a user who
// presses Ctrl-C does not want a stopped guest. They have their effect afterwards. The destructor continues a guest
// that was neither continued nor left paused.
//
// Not thread-safe; one at a time in a process.
class GuestPause {
 public:
  // The connection must live as long. If it fails, the guest is continued over a new one.
  GuestPause(QmpConnection& qmp, std::string socket_path) : qmp_(qmp), socket_path_(std::move(socket_path)) {}
  ~GuestPause();
  GuestPause(const GuestPause&) = delete;
  GuestPause& operator=(const GuestPause&) = delete;

  // After an error the guest may stand still or not; it is continued like a stopped one. FAILED_PRECONDITION if
  // another client's migration has moved the guest meanwhile; then it is not continued, since it may run elsewhere.
  absl::Status Stop();

  // Continues the guest if it was stopped here. Answers `status`; if that is OK, the error of continuing; if both
  // failed, both.
  absl::Status ContinueAfter(const absl::Status& status);

  // The guest stays as it is.
  void LeavePaused();

 private:
  static constexpr int kHeldSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

  absl::Status Continue();
  void HoldSignals();
  void Release();

  QmpConnection& qmp_;
  std::string socket_path_;
  bool stopped_ = false;
  // Of kHeldSignals.
  struct sigaction before_[4];
};

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_QMP_GUEST_PAUSE_H_
