#include "core/restore_order.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "core/counter_pairs.h"
#include "core/register_kind.h"

namespace armstate {
namespace {

constexpr RestorePhaseInfo kTcgPhases[] = {
    {"all registers",
     "QEMU writes its list in ascending order of IDs; of the IDs that share storage the last one written wins"},
};

enum KvmPhase : uint32_t { kSveVectorLengths, kIdRegisters, kFirmware, kPmuClear, kCore, kVector, kSystem, kCounters };

// In the order of KvmPhase.
constexpr RestorePhaseInfo kKvmPhases[] = {
    {"SVE vector lengths",
     "KVM_REG_ARM64_SVE_VLS can only be written before KVM_ARM_VCPU_FINALIZE, the Z, P and FFR registers only after"},
    {"ID registers",
     "they are the VM's, and what KVM makes of other registers depends on them; after the first run they cannot "
     "change"},
    {"firmware registers", "they are the VM's, and after the first run they cannot change"},
    {"PMU clear registers",
     "written with all ones: on Linux 6.12 PMxSET only adds bits to those that a fresh vCPU has, so all are cleared "
     "before"},
    {"core registers", "no other register depends on them"},
    {"FP/SIMD and SVE registers", "their width is fixed by the vector lengths"},
    {"system registers", "by ID; no order among them is known to matter"},
    {"counters", "they go on counting, so they are set as late as possible"},
};

KvmPhase KvmPhaseOf(RegisterId id) {
  switch (id.raw()) {
    case 0x6060'0000'0015'ffff:
      return kSveVectorLengths;
    case 0x6030'0000'0013'df1a:  // TIMER_CNT
    case 0x6030'0000'0013'df02:  // TIMER_CVAL
    case 0x6030'0000'0013'df01:  // PTIMER_CNT
      return kCounters;
    default:
      break;
  }
  for (const CounterPairIds& pair : kCounterPairs) {
    if (id == pair.clear) return kPmuClear;
  }
  if (IsIdRegister(id)) return kIdRegisters;
  switch (id.register_class()) {
    case RegisterClass::kFirmware:
    case RegisterClass::kFirmwareFeatureBitmap:
      return kFirmware;
    case RegisterClass::kSve:
    case RegisterClass::kVfp:
      return kVector;
    case RegisterClass::kCore:
      return id.width() == 16 ? kVector : kCore;  // V0-V31 are core registers of 128 bits
    default:
      return kSystem;
  }
}

}  // namespace

absl::Span<const RestorePhaseInfo> RestorePhases(IdScheme scheme) {
  static_assert(std::size(kKvmPhases) == kCounters + 1, "one row for each phase");
  return scheme == IdScheme::kTcg ? absl::MakeConstSpan(kTcgPhases) : absl::MakeConstSpan(kKvmPhases);
}

uint32_t RestorePhaseOf(RegisterId id, IdScheme scheme) { return scheme == IdScheme::kTcg ? 0 : KvmPhaseOf(id); }

std::vector<uint32_t> RestoreOrder(const RegisterLayout& layout, IdScheme scheme) {
  std::vector<uint32_t> order(layout.size());
  std::iota(order.begin(), order.end(), 0);
  if (scheme == IdScheme::kTcg) return order;
  std::vector<uint32_t> phases(layout.size());
  for (size_t i = 0; i < layout.size(); ++i) phases[i] = KvmPhaseOf(layout.id(i));
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return phases[a] < phases[b]; });
  return order;
}

bool IsVmWideOnKvm(RegisterId id) {
  const KvmPhase phase = KvmPhaseOf(id);
  return phase == kIdRegisters || phase == kFirmware;
}

}  // namespace armstate
