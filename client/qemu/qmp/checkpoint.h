// `CheckpointByQmp` captures all vCPUs of a running QEMU through its QMP socket. The guest is paused meanwhile.
//
// How: `xen-save-devices-state` writes all CPU and device state without guest RAM (about 1 ms) and stops and continues
// a running guest itself, within one command, so that not even the death of this process leaves the guest stopped. QEMU
// writes into a file descriptor that we hand over: neither side needs a folder that the other may write.
//
// That dump cannot be loaded again. Where the user wants a whole stream for a later restore (keep_stream), the guest is
// stopped, migrated into the file, and continued. Where all its RAM is shared memory, x-ignore-shared keeps the RAM out
// of the stream; else the stream carries it.
#ifndef ARMSTATE_CLIENT_QEMU_QMP_CHECKPOINT_H_
#define ARMSTATE_CLIENT_QEMU_QMP_CHECKPOINT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/qemu/capture.h"

namespace armstate {

struct QmpCheckpointOptions {
  // For all of it. When it is over, the guest gets another 5 seconds to be continued.
  absl::Duration timeout = absl::Seconds(60);
  // The file for a whole migration stream; empty: none is written. The file is replaced; after an error it may hold a
  // part.
  std::string keep_stream;
  // Leaves the guest stopped after success, as for a move. After an error it goes on.
  bool leave_paused = false;
};

struct QmpCheckpoint {
  // With the machine type, which QEMU's dump does not have.
  QemuCapture capture;
  // "7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)".
  std::string qemu_version;
  // QEMU's name for the CPU, e.g. "cortex-a57".
  std::string cpu_model;
  // Else TCG.
  bool is_kvm = false;
  // The guest ran before, and runs again unless it was to be left paused.
  bool was_running = false;
  // When the vCPUs stood still.
  absl::Time capture_time;
};

// Errors: UNAVAILABLE if no QEMU answers at the socket, DEADLINE_EXCEEDED, FAILED_PRECONDITION with QEMU's text if QEMU
// refuses a command or the migration fails, those of CaptureQemuStream, and FAILED_PRECONDITION if QEMU's number of
// vCPUs is another than the dump's. If the guest could not be continued, the message says so. A guest that did not run
// is not continued.
//
// While the guest is stopped for keep_stream, the calling thread does not take SIGINT, SIGTERM and SIGHUP.
absl::StatusOr<QmpCheckpoint> CheckpointByQmp(const std::string& socket_path, const QmpCheckpointOptions& options);

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_QEMU_QMP_CHECKPOINT_H_
