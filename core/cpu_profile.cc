#include "core/cpu_profile.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "core/restore_order.h"

namespace armstate {
namespace {

absl::Status Malformed(RegisterId id, absl::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed,
                   absl::StrCat("register ", id.ToString(), ": ", what), {{"register_id", id.ToString()}});
}

bool AllZero(absl::string_view bytes) { return bytes.find_first_not_of('\0') == absl::string_view::npos; }

// The part of its owner that a view shows. Both are at most 64 bits wide.
std::string Shown(absl::string_view owner_value, uint32_t shift, size_t width) {
  const uint64_t word = LowWord(owner_value) >> shift;
  std::string shown(width, '\0');
  for (size_t i = 0; i < width; ++i) shown[i] = static_cast<char>(word >> 8 * i);
  return shown;
}

// PMCR_EL0 is the vCPU's, but for the number of counters (bits 15-11).
std::string VmWideBits(const RegisterRule& rule) {
  std::string bits(rule.id.width(), rule.vm_wide ? '\xff' : '\0');
  if (std::holds_alternative<CounterControlBehaviour>(rule.behaviour) && bits.size() > 1) bits[1] |= '\xf8';
  return bits;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const CpuProfile>> CpuProfile::Create(std::string name, IdScheme scheme,
                                                                     std::vector<RegisterRule> rules,
                                                                     ListLoad list_load) {
  std::vector<uint64_t> ids;
  std::string reset;
  std::shared_ptr<CpuProfile> profile(new CpuProfile);  // the constructor is private
  profile->name_ = std::move(name);
  profile->scheme_ = scheme;
  for (size_t i = 0; i < rules.size(); ++i) {
    const RegisterRule& rule = rules[i];
    if (i > 0 && !(rules[i - 1].id < rule.id)) return Malformed(rule.id, "is not above the register before it");
    if (rule.reset.size() != rule.id.width())
      return Malformed(rule.id, "its reset value is not as wide as its ID says");
    if (rule.writable.size() != rule.id.width())
      return Malformed(rule.id, "its writable mask is not as wide as its ID says");
    ids.push_back(rule.id.raw());
    reset += rule.reset;
    profile->writable_ += rule.writable;
    const bool constant = scheme == IdScheme::kTcg && AllZero(rule.writable);
    const bool taken = std::binary_search(list_load.taken_without.begin(), list_load.taken_without.end(), rule.id);
    const bool refuses = !taken && (!AllZero(rule.reset) || list_load.missing != ListLoad::Missing::kLoadedAsZero);
    const bool surely =
        !rule.always_undetermined && (!AllZero(rule.reset) || list_load.missing != ListLoad::Missing::kNotKnown);
    profile->required_.push_back(constant && refuses && surely);
    profile->may_be_required_.push_back(constant && refuses && !surely);
    if (rule.upper_half != 0 || rule.upper_writable != 0) {
      if (rule.id.width() != sizeof(uint32_t))
        return Malformed(rule.id, "only a register of 32 bits has an upper half");
      profile->upper_halves_.push_back({static_cast<uint32_t>(i), rule.upper_half, rule.upper_writable});
    }
    profile->vm_wide_ += VmWideBits(rule);
    profile->owners_.push_back(static_cast<uint32_t>(i));
    if (!rule.reset_growth.is_zero()) {
      if (rule.id.width() > 8 || rule.view)
        return Malformed(rule.id, "only storage of at most 64 bits has a reset value that grows");
      profile->reset_growth_.emplace_back(static_cast<uint32_t>(i), rule.reset_growth);
    }
  }
  absl::StatusOr<std::shared_ptr<const RegisterLayout>> layout = RegisterLayout::Create(ids);
  if (!layout.ok()) return layout.status();
  profile->shared_.resize(rules.size());
  for (size_t i = 0; i < rules.size(); ++i) {
    const RegisterRule& rule = rules[i];
    if (!rule.view) continue;
    const absl::optional<size_t> owner = (*layout)->Find(rule.view->owner);
    if (!owner)
      return Malformed(rule.id, absl::StrCat("shows ", rule.view->owner.ToString(), ", which the profile lacks"));
    const RegisterRule& owner_rule = rules[*owner];
    if (*owner <= i) return Malformed(rule.id, "shows a register that is not above it");
    if (owner_rule.view) return Malformed(rule.id, "shows a register that itself shows another one");
    // 64-bit views of 32-bit storage exist (PAR); bits above the owner read as 0.
    if (rule.id.width() > 8 || owner_rule.id.width() > 8) return Malformed(rule.id, "a view is at most 64 bits wide");
    if (rule.view->shift >= 8 * owner_rule.id.width())
      return Malformed(rule.id, "its view begins above the other register's top");
    if (Shown(owner_rule.reset, rule.view->shift, rule.id.width()) != rule.reset) {
      return Malformed(rule.id, absl::StrCat("its reset value is not what it shows of ", owner_rule.id.ToString()));
    }
    profile->owners_[i] = static_cast<uint32_t>(*owner);
    profile->shared_[i] = profile->shared_[*owner] = true;
    profile->views_.push_back({static_cast<uint32_t>(i), static_cast<uint32_t>(*owner), rule.view->shift});
  }
  std::stable_sort(profile->views_.begin(), profile->views_.end(),
                   [](const SharedView& a, const SharedView& b) { return a.owner < b.owner; });
  if (AllZero(profile->vm_wide_)) profile->vm_wide_.clear();
  absl::StatusOr<ComputedRegisters> computed = ComputedRegisters::Create(**layout, std::move(rules));
  if (!computed.ok()) return computed.status();
  profile->computed_ = *std::move(computed);
  if (profile->computed_.empty() && profile->vm_wide_.empty()) {
    profile->bulk_write_ = BulkWrite::Create(**layout, profile->views_);
  }
  profile->restore_order_ = RestoreOrder(**layout, scheme);
  if (scheme == IdScheme::kKvm && !profile->computed_.empty()) {
    for (const CounterPair& pair : CounterPairsOf(**layout)) {
      if (profile->owners_[pair.set] == profile->owners_[pair.clear]) profile->counter_pairs_.push_back(pair);
    }
  }
  profile->list_load_ = std::move(list_load);
  profile->reset_ = *RegisterList::Create(*std::move(layout), std::move(reset));
  return std::shared_ptr<const CpuProfile>(std::move(profile));
}

std::string CpuProfile::ResetValues(VcpuPosition position) const {
  std::string values(reset_.values());
  for (const auto& [index, growth] : reset_growth_) {
    const uint64_t word = LowWord(reset_.value(index)) + growth.At(position);
    for (size_t i = 0; i < layout()->width(index); ++i) {
      values[layout()->offset(index) + i] = static_cast<char>(word >> 8 * i);
    }
  }
  return values;
}

bool CpuProfile::is_vm_wide(size_t index) const {
  if (vm_wide_.empty()) return false;
  const absl::string_view bits = absl::string_view(vm_wide_).substr(layout()->offset(index), layout()->width(index));
  return bits.find_first_not_of('\xff') == absl::string_view::npos;
}

CpuProfile::UpperHalf CpuProfile::upper_half(size_t index) const {
  const auto found = std::lower_bound(upper_halves_.begin(), upper_halves_.end(), index,
                                      [](const UpperHalf& half, size_t i) { return half.index < i; });
  if (found != upper_halves_.end() && found->index == index) return *found;
  return {static_cast<uint32_t>(index), 0, 0};
}

}  // namespace armstate
