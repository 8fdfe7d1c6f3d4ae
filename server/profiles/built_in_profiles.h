// BuiltInProfiles holds the CPU profiles that are part of the program, serialized as they were built, and reads each
// when it is asked for.
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

// Hundreds of profiles, of which a server uses a few. Nothing of them is kept but where each one stands. Immutable,
// thread-safe.
class BuiltInProfiles {
 public:
  // `set`: an armstate.v1.CpuProfileSet, which must outlive this. INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED: two
  // have one name, a base is not there, or the bases go in a circle. Registers are not looked at.
  static absl::StatusOr<BuiltInProfiles> Create(absl::string_view set);

  size_t size() const { return stored_.size(); }
  // "qemu-7.2.virt.cortex-a57". By index ascending.
  const std::string& id(size_t index) const { return stored_[index].id; }
  // Finds a profile by its name, or by that of a target that turned out the same (StoredCpuProfile.same).
  absl::optional<size_t> Find(absl::string_view id) const;
  // The names that Find knows.
  const std::map<std::string, size_t, std::less<>>& names() const { return names_; }

  // Without registers, but with their number. Errors: of a damaged program.
  absl::StatusOr<v1::CpuProfile> Header(size_t index) const;
  // With the registers that it does not share with its base only.
  absl::StatusOr<v1::StoredCpuProfile> Difference(size_t index) const;
  // Whole. Errors: of ExpandProfile, or of a damaged program.
  absl::StatusOr<v1::CpuProfile> Message(size_t index) const;

 private:
  struct Stored {
    std::string id;
    std::string base;  // empty: none
    std::vector<std::string> same;
    absl::string_view bytes;  // armstate.v1.StoredCpuProfile
  };

  static absl::StatusOr<Stored> ReadIndex(absl::string_view bytes);
  // From a profile without a base to this one.
  std::vector<size_t> Chain(size_t index) const;

  std::vector<Stored> stored_;
  std::map<std::string, size_t, std::less<>> names_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROFILES_BUILT_IN_PROFILES_H_
