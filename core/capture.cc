#include "core/capture.h"

#include <string>
#include <utility>

namespace armstate {

Capture CaptureRegisters(VcpuRegisterPort& port) {
  const std::shared_ptr<const RegisterLayout>& layout = port.layout();
  Capture capture;
  std::string values;
  port.ReadAll(values, capture.errors);
  if (capture.errors.empty()) {
    capture.registers = *RegisterList::Create(layout, std::move(values));
    return capture;
  }
  std::vector<bool> unread(layout->size());
  for (const RegisterError& error : capture.errors) unread[error.index] = true;
  RegisterListBuilder builder;
  for (size_t i = 0; i < layout->size(); ++i) {
    if (!unread[i])
      builder.AddBytes(layout->id(i), absl::string_view(values).substr(layout->offset(i), layout->width(i)));
  }
  capture.registers = *std::move(builder).Build();
  return capture;
}

}  // namespace armstate
