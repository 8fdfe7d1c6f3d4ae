#include "core/register_kind.h"

namespace armstate {

bool IsIdRegister(RegisterId id) {
  const uint64_t encoding = id.raw() & 0xffff;
  if (id.register_class() == RegisterClass::kDemux) return true;
  if (id.is_system()) {
    const uint64_t op0 = encoding >> 14, op1 = encoding >> 11 & 7, crn = encoding >> 7 & 0xf;
    return op0 == 3 && crn == 0 && (op1 == 0 || op1 == 1 || op1 == 3);
  }
  if (!id.is_coprocessor() || id.width() != 4) return false;
  const uint64_t crn = encoding >> 11 & 0xf, opc1 = encoding >> 3 & 0xf;
  if (id.register_class() == RegisterClass::kCp14) return encoding == 0;
  return id.register_class() == RegisterClass::kCp15 && crn == 0 && opc1 <= 1;
}

bool IsImplementationId(RegisterId id) {
  return id == RegisterId::System(3, 0, 0, 0, 0) || id == RegisterId::System(3, 0, 0, 0, 6) ||
         id == RegisterId::System(3, 1, 0, 0, 7);
}

bool IsFirmwareRegister(RegisterId id) {
  return id.register_class() == RegisterClass::kFirmware ||
         id.register_class() == RegisterClass::kFirmwareFeatureBitmap;
}

}  // namespace armstate
