// `CpuProfile` describes what one kind of target accepts: the rules from which the engine builds a vCPU.
#ifndef ARMSTATE_CORE_CPU_PROFILE_H_
#define ARMSTATE_CORE_CPU_PROFILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "core/bulk_write.h"
#include "core/catalog.h"
#include "core/computed_registers.h"
#include "core/counter_pairs.h"
#include "core/list_load.h"
#include "core/register_list.h"
#include "core/register_rule.h"
#include "core/shared_view.h"

namespace armstate {

// An immutable, checked set of rules, laid out in flat arrays beside the register layout. Thread-safe.
class CpuProfile {
 public:
  // `rules` ascending by ID. INVALID_ARGUMENT, reason CPU_PROFILE_MALFORMED with metadata "register_id", if they are
  // not, if a value is not as wide as its register, if a view's owner is missing, lower, itself a view or too narrow,
  // if the reset values of a view and its owner differ, or if ComputedRegisters::Create refuses.
  static absl::StatusOr<std::shared_ptr<const CpuProfile>> Create(std::string name, IdScheme scheme,
                                                                  std::vector<RegisterRule> rules,
                                                                  ListLoad list_load = {});

  // "qemu-7.2.virt.cortex-a57".
  const std::string& name() const { return name_; }
  IdScheme scheme() const { return scheme_; }
  const std::shared_ptr<const RegisterLayout>& layout() const { return reset_.shared_layout(); }
  // Every register after reset, of vCPU 0 of a VM with no other; and the value area of any vCPU.
  const RegisterList& reset() const { return reset_; }
  std::string ResetValues(VcpuPosition position) const;
  // The bits that a write may change: a value area of the layout.
  absl::string_view writable() const { return writable_; }
  // By owner.
  absl::Span<const SharedView> views() const { return views_; }
  // For each register the owner of what it shows; itself if it has storage of its own.
  absl::Span<const uint32_t> owners() const { return owners_; }
  // True where `owners` is more than one register's.
  bool is_shared(size_t index) const { return shared_[index]; }
  absl::Span<const uint32_t> restore_order() const { return restore_order_; }
  // Pairs that are known to share their storage: KVM's.
  absl::Span<const CounterPair> counter_pairs() const { return counter_pairs_; }
  // Write rules and behaviours: KVM's.
  const ComputedRegisters& computed() const { return computed_; }
  // Null where writes must be judged one by one: a register is computed, shared by all vCPUs, or narrower than 32 bits.
  const BulkWrite* bulk_write() const { return bulk_write_ ? &*bulk_write_ : nullptr; }
  // The bits that all vCPUs of a VM share: a value area of the layout, or empty if there are none.
  absl::string_view vm_wide() const { return vm_wide_; }
  // All bits of the register are.
  bool is_vm_wide(size_t index) const;
  // A constant that QEMU's emulation refuses when it is missing (ListLoad::Missing). KVM requires no register.
  bool is_required(size_t index) const { return required_[index]; }
  // The same, for a target that is not known to be of that kind.
  bool may_be_required(size_t index) const { return may_be_required_[index]; }
  const ListLoad& list_load() const { return list_load_; }

  // Bits 63-32 of what QEMU's stream holds of a register of 32 bits.
  struct UpperHalf {
    uint32_t index;  // in the layout
    uint32_t reset;
    uint32_t writable;
  };
  // By index. All registers of 32 bits that are not named here have 0 there, and no other value is taken.
  absl::Span<const UpperHalf> upper_halves() const { return upper_halves_; }
  // Zeros if it is not among them.
  UpperHalf upper_half(size_t index) const;

 private:
  CpuProfile() = default;

  std::string name_;
  IdScheme scheme_ = IdScheme::kKvm;
  RegisterList reset_;
  std::vector<std::pair<uint32_t, ResetGrowth>> reset_growth_;  // by position in the layout
  std::string writable_;
  std::string vm_wide_;
  ComputedRegisters computed_;
  absl::optional<BulkWrite> bulk_write_;
  std::vector<SharedView> views_;
  std::vector<uint32_t> owners_;
  std::vector<bool> shared_;
  std::vector<bool> required_;
  std::vector<bool> may_be_required_;
  std::vector<UpperHalf> upper_halves_;
  ListLoad list_load_;
  std::vector<uint32_t> restore_order_;
  std::vector<CounterPair> counter_pairs_;
};

}  // namespace armstate

#endif  // ARMSTATE_CORE_CPU_PROFILE_H_
