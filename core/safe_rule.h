// `LostFeatures` lists the features that a guest loses when an identification register shows another value than before.
#ifndef ARMSTATE_CORE_SAFE_RULE_H_
#define ARMSTATE_CORE_SAFE_RULE_H_

#include <cstdint>
#include <vector>

#include "core/catalog.h"
#include "core/changed_fields.h"
#include "core/register_id.h"

namespace armstate {

// True if a guest that was shown `shown` in this field finds on a machine that has `now` all that it was promised: by
// the field's rule (docs/register-lists.md, "Field rules for ID registers"), signed fields by their sign. A field
// without a rule promises nothing, so only an equal value is said to keep the promise.
bool KeepsPromise(const FieldDefinition& field, uint64_t shown, uint64_t now);

// The fields in which a register that showed `shown` promised more than `now` does. Bits of an identification register
// that have no field yet are features of the future: one that is gone counts, one that is new does not. Which
// implementation it is (MIDR, REVIDR, AIDR) is no promise, nor is a cache's geometry; the size of the block that DC ZVA
// clears, and the affinity that the guest knows its vCPUs by, must stay as they are.
std::vector<ChangedField> LostFeatures(RegisterId id, IdScheme scheme, uint64_t shown, uint64_t now);

}  // namespace armstate

#endif  // ARMSTATE_CORE_SAFE_RULE_H_
