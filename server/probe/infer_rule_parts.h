// This header converts experiments on bits and fields into the equivalent parts of a rule.
#ifndef ARMSTATE_SERVER_PROBE_INFER_RULE_PARTS_H_
#define ARMSTATE_SERVER_PROBE_INFER_RULE_PARTS_H_

#include <cstdint>
#include <string>

#include "armstate/v1/cpu_profile.pb.h"
#include "server/probe/recording.h"

namespace armstate {

// Return the refused bits, and the errno of the first of them (empty if there are none).
uint64_t Rejected(const ProbeRecording::Bits& bits);
std::string FirstError(const ProbeRecording::Bits& bits);

// For registers of at most 64 bits.
void SetWritable(v1::RegisterRule& rule, uint64_t mask);

// Adds a rule for each bit, except for those in `elsewhere`, which another part of the rule covers.
void AddBits(const ProbeRecording::Bits& bits, uint64_t elsewhere, v1::RegisterRule& rule);

// Infers the values of a field from flips of its single bits; values that differ in more than one bit stay
// undetermined.
v1::RegisterRule::FieldRule FieldFromFlips(const ProbeRecording::Bits& bits, uint64_t reset, uint32_t shift,
                                           uint32_t width);

// Adds the fields of an ID register, where the values that a field accepts do not depend on other fields.
void AddFields(const ProbeRecording::Fields& fields, v1::RegisterRule& rule);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_PROBE_INFER_RULE_PARTS_H_
