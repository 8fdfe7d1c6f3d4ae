// `AdviceRule` is a rule by which a verdict says what its findings mean, and `Advice` what it says about one VM.
#ifndef ARMSTATE_CORE_ADVICE_H_
#define ARMSTATE_CORE_ADVICE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "core/catalog.h"
#include "core/restore.h"
#include "core/tolerance.h"

namespace armstate {

enum class AdviceKind { kCause, kConsequence, kCheckpoint };
enum class AdviceSeverity { kInfo, kWarning };

// The same, as data, is armstate.v1.AdviceRule, which describes the parts.
struct AdviceRule {
  enum class VcpuRelation { kNone, kDiffer, kEqual };

  std::string name;  // "ptrauth"
  AdviceKind kind = AdviceKind::kCause;
  AdviceSeverity severity = AdviceSeverity::kInfo;
  std::vector<std::string> registers;
  std::vector<Tolerance::IdPattern> id_patterns;
  std::vector<std::string> fields;
  std::vector<RegisterOutcome> outcomes;
  size_t min_findings = 1;
  std::vector<ToleranceCondition> conditions;
  // Nothing: any.
  absl::optional<IdScheme> source;
  absl::optional<IdScheme> target;
  VcpuRelation vcpus = VcpuRelation::kNone;
  std::string sentence;
  std::string action;
};

struct Advice {
  std::string name;
  AdviceKind kind;
  AdviceSeverity severity;
  std::string sentence;
  std::string action;
  std::vector<int> vcpus;
  std::vector<RegisterId> registers;  // ascending
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_ADVICE_H_
