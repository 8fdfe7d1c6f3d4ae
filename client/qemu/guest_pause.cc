#include "client/qemu/guest_pause.h"

#include <pthread.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace armstate {
namespace {

// Beyond the user's own deadline.
constexpr absl::Duration kGrace = absl::Seconds(5);

// While QEMU ends a migration (state finish-migrate) it refuses `cont`; this takes it a few milliseconds.
absl::Status WaitForMigrationToEnd(QmpConnection& qmp) {
  while (true) {
    const absl::StatusOr<nlohmann::json> status = qmp.Execute("query-status");
    if (!status.ok()) return status.status();
    if (!status->is_object() || status->value("status", nlohmann::json()) != nlohmann::json("finish-migrate")) {
      return absl::OkStatus();
    }
    absl::SleepFor(absl::Milliseconds(1));
  }
}

absl::Status ContinueOver(QmpConnection& qmp) {
  qmp.set_deadline(absl::Now() + kGrace);
  const absl::Status ended = WaitForMigrationToEnd(qmp);
  return ended.ok() ? qmp.Execute("cont").status() : ended;
}

}  // namespace

GuestPause::~GuestPause() { ContinueAfter(absl::OkStatus()).IgnoreError(); }

absl::Status GuestPause::Stop() {
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&blocked, signal);
  pthread_sigmask(SIG_BLOCK, &blocked, &signals_before_);
  stopped_ = true;
  return qmp_.Execute("stop").status();
}

absl::Status GuestPause::ContinueAfter(const absl::Status& status) {
  if (!stopped_) return status;
  const absl::Status continued = Continue();
  Release();
  if (continued.ok()) return status;
  return absl::Status(status.ok() ? continued.code() : status.code(),
                      absl::StrCat(status.ok() ? "" : absl::StrCat(status.message(), "; "),
                                   "THE GUEST IS STOPPED and could not be continued: ", continued.message()));
}

void GuestPause::LeavePaused() {
  if (stopped_) Release();
}

absl::Status GuestPause::Continue() {
  const absl::Status status = ContinueOver(qmp_);
  if (status.ok() || absl::IsFailedPrecondition(status)) return status;  // done, or QEMU itself refuses
  // QEMU serves one connection at a time: the broken one must go first.
  { const QmpConnection broken = std::move(qmp_); }
  absl::StatusOr<QmpConnection> again = QmpConnection::Open(socket_path_, absl::Now() + kGrace);
  return again.ok() ? ContinueOver(*again) : again.status();
}

void GuestPause::Release() {
  stopped_ = false;
  pthread_sigmask(SIG_SETMASK, &signals_before_, nullptr);
}

}  // namespace armstate
