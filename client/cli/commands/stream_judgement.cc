#include "client/cli/commands/stream_judgement.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/output/report_text.h"
#include "client/kvm/restore_input.h"
#include "client/qemu/restore.h"
#include "client/qemu/stream/opaque_fields.h"
#include "client/restore_client.h"
#include "client/state_conversion.h"
#include "core/counter_pairs.h"
#include "core/error.h"
#include "core/translate.h"
#include "proto/accelerator.h"
#include "proto/register_list_conversion.h"

namespace armstate {
namespace {

// Converts the opaque part of a checkpoint to fields of a QEMU stream for the target's accelerator.
std::vector<OpaqueField> FieldsForStream(std::vector<OpaqueField> fields, IdScheme source, IdScheme target) {
  if (!IsOfQemu(fields)) return TranslateOpaqueFields(fields, source, IdScheme::kTcg);
  if (source == target) return fields;
  // All other fields are specific to the accelerator.
  fields.erase(
      std::remove_if(fields.begin(), fields.end(), [](const OpaqueField& f) { return f.name != "power_state"; }),
      fields.end());
  return fields;
}

v1::RestoreTarget TargetOf(const QemuTarget& stream, v1::Accelerator accelerator, const std::string& profile) {
  v1::RestoreTarget target;
  if (!profile.empty()) {
    target.set_cpu_profile(CpuProfileNameOf(profile));
    return target;
  }
  v1::VcpuLists& lists = *target.mutable_lists();
  lists.set_accelerator(accelerator);
  lists.set_machine_type(stream.machine_type);
  for (const RegisterList& list : stream.registers) RegisterListToProto(list, *lists.add_vcpus());
  return target;
}

// Makes a request of ValidateCheckpoint or PlanRestore, whose fields are the same.
template <typename Request>
absl::StatusOr<Request> RequestFor(const v1::Checkpoint& checkpoint, v1::RestoreTarget target,
                                   const ToleranceOptions& tolerances) {
  Request request;
  request.set_checkpoint(checkpoint.name());
  request.set_include_secrets(true);
  *request.mutable_target() = std::move(target);
  request.set_ignore_server_tolerances(tolerances.strict);
  const absl::Status read = ReadTolerances(tolerances, *request.mutable_tolerances());
  if (!read.ok()) return read;
  return request;
}

// Adds what the user must take care of, since a stream contains more than the CPU state.
void AddRamNote(const QemuTarget& stream, v1::RestoreReport& report) {
  report.add_notes(
      stream.has_ram
          ? "armstate keeps no RAM: the guest finds that of the target's stream, and its devices, which must be of the "
            "checkpoint's moment"
          : "the guest's RAM is in the files that QEMU shares, of the checkpoint's moment as it must be; to load, "
            "start QEMU with -incoming defer, switch the capability x-ignore-shared on, then migrate-incoming");
}

// Adds what QEMU's load does to the PMU's set/clear pairs, both of which have the same value in a KVM list. A list that
// was made for a host where it matters clears the other bits.
void AddCounterNote(StreamJudgement& judgement) {
  for (const VcpuState& vcpu : judgement.vcpus) {
    for (const CounterPairIds& pair : kCounterPairs) {
      const absl::optional<absl::string_view> value = vcpu.registers.Find(pair.set);
      if (!value || LowWord(*value) == 0) continue;
      const absl::optional<absl::string_view> cleared = vcpu.registers.Find(pair.clear);
      if (cleared && LowWord(*cleared) == ~LowWord(*value)) continue;
      judgement.report.add_notes(
          "QEMU writes PMxSET and then PMxCLR: on kernels where the second clears what the first has set (Linux "
          "6.12), the guest's counters and their interrupts are off after QEMU's load");
      return;
    }
  }
}

}  // namespace

absl::StatusOr<StreamJudgement> JudgeForStream(const v1::Checkpoint& checkpoint, IdScheme source,
                                               absl::string_view target, absl::string_view target_name,
                                               const std::string& profile, const ToleranceOptions& tolerances,
                                               const std::vector<std::string>& accept, CommandContext& context) {
  absl::StatusOr<std::vector<VcpuState>> vcpus = StatesOf(checkpoint.vcpus());
  if (!vcpus.ok()) return vcpus.status();
  // The stream alone decides the naming scheme; the checkpoint's fields only have to be compatible with it.
  std::vector<VcpuState> fitted = *vcpus;
  for (VcpuState& vcpu : fitted) vcpu.opaque_fields = FieldsForStream(vcpu.opaque_fields, source, source);
  const absl::StatusOr<QemuTarget> stream = ReadQemuTarget(fitted, target);
  if (!stream.ok()) return Annotate(stream.status(), target_name);
  const v1::Accelerator accelerator =
      stream->origin == ListOrigin::kUnknown ? v1::ACCELERATOR_TCG : AcceleratorOf(stream->origin);
  const IdScheme scheme = SchemeOf(accelerator).value();  // every accelerator of a stream has a scheme

  const v1::RestoreTarget restore_target = TargetOf(*stream, accelerator, profile);
  StreamJudgement judgement;
  const RestoreClient client(context.connection);
  if (scheme == source) {
    auto request = RequestFor<v1::ConvertCheckpointRequest>(checkpoint, restore_target, tolerances);
    if (!request.ok()) return request.status();
    request->mutable_accept()->Assign(accept.begin(), accept.end());
    request->set_same_cpu_model(true);
    absl::StatusOr<v1::ConvertCheckpointResponse> answer = client.ConvertCheckpoint(*request);
    if (!answer.ok()) return answer.status();
    judgement.report = std::move(*answer->mutable_report());
    judgement.release = ReleaseOf(answer->target());
    if (IsAccepted(judgement.report)) {
      absl::StatusOr<std::vector<VcpuState>> converted = ConvertedVcpus(*answer, fitted);
      if (!converted.ok()) return converted.status();
      judgement.vcpus = *std::move(converted);
    }
  } else {
    const auto request = RequestFor<v1::PlanRestoreRequest>(checkpoint, restore_target, tolerances);
    if (!request.ok()) return request.status();
    const absl::StatusOr<v1::PlanRestoreResponse> plan = client.PlanRestore(*request);
    if (!plan.ok()) return plan.status();
    judgement.report = plan->report();
    absl::StatusOr<KvmRestoreInput> planned = PlannedStates(*plan, checkpoint);
    if (!planned.ok()) return Annotate(planned.status(), "the server's plan");
    judgement.vcpus = std::move(planned->states);
    for (size_t i = 0; i < judgement.vcpus.size() && i < vcpus->size(); ++i) {
      judgement.vcpus[i].opaque_fields = FieldsForStream((*vcpus)[i].opaque_fields, source, scheme);
    }
  }
  AddRamNote(*stream, judgement.report);
  if (scheme == IdScheme::kKvm) AddCounterNote(judgement);
  return judgement;
}

}  // namespace armstate
