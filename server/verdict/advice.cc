#include "server/verdict/advice.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/catalog.h"
#include "core/changed_fields.h"
#include "core/number_ranges.h"
#include "core/register_kind.h"
#include "core/register_list.h"
#include "core/vcpu_feature.h"
#include "server/verdict/machine_type.h"

namespace armstate {
namespace {

// The features without which KVM does not list registers of these names. Source: Linux, api.rst and
// arch/arm64/kvm/sys_regs.c, visibility of registers.
constexpr struct {
  absl::string_view name_start;
  absl::string_view feature;
} kNeeded[] = {
    {"ZCR_EL1", "sve"},
    {"APGAKey", "ptrauth_generic"},
    {"APIAKey", "ptrauth_address"},
    {"APIBKey", "ptrauth_address"},
    {"APDAKey", "ptrauth_address"},
    {"APDBKey", "ptrauth_address"},
    {"RGSR_EL1", "mte"},
    {"GCR_EL1", "mte"},
    {"TFSR_EL1", "mte"},
    {"TFSRE0_EL1", "mte"},
    {"PMC", "pmu_v3"},
    {"PMEV", "pmu_v3"},
    {"PMINTEN", "pmu_v3"},
    {"PMOVS", "pmu_v3"},
    {"PMSELR", "pmu_v3"},
    {"PMSWINC", "pmu_v3"},
    {"PMUSERENR", "pmu_v3"},
};

// Empty if the register needs none.
absl::string_view FeatureOf(RegisterId id) {
  if (id.register_class() == RegisterClass::kSve) return "sve";
  const std::string name = RegisterName(id, IdScheme::kKvm);
  for (const auto& needed : kNeeded) {
    if (absl::StartsWith(name, needed.name_start)) return needed.feature;
  }
  return "";
}

bool Has(const v1::CpuProfile& target, absl::string_view feature) {
  if (feature == "mte") return target.memory_tagging();
  const absl::optional<int> bit = VcpuFeatureBit(feature);
  return bit && (target.vcpu_features() >> *bit & 1) != 0;
}

std::string OrUnknown(const std::string& text) { return text.empty() ? "of unknown version" : text; }

std::string ForUnknown(const RegisterFinding& finding, const v1::Source& source, const v1::CpuProfile& target) {
  if (target.accelerator() != v1::ACCELERATOR_KVM) return "";
  const absl::string_view feature = FeatureOf(finding.id);
  if (!feature.empty() && !Has(target, feature)) {
    return absl::StrCat("start the VM without vCPU feature ", feature, ", or restore it on a host that has it");
  }
  if (source.accelerator() != v1::ACCELERATOR_KVM) return "";
  return absl::StrCat("the kernel of the checkpoint's host (", OrUnknown(source.host_kernel()),
                      ") lists it and the target's does not: restore under a kernel that does, or tolerate it if its "
                      "value does not matter");
}

const FieldDefinition* FieldOf(RegisterId id, IdScheme scheme, absl::string_view name) {
  for (const FieldDefinition& field : RegisterFields(id, scheme)) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

// Returns true if a VM on a host that offers `offered` can also be started with `value` under the safe rules, i.e.
// those that keep a field or remove something from it.
bool CanStartWith(uint64_t value, uint64_t offered, const FieldDefinition* field) {
  if (field == nullptr) return false;
  const auto of_sign = [&](uint64_t v) {
    return field->is_signed && (v >> (field->width - 1) & 1) != 0 ? static_cast<int64_t>(v) - (1 << field->width)
                                                                  : static_cast<int64_t>(v);
  };
  switch (field->rule) {
    case SafeRule::kLower:
      return of_sign(value) <= of_sign(offered);
    case SafeRule::kHigher:
    case SafeRule::kHigherOrZero:
      return of_sign(value) >= of_sign(offered);
    default:
      return false;
  }
}

// Returns what to start the VM with so that the target accepts the register, as far as the checkpoint's host can offer
// it.
std::string ForIdRegister(const RegisterFinding& finding, IdScheme scheme) {
  std::string start, insists;
  for (const ChangedField& field : ChangedFields(finding, scheme)) {
    const absl::Span<const uint64_t> values = AcceptedValuesOf(finding, field);
    if (values.empty() || std::binary_search(values.begin(), values.end(), field.first)) continue;
    const FieldDefinition* definition = FieldOf(finding.id, scheme, field.name);
    absl::optional<uint64_t> best;
    for (const uint64_t value : values) {
      const bool possible = CanStartWith(value, field.first, definition);
      if (possible && (!best || CanStartWith(*best, value, definition))) best = value;
    }
    std::string& text = best ? start : insists;
    absl::StrAppend(&text, text.empty() ? "" : ", ", field.name, " = ",
                    best ? absl::StrCat(*best) : NumberRanges(values));
  }
  std::string advice;
  if (!start.empty()) advice = absl::StrCat("start the VM with ", start);
  if (!insists.empty()) {
    absl::StrAppend(&advice, advice.empty() ? "" : "; ", "the target requires ", insists,
                    ": only a VM that was started with that can move there");
  }
  if (!advice.empty()) absl::StrAppend(&advice, "; `armstate baseline` shows what all your hosts accept");
  return advice;
}

std::string ForVectorLengths(const RegisterFinding& finding, const CpuProfile& profile) {
  const absl::optional<absl::string_view> host = profile.reset().Find(kSveVectorLengths);
  if (!host) return "";
  const std::string& wanted = finding.wanted;
  // Find the longest set of lengths that the VM and the host share, counted from the shortest length up.
  int quadwords = 0;
  for (int n = 0; n < static_cast<int>(8 * std::min(host->size(), wanted.size())); ++n) {
    const bool of_host = (static_cast<uint8_t>((*host)[n / 8]) >> n % 8 & 1) != 0;
    const bool of_vm = (static_cast<uint8_t>(wanted[n / 8]) >> n % 8 & 1) != 0;
    if (of_host != of_vm) break;
    if (of_host) quadwords = n + 1;
  }
  return quadwords == 0 ? "" : absl::StrCat("start the VM with vectors of at most ", 128 * quadwords, " bits");
}

std::string ForKvmRefusal(const RegisterFinding& finding, const ResolvedTarget& target, const CpuProfile& profile) {
  const RegisterId id = finding.id;
  if (id == kSveVectorLengths) return ForVectorLengths(finding, profile);
  if (IsImplementationId(id) && !target.profile_header->writable_implementation_id()) {
    return "choose a host with the guest's CPU, or enable KVM_CAP_ARM_WRITABLE_IMP_ID_REGS if it has Linux 6.15 or "
           "later";
  }
  return IsIdRegister(id) ? ForIdRegister(finding, target.scheme()) : "";
}

}  // namespace

std::string AdviceFor(const RegisterFinding& finding, const v1::Source& source, const ResolvedTarget& target,
                      const CpuProfile& profile) {
  if (!finding.tolerance.empty()) return "";
  // A note says what can be done then: nothing that is about a register.
  if (!MissingMachineType(source.machine_type(), *target.profile_header).empty()) return "";
  const bool kvm = target.scheme() == IdScheme::kKvm;
  switch (finding.outcome) {
    case RegisterOutcome::kUnknown:
      return ForUnknown(finding, source, *target.profile_header);
    case RegisterOutcome::kWriteUndetermined:
      return target.profile_header->name().empty()
                 ? "name a host or a profile as the target: a checkpoint does not say what its host accepts"
             : kvm ? "try it on the host, or probe the host again: `armstate-kvm probe`"
                   : "try it with that QEMU, or make profiles of its release: `scripts/make-profiles --qemu`";
    case RegisterOutcome::kRequired:
      return "`armstate convert` gives a saved guest the registers of another release of QEMU";
    case RegisterOutcome::kWriteRefused:
    case RegisterOutcome::kIgnored:
    case RegisterOutcome::kDiffers:
      break;
    default:
      return "";
  }
  if (kvm) return ForKvmRefusal(finding, target, profile);
  // In QEMU's emulation a register that cannot be written is a constant of the CPU model.
  if (source.cpu_model().empty() || source.cpu_model() == target.profile_header->cpu_model()) return "";
  return absl::StrCat("start the target with -cpu ", source.cpu_model());
}

}  // namespace armstate
