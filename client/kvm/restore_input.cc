#include "client/kvm/restore_input.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/counter_pairs.h"
#include "core/error.h"
#include "core/translate.h"
#include "proto/accelerator.h"
#include "proto/vcpu_state_conversion.h"

namespace armstate {
namespace {

absl::Status InvalidField(const std::string& field, absl::string_view what) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid, absl::StrCat(field, ": ", what),
                   {{"field", field}});
}

absl::Status CheckIndex(const std::string& field, int index, int wanted) {
  if (index == wanted) return absl::OkStatus();
  return InvalidField(absl::StrCat(field, ".vcpu_index"),
                      absl::StrCat(index, " stands where vCPU ", wanted, " is expected"));
}

// The register's value after all writes. A register that clears bits reads as the bits that its pair has set.
const std::string& ReadBackOf(const v1::VcpuRestorePlan& plan, const v1::PlannedWrite& write) {
  for (const CounterPairIds& pair : kCounterPairs) {
    if (write.register_id() != pair.clear.raw()) continue;
    for (const v1::PlannedWrite& set : plan.writes()) {
      if (set.register_id() == pair.set.raw() && set.value().size() == write.value().size()) return set.value();
    }
  }
  return write.value();
}

absl::StatusOr<VcpuState> PlannedState(const v1::VcpuRestorePlan& plan, std::vector<uint64_t>& order,
                                       const std::string& field) {
  RegisterListBuilder builder;
  for (int i = 0; i < plan.writes_size(); ++i) {
    const v1::PlannedWrite& write = plan.writes(i);
    const std::string place = absl::StrCat(field, ".writes[", i, "]");
    const absl::StatusOr<RegisterId> id = RegisterId::Create(write.register_id());
    if (!id.ok()) return AnnotateField(id.status(), place);
    if (write.is_redacted()) {
      return InvalidField(absl::StrCat(place, ".value"),
                          absl::StrCat(id->ToString(), " is secret, and redacted: get the plan with its secrets"));
    }
    if (write.value().size() != id->width()) {
      return InvalidField(absl::StrCat(place, ".value"), absl::StrCat(write.value().size(), " bytes for ",
                                                                      id->ToString(), ", which has ", id->width()));
    }
    builder.AddBytes(*id, ReadBackOf(plan, write));
    order.push_back(id->raw());
  }
  absl::StatusOr<RegisterList> registers = std::move(builder).Build();
  if (!registers.ok()) return AnnotateField(registers.status(), absl::StrCat(field, ".writes"));
  // Lower phases come first, whatever their order in the message.
  std::vector<size_t> positions(order.size());
  std::iota(positions.begin(), positions.end(), 0);
  std::stable_sort(positions.begin(), positions.end(), [&](size_t a, size_t b) {
    return plan.writes(static_cast<int>(a)).phase() < plan.writes(static_cast<int>(b)).phase();
  });
  std::vector<uint64_t> by_phase;
  for (const size_t position : positions) by_phase.push_back(order[position]);
  order = std::move(by_phase);
  VcpuState state;
  state.vcpu_index = plan.vcpu_index();
  state.registers = *std::move(registers);
  return state;
}

// ENGINE: machines with a KVM profile.
absl::StatusOr<IdScheme> SchemeOfSource(const v1::Checkpoint& checkpoint) {
  const v1::Accelerator accelerator = checkpoint.source().accelerator();
  const absl::optional<IdScheme> scheme =
      accelerator == v1::ACCELERATOR_ENGINE ? IdScheme::kKvm : SchemeOf(accelerator);
  if (!scheme) return InvalidField("source.accelerator", "is not set, or only a later release knows it");
  return *scheme;
}

}  // namespace

absl::StatusOr<KvmRestoreInput> CheckpointStates(const v1::Checkpoint& checkpoint) {
  if (checkpoint.vcpus().empty()) return InvalidField("vcpus", "is empty");
  const absl::StatusOr<IdScheme> scheme = SchemeOfSource(checkpoint);
  if (!scheme.ok()) return scheme.status();
  if (*scheme == IdScheme::kTcg) {
    return InvalidField("source.accelerator",
                        "the register IDs of QEMU's emulation do not all mean the same on KVM; give the server's plan");
  }
  KvmRestoreInput input;
  for (int i = 0; i < checkpoint.vcpus_size(); ++i) {
    absl::StatusOr<VcpuState> state = VcpuStateFromProto(v1::VcpuState(checkpoint.vcpus(i)));
    if (!state.ok()) return state.status();
    absl::Status status = CheckIndex(absl::StrCat("vcpus[", i, "]"), state->vcpu_index, i);
    if (!status.ok()) return status;
    input.states.push_back(*std::move(state));
  }
  return input;
}

absl::StatusOr<KvmRestoreInput> PlannedStates(const v1::PlanRestoreResponse& plan, const v1::Checkpoint& checkpoint) {
  if (plan.vcpus_size() != checkpoint.vcpus_size()) {
    return InvalidField(
        "vcpus", absl::StrCat("a plan for ", plan.vcpus_size(), " vCPUs, a checkpoint of ", checkpoint.vcpus_size()));
  }
  const absl::StatusOr<IdScheme> source = SchemeOfSource(checkpoint);
  if (!source.ok()) return source.status();
  KvmRestoreInput planned;
  for (int i = 0; i < plan.vcpus_size(); ++i) {
    const std::string field = absl::StrCat("vcpus[", i, "]");
    if (absl::Status status = CheckIndex(field, plan.vcpus(i).vcpu_index(), i); !status.ok()) return status;
    planned.orders.emplace_back();
    absl::StatusOr<VcpuState> state = PlannedState(plan.vcpus(i), planned.orders.back(), field);
    if (!state.ok()) return state.status();
    std::vector<OpaqueField> fields;
    for (const v1::OpaqueField& opaque : checkpoint.vcpus(i).opaque_fields()) {
      fields.push_back({opaque.name(), opaque.data()});
    }
    state->opaque_fields = TranslateOpaqueFields(fields, *source, IdScheme::kKvm);
    planned.states.push_back(*std::move(state));
    planned.tolerated.emplace_back();
  }
  for (const v1::VcpuRestoreReport& vcpu : plan.report().vcpus()) {
    if (vcpu.vcpu_index() < 0 || vcpu.vcpu_index() >= plan.vcpus_size()) continue;
    for (const v1::RegisterReport& predicted : vcpu.registers()) {
      if (predicted.tolerance().empty()) continue;
      planned.tolerated[static_cast<size_t>(vcpu.vcpu_index())][predicted.register_id()] = {
          predicted.got(), predicted.tolerance(), predicted.reason()};
    }
  }
  if (planned.states.empty()) return InvalidField("vcpus", "is empty");
  return planned;
}

void ApplyPlanTolerances(const KvmRestoreInput& input, KvmRestoreResult& result) {
  for (size_t i = 0; i < input.tolerated.size() && i < result.reports.size(); ++i) {
    for (RegisterFinding& finding : result.reports[i].findings) {
      const auto planned = input.tolerated[i].find(finding.id.raw());
      if (planned == input.tolerated[i].end() || planned->second.got != finding.got) continue;
      finding.tolerance = planned->second.tolerance;
      finding.reason = planned->second.reason;
    }
    RecomputeVerdict(result.reports[i]);
  }
}

}  // namespace armstate
