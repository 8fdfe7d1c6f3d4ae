#include "core/write_rule.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "core/port_errors.h"

namespace armstate {
namespace {

uint32_t FieldOf(const WriteRule::Field& field, uint64_t word) {
  return static_cast<uint32_t>(word >> field.shift) & ((uint32_t{1} << field.width) - 1);
}

}  // namespace

absl::StatusOr<uint64_t> WriteRule::Accept(uint64_t wanted, uint64_t reset) const {
  for (const Value& tried : values) {
    if (tried.value != wanted) continue;
    if (!tried.error.empty()) return RefusedError(tried.error);
    return tried.reads;
  }
  const uint64_t different = wanted ^ reset;
  // A refusal is certain even where something else is not known.
  for (const RefusedBits& bits : refused) {
    if ((different & bits.mask) != 0) return RefusedError(bits.error);
  }
  for (const uint64_t mask : refused_if_zero) {
    if ((wanted & mask) == 0) return RefusedError(error);
  }
  uint64_t unknown = different & undetermined;
  uint64_t stored = wanted;
  for (const Field& field : fields) {
    const uint32_t value = FieldOf(field, wanted);
    if (value == FieldOf(field, reset) || (field.accepted >> value & 1) != 0) continue;
    if ((field.refused >> value & 1) != 0) return RefusedError(error);
    const auto read_back = std::find_if(field.read_back.begin(), field.read_back.end(),
                                        [&](const ReadBack& r) { return r.wrote == value; });
    if (read_back == field.read_back.end()) {
      unknown |= uint64_t{value ^ FieldOf(field, reset)} << field.shift;
    } else {
      stored ^= uint64_t{value ^ read_back->reads} << field.shift;
    }
  }
  if (unknown != 0 || (!values.empty() && different != 0)) {
    return UndeterminedError(absl::StrFormat("the host was never seen to be given this value (bits 0x%x of it)",
                                             unknown != 0 ? unknown : different));
  }
  return stored;
}

}  // namespace armstate
