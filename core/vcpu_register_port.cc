#include "core/vcpu_register_port.h"

#include <utility>

namespace armstate {

void VcpuRegisterPort::ReadAll(std::string& values, std::vector<RegisterError>& errors) {
  const RegisterLayout& registers = *layout();
  values.assign(registers.values_size(), '\0');
  for (size_t i = 0; i < registers.size(); ++i) {
    absl::Status status = Read(i, absl::MakeSpan(&values[registers.offset(i)], registers.width(i)));
    if (!status.ok()) errors.push_back({i, std::move(status)});
  }
}

void VcpuRegisterPort::WriteInOrder(absl::Span<const uint32_t> indexes, absl::string_view values,
                                    absl::Span<char> read_back, std::vector<RegisterError>& errors) {
  const RegisterLayout& registers = *layout();
  for (const uint32_t i : indexes) {
    const size_t offset = registers.offset(i);
    const size_t width = registers.width(i);
    absl::Status status = Write(i, values.substr(offset, width));
    if (status.ok()) status = Read(i, read_back.subspan(offset, width));
    if (!status.ok()) errors.push_back({i, std::move(status)});
  }
}

}  // namespace armstate
