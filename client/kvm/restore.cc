#include "client/kvm/restore.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "client/kvm/capture.h"
#include "core/error.h"

namespace armstate {
namespace {

// Returns the capability that stands for a feature of KVM_ARM_VCPU_INIT; nothing for features that all hosts have.
absl::optional<KvmCapability> CapabilityOf(VcpuFeature feature) {
  switch (feature) {
    case VcpuFeature::kEl1Is32Bit:
      return KvmCapability::kEl1Is32Bit;
    case VcpuFeature::kPmuV3:
      return KvmCapability::kPmuV3;
    case VcpuFeature::kSve:
      return KvmCapability::kSve;
    case VcpuFeature::kPtrauthAddress:
      return KvmCapability::kPtrauthAddress;
    case VcpuFeature::kPtrauthGeneric:
      return KvmCapability::kPtrauthGeneric;
    case VcpuFeature::kHasEl2:
    case VcpuFeature::kHasEl2E2h0:
      return KvmCapability::kEl2;
    default:
      return absl::nullopt;
  }
}

// Returns the bits of KVM_ARM_VCPU_INIT without a capability of the host, and those that armstate does not know.
uint32_t LackingBits(KvmVmCalls& vm, uint32_t bits) {
  uint32_t lacking = 0;
  for (int bit = 0; bit < 32; ++bit) {
    if ((bits >> bit & 1) == 0) continue;
    const absl::optional<KvmCapability> capability = CapabilityOf(static_cast<VcpuFeature>(bit));
    const bool known = bit <= static_cast<int>(VcpuFeature::kHasEl2E2h0);
    if (!known || (capability && vm.CheckCapability(*capability) <= 0)) lacking |= uint32_t{1} << bit;
  }
  return lacking;
}

const OpaqueField* FindOpaque(const VcpuState& state, absl::string_view name) {
  for (const OpaqueField& field : state.opaque_fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

void RestoreOpaqueFields(const VcpuState& state, KvmVcpuCalls& calls, std::vector<std::string>& problems) {
  const auto problem = [&](absl::string_view what) {
    problems.push_back(absl::StrCat("vCPU ", state.vcpu_index, ": ", what));
  };
  if (const OpaqueField* field = FindOpaque(state, kKvmEventsField)) {
    KvmVcpuEvents events;
    if (field->data.size() != sizeof(events)) {
      problem(absl::StrCat(kKvmEventsField, " has ", field->data.size(), " bytes, not ", sizeof(events)));
    } else {
      std::memcpy(&events, field->data.data(), sizeof(events));
      const KvmErrno error = calls.SetEvents(events);
      if (error != 0) problem(absl::StrCat("KVM_SET_VCPU_EVENTS: ", ErrnoName(error)));
    }
  }
  if (const OpaqueField* field = FindOpaque(state, kKvmMpStateField)) {
    if (field->data.size() != 4) {
      problem(absl::StrCat(kKvmMpStateField, " has ", field->data.size(), " bytes, not 4"));
    } else {
      const KvmErrno error = calls.SetMpState(static_cast<uint32_t>(LowWord(field->data)));
      if (error != 0) problem(absl::StrCat("KVM_SET_MP_STATE: ", ErrnoName(error)));
    }
  }
}

// Returns the positions of the IDs in the target's layout. IDs that the target lacks need no order.
std::vector<uint32_t> PositionsOf(absl::Span<const uint64_t> ids, const RegisterLayout& layout) {
  std::vector<uint32_t> positions;
  for (const uint64_t raw : ids) {
    const absl::StatusOr<RegisterId> id = RegisterId::Create(raw);
    if (!id.ok()) continue;
    if (const absl::optional<size_t> position = layout.Find(*id)) positions.push_back(static_cast<uint32_t>(*position));
  }
  return positions;
}

// KVM computes ISTATUS from the compare value and the counter whenever the register is read.
void TolerateTimerStatus(RestoreReport& report) {
  constexpr uint64_t kStatus = 1 << 2;
  for (RegisterFinding& finding : report.findings) {
    if (finding.id != RegisterId::System(3, 3, 14, 2, 1) && finding.id != RegisterId::System(3, 3, 14, 3, 1)) continue;
    const bool read_otherwise =
        finding.outcome == RegisterOutcome::kDiffers || finding.outcome == RegisterOutcome::kIgnored;
    if (!read_otherwise || (LowWord(finding.wanted) ^ LowWord(finding.got)) != kStatus) continue;
    finding.tolerance = "timer-status";
    finding.reason = "ISTATUS is computed from the compare value and the counter whenever it is read";
  }
  RecomputeVerdict(report);
}

}  // namespace

bool KvmRestoreResult::complete() const {
  return problems.empty() && missing.empty() &&
         std::none_of(reports.begin(), reports.end(),
                      [](const RestoreReport& report) { return report.verdict == Verdict::kRefused; });
}

void KvmRestorer::Prepare(const VcpuFeatures& wanted) {
  features_ = wanted;
  if (wanted.memory_tagging) {
    const KvmErrno error = vm_->EnableCapability(KvmCapability::kMemoryTagging);
    if (error != 0) missing_.push_back({"mte", "KVM_ENABLE_CAP", ErrnoName(error)});
    features_.memory_tagging = error == 0;
  }
  if (wanted.writable_implementation_id) {
    const KvmErrno error = vm_->EnableCapability(KvmCapability::kWritableImplementationId);
    if (error != 0) missing_.push_back({"writable_implementation_id", "KVM_ENABLE_CAP", ErrnoName(error)});
    features_.writable_implementation_id = error == 0;
  }
}

// Tries KVM_ARM_VCPU_INIT first: capabilities alone do not tell the errno with which the host refuses a feature.
KvmErrno KvmRestorer::InitVcpu(KvmVcpuCalls& vcpu, KvmVcpuInit& init) {
  const KvmErrno error = vcpu.Init(init);
  if (error == 0) return 0;
  const uint32_t lacking = LackingBits(*vm_, init.features[0]);
  if (lacking == 0) return error;
  for (int bit = 0; bit < 32; ++bit) {
    if ((lacking >> bit & 1) != 0) missing_.push_back({VcpuFeatureName(bit), "KVM_ARM_VCPU_INIT", ErrnoName(error)});
  }
  init.features[0] &= ~lacking;  // also for the vCPUs that follow: KVM requires the same features of all vCPUs of a VM
  return vcpu.Init(init);
}

absl::Status KvmRestorer::Init(absl::Span<KvmVcpuCalls* const> vcpus, absl::Span<const VcpuState> states) {
  if (states.size() != vcpus.size()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kVcpuCountDiffers,
                     absl::StrCat("the checkpoint has ", states.size(), " vCPUs, the VM ", vcpus.size()),
                     {{"checkpoint_vcpus", absl::StrCat(states.size())}, {"target_vcpus", absl::StrCat(vcpus.size())}});
  }
  KvmVcpuInit init;
  init.features[0] = features_.bits;
  if (const KvmErrno error = vm_->PreferredTarget(init.target); error != 0) {
    return KvmStatus("KVM_ARM_PREFERRED_TARGET", error);
  }
  for (size_t i = 0; i < vcpus.size(); ++i) {
    const KvmErrno error = InitVcpu(*vcpus[i], init);
    if (error != 0) return Annotate(KvmStatus("KVM_ARM_VCPU_INIT", error), absl::StrCat("vCPU ", i));
  }
  features_.bits = init.features[0];
  for (size_t i = 0; i < vcpus.size(); ++i) {
    KvmErrno vector_lengths = 0;
    if (features_.has(VcpuFeature::kSve)) {
      const auto wanted = states[i].registers.Find(RegisterId::Known<kKvmSveVectorLengths>());
      if (wanted) vector_lengths = vcpus[i]->SetRegister(kKvmSveVectorLengths, *wanted);
      const KvmErrno error = vcpus[i]->Finalize(static_cast<int>(VcpuFeature::kSve));
      if (error != 0) return Annotate(KvmStatus("KVM_ARM_VCPU_FINALIZE", error), absl::StrCat("vCPU ", i));
    }
    absl::StatusOr<KvmVcpu> vcpu =
        KvmVcpu::Create(*vcpus[i], vcpus_.empty() ? nullptr : vcpus_.back().layout(), vector_lengths);
    if (!vcpu.ok()) return Annotate(vcpu.status(), absl::StrCat("vCPU ", i));
    vcpus_.push_back(*std::move(vcpu));
  }
  return absl::OkStatus();
}

KvmRestoreResult KvmRestorer::Write(absl::Span<const VcpuState> states, absl::Span<const std::vector<uint64_t>> orders,
                                    CounterPairWrites pairs) {
  std::vector<RegisterRestore> restores;
  restores.reserve(states.size());
  for (size_t i = 0; i < states.size(); ++i) {
    restores.emplace_back(states[i].registers, vcpus_[i]);
    if (i < orders.size() && !orders[i].empty()) {
      restores[i].Write(PositionsOf(orders[i], *vcpus_[i].layout()), pairs);
    } else {
      restores[i].Write(vcpus_[i].restore_order(), pairs);
    }
  }
  KvmRestoreResult result;
  result.missing = missing_;
  for (size_t i = 0; i < states.size(); ++i) {
    result.reports.push_back(restores[i].Judge());
    TolerateTimerStatus(result.reports.back());
    RestoreOpaqueFields(states[i], vcpus_[i].calls(), result.problems);
  }
  return result;
}

}  // namespace armstate
