// `ApplyConversion` decides whether a guest can continue on another CPU than it was saved on: of another release of
// QEMU, another kernel or another host.
//
// Such a target has registers that the guest lacks, lacks some that it has, and insists on its own identification.
// docs/decisions/0024-convert.md has the reasons for the rules.
#ifndef ARMSTATE_CORE_CONVERSION_H_
#define ARMSTATE_CORE_CONVERSION_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/cpu_profile.h"
#include "core/register_list.h"
#include "core/restore.h"
#include "core/vcpu_register_port.h"

namespace armstate {

// Names of what covers a finding, in RegisterFinding::tolerance.
inline constexpr absl::string_view kShownOtherwise =
    "shown-otherwise";                                                 // constants differ, and nothing is promised less
inline constexpr absl::string_view kKeptElsewhere = "kept-elsewhere";  // the target has it under another ID
inline constexpr absl::string_view kHeldNothing = "held-nothing";      // left out; it held what it holds after reset
inline constexpr absl::string_view kKeptAtReset = "kept-at-reset";     // only the target has it

// Names under which the user can accept what refuses: RegisterFinding::accept_as.
inline constexpr absl::string_view kFeatureGone = "feature-gone";  // the guest was shown more than it will find
inline constexpr absl::string_view kStateLost = "state-lost";      // the guest's own value has no place
inline constexpr absl::string_view kCounterFrequency = "counter-frequency";  // its clock would run at another rate
inline constexpr absl::string_view kExceptionLevels = "exception-levels";    // EL2 or EL3 is there on one side only

// All names that a user can accept, for messages.
absl::Span<const absl::string_view> AcceptableNames();

struct ConversionSide {
  // Null: not known.
  const CpuProfile* profile = nullptr;
  VcpuPosition position;
};

// A report for tolerances to be applied to: of the identification registers in `report`, `wanted` differs from `got`
// only in features that the guest was promised and loses; the other fields need no rule.
RestoreReport OnlyLostFeatures(RestoreReport report, IdScheme scheme);

// `list`: what was restored, with the IDs that the target gives its registers. `source`: the profile of the
// vCPU that was captured; without it, the reset values of the source are not known. `target_values`: a value area of
// the target's layout, after the restore. `accepted`: names that the user accepts.
//
// Looks at each finding that no tolerance covers: names what covers it, or what it can be accepted as, with the reason.
// Findings are added of what concerns the whole vCPU: its exception levels, and the counter's frequency. Computes the
// verdict again.
void ApplyConversion(const RegisterList& list, const ConversionSide& source, const CpuProfile& target,
                     absl::string_view target_values, absl::Span<const std::string> accepted, RestoreReport& report);

}  // namespace armstate

#endif  // ARMSTATE_CORE_CONVERSION_H_
