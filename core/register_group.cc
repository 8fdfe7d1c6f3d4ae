#include "core/register_group.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "core/register_kind.h"

namespace armstate {
namespace {

struct NamePrefix {
  absl::string_view prefix;
  RegisterGroup group;
};

// The first that fits decides. Names are the Arm ARM's, which begin alike for what belongs together; those of AArch32
// are the same without the level.
constexpr NamePrefix kPrefixes[] = {
    {"CNT", RegisterGroup::kTimer},
    {"TIMER_", RegisterGroup::kTimer},
    {"PM", RegisterGroup::kPerformanceMonitor},
    {"ICC_", RegisterGroup::kInterruptController},
    {"ICH_", RegisterGroup::kInterruptController},
    {"ICV_", RegisterGroup::kInterruptController},
    {"ESR_", RegisterGroup::kException},
    {"FAR_", RegisterGroup::kException},
    {"ELR_", RegisterGroup::kException},
    {"SPSR", RegisterGroup::kException},
    {"AFSR", RegisterGroup::kException},
    {"ADFSR", RegisterGroup::kException},
    {"AIFSR", RegisterGroup::kException},
    {"HPFAR", RegisterGroup::kException},
    {"DFSR", RegisterGroup::kException},
    {"IFSR", RegisterGroup::kException},
    {"DFAR", RegisterGroup::kException},
    {"IFAR", RegisterGroup::kException},
    {"PAR", RegisterGroup::kException},
    {"VSESR", RegisterGroup::kException},
    {"VDISR", RegisterGroup::kException},
    {"DISR", RegisterGroup::kException},
    {"TFSR", RegisterGroup::kException},
    {"ISR", RegisterGroup::kException},
    {"SCTLR", RegisterGroup::kControl},
    {"HSCTLR", RegisterGroup::kControl},
    {"ACTLR", RegisterGroup::kControl},
    {"HACTLR", RegisterGroup::kControl},
    {"CPACR", RegisterGroup::kControl},
    {"NSACR", RegisterGroup::kControl},
    {"TTBR", RegisterGroup::kControl},
    {"HTTBR", RegisterGroup::kControl},
    {"VTTBR", RegisterGroup::kControl},
    {"VSTTBR", RegisterGroup::kControl},
    {"TTBCR", RegisterGroup::kControl},
    {"TCR", RegisterGroup::kControl},
    {"HTCR", RegisterGroup::kControl},
    {"VTCR", RegisterGroup::kControl},
    {"VSTCR", RegisterGroup::kControl},
    {"MAIR", RegisterGroup::kControl},
    {"HMAIR", RegisterGroup::kControl},
    {"AMAIR", RegisterGroup::kControl},
    {"PRRR", RegisterGroup::kControl},
    {"NMRR", RegisterGroup::kControl},
    {"DACR", RegisterGroup::kControl},
    {"PIR", RegisterGroup::kControl},
    {"POR", RegisterGroup::kControl},
    {"VBAR", RegisterGroup::kControl},
    {"HVBAR", RegisterGroup::kControl},
    {"MVBAR", RegisterGroup::kControl},
    {"RVBAR", RegisterGroup::kControl},
    {"RMR", RegisterGroup::kControl},
    {"HCR", RegisterGroup::kControl},
    {"HSTR", RegisterGroup::kControl},
    {"HCPTR", RegisterGroup::kControl},
    {"HFG", RegisterGroup::kControl},
    {"HDFG", RegisterGroup::kControl},
    {"HAFG", RegisterGroup::kControl},
    {"CPTR", RegisterGroup::kControl},
    {"SCR", RegisterGroup::kControl},
    {"SDER", RegisterGroup::kControl},
    {"ZCR", RegisterGroup::kControl},
    {"SMCR", RegisterGroup::kControl},
    {"SMPRI", RegisterGroup::kControl},
    {"SVCR", RegisterGroup::kControl},
    {"GCR", RegisterGroup::kControl},
    {"MDCR", RegisterGroup::kDebug},
    {"HDCR", RegisterGroup::kDebug},
    {"FP", RegisterGroup::kVector},
};

constexpr unsigned kWordOfPstate = 66;  // of KVM's struct kvm_regs; SP_EL1, ELR_EL1 and SPSR follow

RegisterGroup OfCore(RegisterId id) {
  if (id.architecture() == RegisterArchitecture::kArm) return RegisterGroup::kGeneral;
  if (id.width() == 16) return RegisterGroup::kVector;
  return (id.raw() & 0xffff) <= kWordOfPstate + 2 ? RegisterGroup::kGeneral : RegisterGroup::kException;
}

}  // namespace

RegisterGroup GroupOf(RegisterId id, IdScheme scheme) {
  if (IsIdRegister(id) || IsFirmwareRegister(id)) return RegisterGroup::kIdentification;
  if (id.register_class() == RegisterClass::kSve || id.register_class() == RegisterClass::kVfp) {
    return id == kSveVectorLengths ? RegisterGroup::kIdentification : RegisterGroup::kVector;
  }
  const std::string name = RegisterName(id, scheme);
  for (const NamePrefix& known : kPrefixes) {
    if (absl::StartsWith(name, known.prefix)) return known.group;
  }
  if (id.register_class() == RegisterClass::kCore) return OfCore(id);
  // AArch64 debug registers have op0 = 2, those of AArch32 are coprocessor 14's.
  if (id.is_system() && (id.raw() >> 14 & 3) == 2) return RegisterGroup::kDebug;
  if (id.is_coprocessor() && id.register_class() == RegisterClass::kCp14) return RegisterGroup::kDebug;
  return RegisterGroup::kOtherSystem;
}

}  // namespace armstate
