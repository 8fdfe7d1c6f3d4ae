// This header converts the text of a CPU profile to armstate.v1.CpuProfile and to CpuProfile.
#ifndef ARMSTATE_PROTO_CPU_PROFILE_CONVERSION_H_
#define ARMSTATE_PROTO_CPU_PROFILE_CONVERSION_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "armstate/v1/cpu_profile.pb.h"
#include "core/cpu_profile.h"

namespace armstate {

// A profile in both forms.
struct ParsedCpuProfile {
  // As in the text, with register_count set.
  v1::CpuProfile message;
  std::shared_ptr<const CpuProfile> profile;
};

// Parses a file of profiles/*.textproto and validates it as CpuProfileFromProto does.
//
// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED (a malformed profile name too), with metadata "line" (from 1) and,
// where a register is at fault, "register_id"; the message begins "line L, column C: ".
absl::StatusOr<ParsedCpuProfile> ParseCpuProfileText(absl::string_view text);

// INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED, with metadata "register_id" where a register is at fault: whatever
// CpuProfile::Create refuses, an invalid ID, a value wider than its register, an accelerator other than TCG and KVM, a
// malformed name.
absl::StatusOr<std::shared_ptr<const CpuProfile>> CpuProfileFromProto(const v1::CpuProfile& message);

}  // namespace armstate

#endif  // ARMSTATE_PROTO_CPU_PROFILE_CONVERSION_H_
