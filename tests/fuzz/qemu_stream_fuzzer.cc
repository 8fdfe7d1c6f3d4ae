// libFuzzer: any bytes as a QEMU migration stream. A capture that is restored into its own stream must not change it,
// nor may a conversion onto its own lists; one for another release must give a stream.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "client/qemu/capture.h"
#include "client/qemu/conversion.h"
#include "client/qemu/restore.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view stream(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<armstate::QemuCapture> capture = armstate::CaptureQemuStream(stream);
  if (!capture.ok()) return 0;
  const absl::StatusOr<armstate::QemuRestore> restore =
      armstate::RestoreIntoQemuStream(capture->vcpus, capture->machine_type, stream);
  // MPU registers that hold what looks like sections are refused, since their number is not in the stream.
  if (!restore.ok()) return 0;
  if (armstate::ApplyPatches(stream, restore->patches) != stream) abort();
  absl::StatusOr<armstate::QemuConversion> conversion =
      armstate::ConvertQemuStream(stream, capture->vcpus, absl::nullopt);
  if (conversion.ok() && armstate::ApplyPatches(stream, conversion->patches) != stream) abort();
  conversion = armstate::ConvertQemuStream(stream, capture->vcpus, armstate::QemuRelease{7, 2});
  if (!conversion.ok()) return 0;
  if (!armstate::CaptureQemuStream(armstate::ApplyPatches(stream, conversion->patches)).ok()) abort();
  return 0;
}
