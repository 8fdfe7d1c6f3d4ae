#include "client/state_conversion.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/qemu/conversion.h"
#include "core/conversion.h"
#include "core/error.h"
#include "proto/vcpu_state_conversion.h"

namespace armstate {
namespace {

constexpr absl::string_view kUpperHalf = "cpreg_vmstate_values[";

}  // namespace

absl::StatusOr<std::vector<VcpuState>> StatesOf(const google::protobuf::RepeatedPtrField<v1::VcpuState>& messages) {
  std::vector<VcpuState> states;
  for (const v1::VcpuState& message : messages) {
    absl::StatusOr<VcpuState> state =
        VcpuStateFromProto(v1::VcpuState(message), states.empty() ? nullptr : states.back().registers.shared_layout());
    if (!state.ok()) return state.status();
    states.push_back(*std::move(state));
  }
  return states;
}

bool IsAccepted(const v1::RestoreReport& report) {
  return report.verdict() == v1::VERDICT_ACCEPTED || report.verdict() == v1::VERDICT_ACCEPTED_WITH_CHANGES;
}

void AddNotes(const std::vector<std::string>& notes, v1::RestoreReport& report) {
  for (const std::string& note : notes) {
    if (std::find(report.notes().begin(), report.notes().end(), note) == report.notes().end()) report.add_notes(note);
  }
}

absl::optional<QemuRelease> ReleaseOf(const v1::CpuProfile& target) {
  if (target.hypervisor() != "QEMU") return absl::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(target.hypervisor_version(), '.');
  QemuRelease release;
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[0], &release.major) || !absl::SimpleAtoi(parts[1], &release.minor)) {
    return absl::nullopt;
  }
  return release;
}

absl::StatusOr<std::vector<VcpuState>> ConvertedVcpus(const v1::ConvertCheckpointResponse& answer,
                                                      absl::Span<const VcpuState> guest) {
  absl::StatusOr<std::vector<VcpuState>> converted = StatesOf(answer.vcpus());
  if (!converted.ok()) return Annotate(converted.status(), "the server's answer");
  if (converted->size() != guest.size()) {
    return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kVcpuCountDiffers,
                     absl::StrCat("the server converted ", converted->size(), " vCPUs of ", guest.size()));
  }
  // A profile has the upper halves of all its registers; register lists do not.
  const bool knows_all = answer.target().accelerator() == v1::ACCELERATOR_TCG && !answer.target().name().empty();
  for (size_t i = 0; i < guest.size(); ++i) {
    std::vector<OpaqueField> fields = guest[i].opaque_fields;
    if (knows_all) {
      fields.erase(std::remove_if(fields.begin(), fields.end(),
                                  [](const OpaqueField& f) { return absl::StartsWith(f.name, kUpperHalf); }),
                   fields.end());
    }
    for (OpaqueField& field : (*converted)[i].opaque_fields) fields.push_back(std::move(field));
    (*converted)[i].opaque_fields = std::move(fields);
  }
  return converted;
}

void ReportLosses(const std::vector<SubsectionLoss>& losses, absl::Span<const std::string> accepted_names,
                  v1::RestoreReport& report) {
  const bool accepted = std::find(accepted_names.begin(), accepted_names.end(), kStateLost) != accepted_names.end();
  for (const SubsectionLoss& loss : losses) {
    report.add_notes(absl::StrCat(accepted ? "lost, and accepted: " : "refused: ", "vCPU ", loss.vcpu_index, ": ",
                                  loss.subsection, ", which the target's QEMU does not read: ", loss.text,
                                  accepted ? "" : absl::StrCat("; to convert nevertheless: --accept ", kStateLost)));
    const v1::Verdict verdict = accepted ? v1::VERDICT_ACCEPTED_WITH_CHANGES : v1::VERDICT_REFUSED;
    if (report.verdict() == v1::VERDICT_ACCEPTED || verdict == v1::VERDICT_REFUSED) report.set_verdict(verdict);
  }
}

absl::StatusOr<ConvertedState> ConvertState(v1::Checkpoint state, absl::string_view stream,
                                            v1::ConvertCheckpointRequest request, const RestoreClient& client) {
  const absl::StatusOr<std::vector<VcpuState>> guest = StatesOf(state.vcpus());
  if (!guest.ok()) return guest.status();
  *request.mutable_state() = std::move(state);
  request.set_include_secrets(true);  // the target's lists need them
  absl::StatusOr<v1::ConvertCheckpointResponse> answer = client.ConvertCheckpoint(request);
  if (!answer.ok()) return answer.status();
  ConvertedState converted{*std::move(answer), {}};
  if (!converted.accepted()) return converted;
  const absl::StatusOr<std::vector<VcpuState>> vcpus = ConvertedVcpus(converted.answer, *guest);
  if (!vcpus.ok()) return vcpus.status();
  absl::StatusOr<QemuConversion> rewritten = ConvertQemuStream(stream, *vcpus, ReleaseOf(converted.answer.target()));
  if (!rewritten.ok()) return rewritten.status();
  v1::RestoreReport& report = *converted.answer.mutable_report();
  AddNotes(rewritten->notes, report);
  const std::vector<std::string> accepted(request.accept().begin(), request.accept().end());
  ReportLosses(rewritten->losses, accepted, report);
  if (converted.accepted()) converted.patches = std::move(rewritten->patches);
  return converted;
}

}  // namespace armstate
