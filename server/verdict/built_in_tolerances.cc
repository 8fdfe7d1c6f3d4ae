#include "server/verdict/built_in_tolerances.h"

#include "armstate/v1/tolerance.pb.h"
#include "core/tolerance_set.h"
#include "proto/tolerance_conversion.h"

// //profiles:built_in
extern "C" const char armstate_tolerance_set[];
extern "C" const char armstate_tolerance_set_end[];

namespace armstate {

absl::StatusOr<std::vector<Tolerance>> BuiltInTolerances() {
  v1::ToleranceSet set;
  if (!set.ParseFromArray(armstate_tolerance_set,
                          static_cast<int>(armstate_tolerance_set_end - armstate_tolerance_set))) {
    return absl::InternalError("the built-in tolerances cannot be read: the program file is corrupt");
  }
  absl::StatusOr<std::vector<Tolerance>> tolerances = TolerancesFromProto(set.tolerances());
  if (!tolerances.ok()) return tolerances.status();
  const absl::Status status = CheckTolerances(*tolerances);
  if (!status.ok()) return status;
  return tolerances;
}

}  // namespace armstate
