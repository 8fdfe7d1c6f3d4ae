// ServerAdvice holds the advice rules that apply to every verdict: the built-in ones and the operator's.
#ifndef ARMSTATE_SERVER_VERDICT_SERVER_ADVICE_H_
#define ARMSTATE_SERVER_VERDICT_SERVER_ADVICE_H_

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "core/advice.h"
#include "core/advice_set.h"
#include "server/verdict/judgement.h"
#include "server/verdict/resolved_target.h"

namespace armstate {

// Immutable, thread-safe.
class ServerAdvice {
 public:
  // `file` holds the operator's rules (armstate.v1.AdviceSet in text format); empty means no file. INVALID_ARGUMENT,
  // naming the line or the rule that is at fault; NOT_FOUND if it cannot be read.
  static absl::StatusOr<ServerAdvice> Load(const std::string& file);

  // Returns what the rules say about a verdict. The operator's rules come first, since a finding has one cause. Where
  // the target's QEMU lacks the guest's machine type, only advice on the checkpoint itself has actions.
  std::vector<Advice> For(const VerdictInput& checkpoint, const ResolvedTarget& target,
                          const VmVerdict& judgement) const;

  // Returns the first cause of what is refused on this vCPU: what one line about a host has room for. Nothing if no
  // rule knows one.
  absl::optional<Advice> FirstCause(const VerdictInput& checkpoint, const ResolvedTarget& target,
                                    const VmVerdict& judgement, size_t vcpu) const;

  // Returns what the rules say about a checkpoint itself: vCPUs whose lists use IDs by `scheme`.
  absl::StatusOr<std::vector<Advice>> ForCheckpoint(absl::Span<const CapturedVcpu> vcpus, IdScheme scheme,
                                                    const StopCheck& stop) const;

 private:
  ServerAdvice() = default;

  // For the vCPUs from `begin` to before `end`.
  std::vector<Advice> ForVcpus(const VerdictInput& checkpoint, const ResolvedTarget& target, const VmVerdict& judgement,
                               size_t begin, size_t end) const;

  std::map<std::pair<IdScheme, IdScheme>, AdviceSet> sets_;  // by source and target
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_VERDICT_SERVER_ADVICE_H_
