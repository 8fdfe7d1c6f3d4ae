// `CaptureRegisters` reads the registers of a port into a register list.
#ifndef ARMSTATE_CORE_CAPTURE_H_
#define ARMSTATE_CORE_CAPTURE_H_

#include <vector>

#include "core/register_list.h"
#include "core/vcpu_register_port.h"

namespace armstate {

struct Capture {
  // All registers that could be read.
  RegisterList registers;
  // Registers that could not be read, by their position in the port's layout. Empty if the capture is complete; an
  // incomplete capture must not be stored as if it were complete.
  std::vector<RegisterError> errors;
};

// Reads every register of the port; goes on after one that cannot be read.
Capture CaptureRegisters(VcpuRegisterPort& port);

}  // namespace armstate

#endif  // ARMSTATE_CORE_CAPTURE_H_
