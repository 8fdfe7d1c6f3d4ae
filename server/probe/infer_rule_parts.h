// Experiments on bits and fields -> the parts of a rule that say the same.
#ifndef ARMSTATE_SERVER_PROBE_INFER_RULE_PARTS_H_
#define ARMSTATE_SERVER_PROBE_INFER_RULE_PARTS_H_

#include <cstdint>
#include <string>

#include "armstate/v1/cpu_profile.pb.h"
#include "server/probe/recording.h"

namespace armstate {

// The bits that were refused, and the errno of the first of them (empty if there is none).
uint64_t Rejected(const HostProbe::Bits& bits);
std::string FirstError(const HostProbe::Bits& bits);

// For registers of at most 64 bits.
void SetWritable(v1::RegisterRule& rule, uint64_t mask);

// Every bit on its own, but for those of `elsewhere`, which another part of the rule decides over.
void AddBits(const HostProbe::Bits& bits, uint64_t elsewhere, v1::RegisterRule& rule);

// What the flips of single bits tell of the values of a field: of all values that differ in more than one bit, nothing.
v1::RegisterRule::FieldRule FieldFromFlips(const HostProbe::Bits& bits, uint64_t reset, uint32_t shift, uint32_t width);

// ID registers: what a field accepts does not depend on the others.
void AddFields(const HostProbe::Fields& fields, v1::RegisterRule& rule);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_INFER_RULE_PARTS_H_
