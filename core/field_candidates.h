// `FieldCandidates` lists the values of an ID register's field that suit several hosts, in the order of its safe rule.
#ifndef ARMSTATE_CORE_FIELD_CANDIDATES_H_
#define ARMSTATE_CORE_FIELD_CANDIDATES_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/catalog.h"

namespace armstate {

// `offered`: the field's value on each host, at least one, not all the same. The first candidate is the combined value
// of docs/register-lists.md, "Field rules for ID registers". No candidate promises more than every host has:
//   kLower         the smallest, then smaller ones
//   kHigher        the largest, then larger ones
//   kHigherOrZero  0 if a host has 0, else as kHigher and at last 0
//   kExact         the safe value, then those of the hosts
//   kNone          those of the hosts
std::vector<uint64_t> FieldCandidates(const FieldDefinition& field, absl::Span<const uint64_t> offered);

}  // namespace armstate

#endif  // ARMSTATE_CORE_FIELD_CANDIDATES_H_
