// libFuzzer: any bytes as a QEMU migration stream. A capture that is restored into its own stream must not change it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "client/qemu/qemu_capture.h"
#include "client/qemu/qemu_restore.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view stream(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<armstate::QemuCapture> capture = armstate::CaptureQemuStream(stream);
  if (!capture.ok()) return 0;
  const absl::StatusOr<armstate::QemuRestore> restore =
      armstate::RestoreIntoQemuStream(capture->vcpus, capture->machine_type, stream);
  // MPU registers that hold what looks like sections are refused, since their number is not in the stream.
  if (!restore.ok()) return 0;
  if (armstate::ApplyPatches(stream, restore->patches) != stream) abort();
  return 0;
}
