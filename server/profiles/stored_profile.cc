#include "server/profiles/stored_profile.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/error.h"

namespace armstate {
namespace {

absl::Status Malformed(uint64_t id, absl::string_view what) {
  const std::string text = absl::StrFormat("0x%016x", id);
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed,
                   absl::StrCat("register ", text, ": ", what), {{"register_id", text}});
}

}  // namespace

absl::StatusOr<v1::CpuProfile> ExpandProfile(v1::StoredCpuProfile stored, v1::CpuProfile base) {
  v1::CpuProfile profile = std::move(*stored.mutable_profile());
  google::protobuf::RepeatedPtrField<v1::RegisterRule> own;
  own.Swap(profile.mutable_registers());
  auto changed = own.begin();
  auto left_out = stored.left_out().begin();
  profile.mutable_registers()->Reserve(base.registers_size() + own.size());
  // Both the differences and the base ascend, so one pass suffices. CpuProfile::Create checks the order of the result.
  for (v1::RegisterRule& rule : *base.mutable_registers()) {
    for (; changed != own.end() && changed->id() < rule.id(); ++changed) profile.add_registers()->Swap(&*changed);
    const bool is_left_out = left_out != stored.left_out().end() && *left_out == rule.id();
    if (is_left_out) ++left_out;
    if (changed != own.end() && changed->id() == rule.id()) {
      if (is_left_out) return Malformed(rule.id(), "is left out but also has a rule");
      profile.add_registers()->Swap(&*changed++);
    } else if (!is_left_out) {
      profile.add_registers()->Swap(&rule);
    }
  }
  for (; changed != own.end(); ++changed) profile.add_registers()->Swap(&*changed);
  if (left_out != stored.left_out().end()) {
    return Malformed(*left_out, "is left out, but the base has no such register after the ones before it");
  }
  return profile;
}

}  // namespace armstate
