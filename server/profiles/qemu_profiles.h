// ChooseProfile finds the built-in profile for a QEMU that is named: also one of another patch release, of a release in
// between, or with an older machine type.
#ifndef ARMSTATE_SERVER_PROFILES_QEMU_PROFILES_H_
#define ARMSTATE_SERVER_PROFILES_QEMU_PROFILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/profiles/registry.h"

namespace armstate {

// A profile, and what a person should know of how it was come by: empty if it is just the one that was named.
struct ChosenProfile {
  ProfileRegistry::Entry entry;
  std::string note;
  // The profile is of a release on one side of the wanted one only, so that it may all be otherwise.
  bool is_guess = false;
};

// The profile `name`, "cpuProfiles/{profile}", if there is one. Of "qemu-10.0.5.virt.max", that of its series. Of a
// series that has none, the nearest ones before and after merged by MergeProfiles; the nearest if there is none on one
// side.
//
// Errors: of ProfileRegistry::Find.
absl::StatusOr<ChosenProfile> ChooseProfile(const ProfileRegistry& profiles, absl::string_view name);

// What a stream or a checkpoint says of its QEMU.
struct QemuMachine {
  std::string version;                       // "10.0.2", also with a distribution's addition
  std::string machine_type;                  // "virt-9.0", "virt"
  std::string cpu_model;                     // "max"; "max32" for that of qemu-system-arm
  std::vector<std::string> machine_options;  // "virtualization=on"; others than a profile's name shows are left aside
};

// The profile of that QEMU. INVALID_ARGUMENT, reason FIELD_INVALID, for a version that is none; NOT_FOUND, reason
// CPU_PROFILE_NOT_FOUND.
absl::StatusOr<ChosenProfile> ChooseProfile(const ProfileRegistry& profiles, const QemuMachine& machine);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_QEMU_PROFILES_H_
