// QemuProfileName is the name of a profile of QEMU's emulation, taken apart: "qemu-10.0.virt-9.0.max.el2".
#ifndef ARMSTATE_SERVER_PROFILES_PROFILE_NAME_H_
#define ARMSTATE_SERVER_PROFILES_PROFILE_NAME_H_

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace armstate {

// 10.0. Ordered as releases follow each other.
using QemuSeries = std::pair<int, int>;

struct QemuProfileName {
  QemuSeries series;
  absl::optional<int> patch;  // of "qemu-10.0.5.virt.max"
  std::string machine;        // "virt"
  // The version of an older machine type: 9.0 of "virt-9.0".
  absl::optional<QemuSeries> machine_version;
  std::string cpu;  // with what was added to the machine: "max.el2"
};

// Answers nothing for any other name.
absl::optional<QemuProfileName> ParseQemuProfileName(absl::string_view id);

// "10.0", "10.0.2", "10.0.2 (Debian 1:10.0.2+ds-2)": the series and the patch release. Answers nothing for any
// other text.
absl::optional<std::pair<QemuSeries, absl::optional<int>>> ParseQemuVersion(absl::string_view version);

// "virt", "virt-9.0": the machine and the version of its type.
std::pair<std::string, absl::optional<QemuSeries>> ParseMachineType(absl::string_view machine_type);

std::string FormatSeries(const QemuSeries& series);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_PROFILE_NAME_H_
