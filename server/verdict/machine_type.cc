#include "server/verdict/machine_type.h"

#include "absl/strings/str_cat.h"
#include "server/profiles/profile_name.h"

namespace armstate {

std::string MissingMachineType(absl::string_view machine_type, const v1::CpuProfile& target) {
  const auto [machine, version] = ParseMachineType(machine_type);
  const auto release = ParseQemuVersion(target.hypervisor_version());
  if (target.accelerator() != v1::ACCELERATOR_TCG || !version || !release || *version <= release->first) return "";
  const std::string series = FormatSeries(release->first);
  return absl::StrCat("QEMU ", series, " has no machine type ", machine_type,
                      ", which is later than it, and a guest cannot leave its machine type: start guests that are to "
                      "go there with -M ",
                      machine, "-", series);
}

bool IsOtherBoard(absl::string_view machine_type, const v1::CpuProfile& target) {
  return target.accelerator() == v1::ACCELERATOR_TCG && !machine_type.empty() && !target.machine_type().empty() &&
         ParseMachineType(machine_type).first != ParseMachineType(target.machine_type()).first;
}

}  // namespace armstate
