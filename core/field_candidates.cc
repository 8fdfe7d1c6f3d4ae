#include "core/field_candidates.h"

#include <algorithm>

namespace armstate {
namespace {

// Fields with a rule have at most 8 bits.
constexpr uint64_t kMaxCandidates = 256;

}  // namespace

std::vector<uint64_t> FieldCandidates(const FieldDefinition& field, absl::Span<const uint64_t> offered) {
  // In the field's own order: a signed field's values turned by half its range are in ascending order.
  const uint64_t values = field.width < 64 ? uint64_t{1} << field.width : 0;
  const uint64_t turn = field.is_signed ? values / 2 : 0;
  const uint64_t top = values - 1;
  std::vector<uint64_t> ordered;
  for (const uint64_t value : offered) ordered.push_back((value + turn) & top);
  std::sort(ordered.begin(), ordered.end());
  ordered.erase(std::unique(ordered.begin(), ordered.end()), ordered.end());

  std::vector<uint64_t> candidates;
  switch (field.rule) {
    case SafeRule::kLower:
      for (uint64_t v = ordered.front() + 1; v > 0 && candidates.size() < kMaxCandidates; --v) {
        candidates.push_back(v - 1);
      }
      break;
    case SafeRule::kHigherOrZero:
      if (ordered.front() == 0) {
        candidates.push_back(0);
        break;
      }
      [[fallthrough]];
    case SafeRule::kHigher:
      for (uint64_t v = ordered.back(); v <= top && candidates.size() < kMaxCandidates; ++v) candidates.push_back(v);
      if (field.rule == SafeRule::kHigherOrZero) candidates.push_back(0);
      break;
    case SafeRule::kExact:
      candidates.push_back((field.safe_value + turn) & top);
      [[fallthrough]];
    case SafeRule::kNone:
      for (const uint64_t v : ordered) {
        if (std::find(candidates.begin(), candidates.end(), v) == candidates.end()) candidates.push_back(v);
      }
      break;
  }
  for (uint64_t& candidate : candidates) candidate = (candidate + turn) & top;
  return candidates;
}

}  // namespace armstate
