#include "client/qemu/restore.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/qemu/description_update.h"
#include "client/qemu/stream/migration_stream.h"
#include "client/qemu/stream/vcpu.h"
#include "core/capture.h"
#include "core/error.h"

namespace armstate {
namespace {

absl::Status CheckMachineType(absl::string_view machine_type, const MigrationStream& target) {
  if (machine_type.empty() || target.machine_type.empty() || machine_type == target.machine_type) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kFieldInvalid,
                   absl::StrCat("the checkpoint is of machine type ", machine_type, ", the target stream of ",
                                target.machine_type, "; QEMU refuses streams of another machine type"),
                   {{"field", "machine_type"}});
}

absl::Status CheckVcpuCount(size_t vcpus, const MigrationStream& target) {
  if (vcpus == target.vcpus.size()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kFailedPrecondition, ErrorReason::kVcpuCountDiffers,
                   absl::StrCat("the checkpoint has ", vcpus, " vCPUs, the target stream ", target.vcpus.size()),
                   {{"checkpoint_vcpus", absl::StrCat(vcpus)}, {"target_vcpus", absl::StrCat(target.vcpus.size())}});
}

absl::StatusOr<std::unique_ptr<QemuStreamVcpu>> TargetVcpu(absl::string_view stream, const VcpuSection& section,
                                                           const VcpuState& checkpoint) {
  const CpuSectionPlace place{stream.substr(section.header.payload, section.cpu.size), section.header.payload,
                              section.Name()};
  absl::StatusOr<std::unique_ptr<QemuStreamVcpu>> port = QemuStreamVcpu::CreateTarget(section.cpu, place, checkpoint);
  if (!port.ok()) return Annotate(port.status(), absl::StrCat("vCPU ", section.header.instance));
  return port;
}

}  // namespace

absl::StatusOr<QemuTarget> ReadQemuTarget(absl::Span<const VcpuState> vcpus, absl::string_view target) {
  absl::StatusOr<MigrationStream> outline = ParseMigrationStream(target);
  if (!outline.ok()) return outline.status();
  const absl::Status count = CheckVcpuCount(vcpus.size(), *outline);
  if (!count.ok()) return count;
  QemuTarget read;
  read.machine_type = std::move(outline->machine_type);
  const std::vector<std::string>& capabilities = outline->capabilities;
  read.has_ram = std::find(capabilities.begin(), capabilities.end(), "x-ignore-shared") == capabilities.end();
  for (size_t i = 0; i < vcpus.size(); ++i) {
    const absl::StatusOr<std::unique_ptr<QemuStreamVcpu>> port = TargetVcpu(target, outline->vcpus[i], vcpus[i]);
    if (!port.ok()) return port.status();
    read.registers.push_back(CaptureRegisters(**port).registers);
    if (read.origin != ListOrigin::kUnknown) continue;
    read.origin = (*port)->execution_state() == ExecutionState::kMProfile
                      ? ListOrigin::kTcg
                      : OriginOfList(read.registers.back().layout().raw_ids()).origin;
  }
  return read;
}

absl::StatusOr<QemuRestore> RestoreIntoQemuStream(absl::Span<const VcpuState> vcpus, absl::string_view machine_type,
                                                  absl::string_view target, absl::optional<QemuRelease> release) {
  const absl::StatusOr<MigrationStream> outline = ParseMigrationStream(target);
  if (!outline.ok()) return outline.status();
  absl::Status same = CheckVcpuCount(vcpus.size(), *outline);
  if (same.ok()) same = CheckMachineType(machine_type, *outline);
  if (!same.ok()) return same;
  QemuRestore restore;
  restore.notes = outline->notes;
  std::vector<CpuSection> sections;
  for (size_t i = 0; i < vcpus.size(); ++i) {
    const VcpuSection& section = outline->vcpus[i];
    ReleaseFit fit = release ? FitToRelease(vcpus[i], *release) : ReleaseFit{vcpus[i], {}, {}};
    const absl::StatusOr<std::unique_ptr<QemuStreamVcpu>> port = TargetVcpu(target, section, fit.vcpu);
    if (!port.ok()) return port.status();
    restore.reports.push_back(RestoreRegisters(fit.vcpu.registers, **port, OnRefusal::kPutBack));
    sections.push_back((*port)->image().section);
    restore.losses.insert(restore.losses.end(), fit.losses.begin(), fit.losses.end());
    restore.notes.insert(restore.notes.end(), fit.notes.begin(), fit.notes.end());
    restore.verdict = std::max(restore.verdict, restore.reports.back().verdict);
    if (restore.verdict == Verdict::kRefused) continue;  // the reports of the other vCPUs are still made
    absl::StatusOr<std::string> bytes = (*port)->EncodeSection();
    if (!bytes.ok()) return Annotate(bytes.status(), absl::StrCat("vCPU ", i));
    restore.patches.push_back({section.header.payload, section.cpu.size, *std::move(bytes)});
  }
  if (restore.verdict == Verdict::kRefused) {
    restore.patches.clear();
    return restore;
  }
  std::sort(restore.patches.begin(), restore.patches.end(),
            [](const StreamPatch& a, const StreamPatch& b) { return a.offset < b.offset; });
  UpdateDescription(target, *outline, sections, restore.patches, restore.notes);
  return restore;
}

std::string ApplyPatches(absl::string_view stream, absl::Span<const StreamPatch> patches) {
  std::string patched;
  patched.reserve(stream.size());
  size_t at = 0;
  for (const StreamPatch& patch : patches) {
    absl::StrAppend(&patched, stream.substr(at, patch.offset - at), patch.bytes);
    at = patch.offset + patch.size;
  }
  absl::StrAppend(&patched, stream.substr(at));
  return patched;
}

}  // namespace armstate
