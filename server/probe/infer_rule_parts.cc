#include "server/probe/infer_rule_parts.h"

namespace armstate {
namespace {

using Rule = v1::RegisterRule;

}  // namespace

uint64_t Rejected(const ProbeRecording::Bits& bits) {
  uint64_t mask = 0;
  for (const auto& rejected : bits.rejected) mask |= rejected.second;
  return mask;
}

std::string FirstError(const ProbeRecording::Bits& bits) {
  for (const auto& [error, mask] : bits.rejected) {
    if (mask != 0) return error;
  }
  return "";
}

void SetWritable(Rule& rule, uint64_t mask) {
  rule.clear_writable();
  if (mask != 0) rule.add_writable(mask);
}

void AddBits(const ProbeRecording::Bits& bits, uint64_t elsewhere, Rule& rule) {
  SetWritable(rule, bits.sticks | elsewhere);
  for (const auto& [error, mask] : bits.rejected) {
    if ((mask & ~elsewhere) == 0) continue;
    Rule::RefusedBits* refused = rule.add_refused();
    refused->set_mask(mask & ~elsewhere);
    refused->set_error(error);
  }
  rule.set_undetermined(bits.other & ~elsewhere);
}

Rule::FieldRule FieldFromFlips(const ProbeRecording::Bits& bits, uint64_t reset, uint32_t shift, uint32_t width) {
  Rule::FieldRule field;
  field.set_shift(shift);
  field.set_width(width);
  const uint32_t own = static_cast<uint32_t>(reset >> shift) & ((uint32_t{1} << width) - 1);
  uint32_t accepted = uint32_t{1} << own;
  uint32_t refused = 0;
  for (uint32_t bit = 0; bit < width; ++bit) {
    const uint32_t value = uint32_t{1} << (own ^ uint32_t{1} << bit);
    if ((bits.sticks >> (shift + bit) & 1) != 0) accepted |= value;
    if ((Rejected(bits) >> (shift + bit) & 1) != 0) refused |= value;
    if ((bits.ignored >> (shift + bit) & 1) != 0) {
      Rule::FieldRule::ReadBack* read_back = field.add_read_back();
      read_back->set_wrote(own ^ uint32_t{1} << bit);
      read_back->set_reads(own);
    }
  }
  field.set_accepted(accepted);
  field.set_refused(refused);
  return field;
}

void AddFields(const ProbeRecording::Fields& fields, Rule& rule) {
  SetWritable(rule, ~uint64_t{0});
  rule.set_error(fields.error);
  for (uint32_t f = 0; f < fields.accepted.size(); ++f) {
    Rule::FieldRule* field = rule.add_fields();
    field->set_shift(4 * f);
    field->set_width(4);
    uint32_t known = fields.accepted[f];
    for (const ProbeRecording::Fields::Changed& changed : fields.changed) {
      if (changed.field != f) continue;
      Rule::FieldRule::ReadBack* read_back = field->add_read_back();
      read_back->set_wrote(changed.wrote);
      read_back->set_reads(changed.reads);
      known |= uint32_t{1} << changed.wrote;
    }
    field->set_accepted(fields.accepted[f]);
    field->set_refused(~(known | fields.unclear[f]) & 0xffff);
  }
}

}  // namespace armstate
