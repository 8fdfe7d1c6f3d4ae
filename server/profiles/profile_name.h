// QemuProfileName is the parsed name of a profile of QEMU's emulation: "qemu-10.0.virt-9.0.max.el2".
#ifndef ARMSTATE_SERVER_PROFILES_PROFILE_NAME_H_
#define ARMSTATE_SERVER_PROFILES_PROFILE_NAME_H_

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace armstate {

// A series such as 10.0, in the order of release.
using QemuSeries = std::pair<int, int>;

struct QemuProfileName {
  QemuSeries series;
  absl::optional<int> patch;  // 5 in "qemu-10.0.5.virt.max"
  std::string machine;        // "virt"
  // The version of an older machine type: 9.0 in "virt-9.0".
  absl::optional<QemuSeries> machine_version;
  std::string cpu;  // with the options of the machine: "max.el2"
};

// Unset for any other name.
absl::optional<QemuProfileName> ParseQemuProfileName(absl::string_view id);

// Parses the series and the patch release of "10.0", "10.0.2", "10.0.2 (Debian 1:10.0.2+ds-2)". Unset for any other
// text.
absl::optional<std::pair<QemuSeries, absl::optional<int>>> ParseQemuVersion(absl::string_view version);

// Parses "virt" or "virt-9.0" into the machine and the version of its type.
std::pair<std::string, absl::optional<QemuSeries>> ParseMachineType(absl::string_view machine_type);

std::string FormatSeries(const QemuSeries& series);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_PROFILE_NAME_H_
