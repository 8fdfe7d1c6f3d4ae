#include "client/qemu/qmp/guest_pause.h"

#include <signal.h>

#include <atomic>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace armstate {
namespace {

// Added to the user's deadline for continuing the guest.
constexpr absl::Duration kGrace = absl::Seconds(5);

// Signals that arrived while they were held. A handler in any thread sets them: gRPC's threads do not block signals.
std::atomic<bool> held[NSIG];

void KeepSignal(int signal) { held[signal] = true; }

// QEMU refuses `cont` in the state finish-migrate, which lasts a few milliseconds.
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
  HoldSignals();
  stopped_ = true;
  const absl::Status stopped = qmp_.Execute("stop").status();
  if (!stopped.ok()) return stopped;
  const absl::StatusOr<nlohmann::json> status = qmp_.Execute("query-status");
  if (!status.ok()) return status.status();
  const nlohmann::json state = status->is_object() ? status->value("status", nlohmann::json()) : nlohmann::json();
  if (state != nlohmann::json("postmigrate") && state != nlohmann::json("finish-migrate")) return absl::OkStatus();
  // Another migration was faster: the guest may already run elsewhere, and must not run twice.
  LeavePaused();
  return absl::FailedPreconditionError(absl::StrCat("another migration has taken the guest: QEMU is in state ",
                                                    state.get<std::string>(), " and left as it is"));
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
  // QEMU serves one connection at a time, so the broken one is closed first.
  { const QmpConnection broken = std::move(qmp_); }
  absl::StatusOr<QmpConnection> again = QmpConnection::Open(socket_path_, absl::Now() + kGrace);
  return again.ok() ? ContinueOver(*again) : again.status();
}

void GuestPause::HoldSignals() {
  struct sigaction keep = {};
  keep.sa_handler = KeepSignal;
  keep.sa_flags = SA_RESTART;
  for (size_t i = 0; i < std::size(kHeldSignals); ++i) sigaction(kHeldSignals[i], &keep, &before_[i]);
}

void GuestPause::Release() {
  stopped_ = false;
  for (size_t i = 0; i < std::size(kHeldSignals); ++i) sigaction(kHeldSignals[i], &before_[i], nullptr);
  for (const int signal : kHeldSignals) {
    if (held[signal].exchange(false)) raise(signal);
  }
}

}  // namespace armstate
