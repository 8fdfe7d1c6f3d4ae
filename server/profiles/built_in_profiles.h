// BuiltInProfiles holds the CPU profiles that are part of the program in their serialized form, and parses each one on
// request.
#ifndef ARMSTATE_SERVER_PROFILES_BUILT_IN_PROFILES_H_
#define ARMSTATE_SERVER_PROFILES_BUILT_IN_PROFILES_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "armstate/v1/cpu_profile.pb.h"

namespace armstate {

// The program has hundreds of profiles, of which a server uses a few. Only the position of each profile is kept in
// memory. Immutable, thread-safe.
class BuiltInProfiles {
 public:
  // `set` is an armstate.v1.CpuProfileSet, which must outlive the object. INVALID_ARGUMENT, reason
  // CPU_PROFILE_MALFORMED, if two profiles have the same name, a base does not exist, or the bases form a cycle.
  // Registers are not validated.
  static absl::StatusOr<BuiltInProfiles> Create(absl::string_view set);

  size_t size() const { return stored_.size(); }
  // Returns a name such as "qemu-7.2.virt.cortex-a57". Ascending by index.
  const std::string& id(size_t index) const { return stored_[index].id; }
  // Finds a profile by its name, or by the name of a target with an identical profile (StoredCpuProfile.same).
  absl::optional<size_t> Find(absl::string_view id) const;
  // The names that Find accepts.
  const std::map<std::string, size_t, std::less<>>& names() const { return names_; }

  // Returns the profile without its registers but with their number. Errors: only if the binary is corrupt.
  absl::StatusOr<v1::CpuProfile> Header(size_t index) const;
  // Returns the profile with only the registers that differ from its base.
  absl::StatusOr<v1::StoredCpuProfile> Difference(size_t index) const;
  // Returns the whole profile. Errors: those of ExpandProfile, or a corrupt binary.
  absl::StatusOr<v1::CpuProfile> Message(size_t index) const;

 private:
  struct Stored {
    std::string id;
    std::string base;  // empty if it has no base
    std::vector<std::string> same;
    absl::string_view bytes;  // armstate.v1.StoredCpuProfile
  };

  static absl::StatusOr<Stored> ReadIndex(absl::string_view bytes);
  // The indexes from a profile without a base to this one.
  std::vector<size_t> Chain(size_t index) const;

  std::vector<Stored> stored_;
  std::map<std::string, size_t, std::less<>> names_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_BUILT_IN_PROFILES_H_
