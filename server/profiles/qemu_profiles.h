// ChooseProfile finds the built-in profile for a named QEMU, which may also be another patch release, a release between
// two that have profiles, or one with an older machine type.
#ifndef ARMSTATE_SERVER_PROFILES_QEMU_PROFILES_H_
#define ARMSTATE_SERVER_PROFILES_QEMU_PROFILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/profiles/registry.h"

namespace armstate {

// A profile and a note on how it was chosen; the note is empty if the profile is exactly the requested one.
struct ChosenProfile {
  ProfileRegistry::Entry entry;
  std::string note;
  // True if the profile belongs to a release on only one side of the requested one, so that any part of it may be
  // wrong.
  bool is_guess = false;
};

// Returns the profile `name`, "cpuProfiles/{profile}", if it exists. For "qemu-10.0.5.virt.max" it is the profile of
// the series. For a series without a profile it is the result of MergeProfiles for the nearest series before and after,
// or the nearest one if there is a series on one side only.
//
// Errors: those of ProfileRegistry::Find.
absl::StatusOr<ChosenProfile> ChooseProfile(const ProfileRegistry& profiles, absl::string_view name);

// The QEMU that a stream or a checkpoint describes.
struct QemuMachine {
  std::string version;                       // "10.0.2", possibly with a distribution's suffix
  std::string machine_type;                  // "virt-9.0", "virt"
  std::string cpu_model;                     // "max"; "max32" for the one of qemu-system-arm
  std::vector<std::string> machine_options;  // "virtualization=on"; options that no profile name shows are ignored
};

// Returns the profile of that QEMU. INVALID_ARGUMENT, reason FIELD_INVALID, for a malformed version; NOT_FOUND, reason
// CPU_PROFILE_NOT_FOUND.
absl::StatusOr<ChosenProfile> ChooseProfile(const ProfileRegistry& profiles, const QemuMachine& machine);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_QEMU_PROFILES_H_
