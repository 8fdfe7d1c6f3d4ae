#include "server/verdict/vm_restore.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/enum_name.h"
#include "server/verdict/machine_type.h"

namespace armstate {

namespace {

// The report plus one more vCPU still fits into a message.
constexpr size_t kMaxRestoreReportBytes = size_t{8} << 20;

}  // namespace

absl::StatusOr<EngineRestoreResult> RestoreEngineVm(const std::vector<VcpuState>& checkpoint,
                                                    std::vector<EngineVcpu>& vcpus, OnRefusal on_refusal,
                                                    const StopCheck& stop) {
  std::vector<const RegisterList*> lists;
  for (const VcpuState& state : checkpoint) lists.push_back(&state.registers);
  return RestoreEngineVm(lists, vcpus, on_refusal, stop);
}

absl::StatusOr<EngineRestoreResult> RestoreEngineVm(absl::Span<const RegisterList* const> lists,
                                                    std::vector<EngineVcpu>& vcpus, OnRefusal on_refusal,
                                                    const StopCheck& stop) {
  EngineRestoreResult restore;
  std::vector<EngineVcpu> tried = vcpus;
  absl::StatusOr<std::vector<RestoreReport>> reports =
      RestoreVcpus(lists, absl::MakeSpan(tried), {}, CounterPairWrites::kClearFirst, stop);
  if (!reports.ok()) return reports.status();
  restore.reports = *std::move(reports);
  for (const RestoreReport& report : restore.reports) restore.verdict = std::max(restore.verdict, report.verdict);
  if (restore.verdict == Verdict::kRefused && on_refusal == OnRefusal::kPutBack) {
    restore.rolled_back = true;
    for (RestoreReport& report : restore.reports) report.rolled_back = true;
  } else {
    vcpus = std::move(tried);
  }
  return restore;
}

std::vector<std::string> NotesForUntranslated(const v1::Checkpoint& checkpoint, const v1::CpuProfile& target) {
  std::vector<std::string> notes = NotesFor(checkpoint, target);
  const v1::Accelerator accelerator = checkpoint.source().accelerator();
  if (accelerator != v1::ACCELERATOR_ENGINE && accelerator != target.accelerator()) {
    notes.insert(notes.begin(),
                 absl::StrCat("captured with the accelerator ", EnumName(accelerator), ", and the profile is of ",
                              EnumName(target.accelerator()), ": some register IDs mean other registers there"));
  }
  return notes;
}

std::vector<std::string> NotesFor(const v1::Checkpoint& checkpoint, const v1::CpuProfile& target) {
  std::vector<std::string> notes;
  const std::string& machine_type = checkpoint.source().machine_type();
  if (std::string missing = MissingMachineType(machine_type, target); !missing.empty()) {
    notes.push_back(std::move(missing));
  } else if (!machine_type.empty() && !target.machine_type().empty() && machine_type != target.machine_type()) {
    notes.push_back(absl::StrCat("captured on machine type ", machine_type, ", and the ",
                                 target.name().empty() ? "target is of " : "profile was made on ",
                                 target.machine_type(), ": QEMU refuses a stream of another machine type, so ",
                                 IsOtherBoard(machine_type, target)
                                     ? "it takes the guest only with the guest's own CPU and -M "
                                     : "start the target with -M ",
                                 machine_type));
  }
  const std::string& cpu_model = checkpoint.source().cpu_model();
  if (target.accelerator() == v1::ACCELERATOR_TCG && !cpu_model.empty() && !target.cpu_model().empty() &&
      cpu_model != target.cpu_model()) {
    notes.push_back(
        absl::StrCat("the guest has -cpu ", cpu_model, ", and the profile is of -cpu ", target.cpu_model()));
  }
  for (const v1::CaptureGap& gap : checkpoint.gaps()) {
    notes.push_back(absl::StrCat("the capture is incomplete, vCPU ", gap.vcpu_index(), ": ", gap.reason()));
  }
  return notes;
}

v1::RestoreReport EngineRestoreToProto(const LoadedCheckpoint& checkpoint, const CpuProfile& target,
                                       const EngineRestoreResult& restore, const std::vector<std::string>& notes,
                                       ReportedRegisters which) {
  std::vector<VcpuReportInput> vcpus;
  for (size_t i = 0; i < restore.reports.size(); ++i) {
    const VcpuState& state = checkpoint.vcpus[i];
    vcpus.push_back({state.vcpu_index, state.registers, *target.layout(), restore.reports[i]});
  }
  v1::RestoreReport message = RestoreReportToProto(vcpus, target.scheme(), which);
  size_t bytes = 0;
  int given = 0;
  while (given < message.vcpus_size() && bytes <= kMaxRestoreReportBytes)
    bytes += message.vcpus(given++).ByteSizeLong();
  if (given < message.vcpus_size()) {
    message.mutable_vcpus()->DeleteSubrange(given, message.vcpus_size() - given);
    message.add_notes(absl::StrCat(
        "the report ends before vCPU ", given,
        ", because it would exceed the size of a message: ", "ValidateCheckpoint returns all of it, in pages"));
  }
  message.set_rolled_back(restore.rolled_back);
  for (const std::string& note : notes) message.add_notes(note);
  return message;
}

}  // namespace armstate
