#include "client/qemu/conversion.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/qemu/description_update.h"
#include "client/qemu/stream/cpu_section.h"
#include "client/qemu/stream/format.h"
#include "client/qemu/stream/migration_stream.h"
#include "client/qemu/stream/opaque_fields.h"
#include "client/qemu/stream/reader.h"
#include "client/qemu/stream/vcpu.h"
#include "core/error.h"
#include "core/qemu_list.h"
#include "core/register_kind.h"

namespace armstate {
namespace {

constexpr RegisterId kFpsid = RegisterId::Known<0x4020000000121000>();
constexpr RegisterId kV0 = RegisterId::Known<0x6040000000100054>();
constexpr RegisterId kZ0 = RegisterId::Known<0x6080000000150000>();

constexpr QemuRelease kFirstWithSwitchover = {10, 0};

absl::Status RegisterError(RegisterId id, absl::string_view message) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid,
                   absl::StrCat("register ", id.ToString(), ": ", message), {{"register_id", id.ToString()}});
}

size_t SizeOf(absl::Span<const CpuFieldInfo> fields) {
  size_t size = 0;
  for (const CpuFieldInfo& field : fields) size += size_t{field.width} * field.count;
  return size;
}

// Makes a section without subsections that lists those of `registers` that QEMU lists. All values and fields are 0.
std::string EmptySection(uint32_t version, const RegisterLayout& registers) {
  std::string ids;
  for (size_t i = 0; i < registers.size(); ++i) {
    if (!IsInQemuList(registers.id(i))) continue;
    ids.append(8, '\0');
    StoreBigEndian(registers.id(i).raw(), 8, &ids[ids.size() - 8]);
  }
  std::string count(4, '\0');
  StoreBigEndian(ids.size() / 8, 4, &count[0]);
  return absl::StrCat(std::string(SizeOf(CpuHeadFields(version)), '\0'), count, ids,
                      std::string(ids.size() + SizeOf(CpuTailFields(version)), '\0'));
}

// Adds or removes cpu/sve as the registers require; see the header.
void FitSve(VcpuState& vcpu) {
  std::vector<OpaqueField>& fields = vcpu.opaque_fields;
  const CpuSubsectionInfo* const sve = FindCpuSubsection("cpu/sve");
  const auto is_sve = [&](const OpaqueField& field) { return field.name == sve->name; };
  const auto found = std::find_if(fields.begin(), fields.end(), is_sve);
  if (found != fields.end() && vcpu.registers.Find(kV0)) {
    fields.erase(found);
  } else if (found == fields.end() && vcpu.registers.Find(kZ0)) {
    // Its place is before the first subsection that QEMU writes after it.
    const auto behind = std::find_if(fields.begin(), fields.end(), [&](const OpaqueField& field) {
      const CpuSubsectionInfo* info = FindCpuSubsection(field.name);
      return info != nullptr && info > sve;
    });
    std::string version(4, '\0');
    StoreBigEndian(sve->version, 4, &version[0]);
    fields.insert(behind, {std::string(sve->name), version});
  }
}

// Adds cpu/vfp as the first subsection if the source CPU had no floating point and the target has.
void FitVfp(VcpuState& vcpu) {
  std::vector<OpaqueField>& fields = vcpu.opaque_fields;
  const CpuSubsectionInfo* const vfp = FindCpuSubsection("cpu/vfp");
  const auto is_subsection = [](const OpaqueField& field) { return absl::StartsWith(field.name, "cpu/"); };
  const auto is_vfp = [&](const OpaqueField& field) { return field.name == vfp->name; };
  if (!vcpu.registers.Find(kFpsid) || std::any_of(fields.begin(), fields.end(), is_vfp)) return;
  std::string version(4, '\0');
  StoreBigEndian(vfp->version, 4, &version[0]);
  fields.insert(std::find_if(fields.begin(), fields.end(), is_subsection), {std::string(vfp->name), version});
}

struct BuiltSection {
  std::string bytes;
  CpuSection cpu;
};

absl::StatusOr<BuiltSection> BuildSection(const VcpuSection& source, const VcpuState& vcpu) {
  if (!IsOfQemu(vcpu.opaque_fields)) {
    return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid,
                     "the opaque fields are not those of a cpu section", {{"field", "cpu"}});
  }
  const std::string empty = EmptySection(source.cpu.version, vcpu.registers.layout());
  const absl::StatusOr<CpuSection> section =
      ParseCpuSection(empty, 0, source.cpu.version, {SectionEnd::kExact, 0, empty.size()}, source.Name());
  if (!section.ok()) return section.status();
  const absl::StatusOr<std::unique_ptr<QemuStreamVcpu>> port =
      QemuStreamVcpu::CreateTarget(*section, {empty, 0, source.Name()}, vcpu);
  if (!port.ok()) return port.status();
  const RegisterLayout& layout = *(*port)->layout();
  for (size_t i = 0; i < layout.size(); ++i) {
    if (!vcpu.registers.Find(layout.id(i))) return RegisterError(layout.id(i), "the vCPU's registers do not have it");
  }
  for (size_t i = 0; i < vcpu.registers.size(); ++i) {
    const RegisterId id = vcpu.registers.id(i);
    if (id == kSveVectorLengths) continue;  // set by the command line, not by the stream
    const absl::optional<size_t> index = layout.Find(id);
    if (!index) return RegisterError(id, "the cpu section has no place for it in the state that the vCPU is in");
    const absl::Status written = (*port)->Write(*index, vcpu.registers.value(i));
    if (!written.ok()) return RegisterError(id, written.message());
  }
  absl::StatusOr<std::string> bytes = (*port)->EncodeSection();
  if (!bytes.ok()) return bytes.status();
  return BuiltSection{*std::move(bytes), (*port)->image().section};
}

}  // namespace

absl::StatusOr<QemuConversion> ConvertQemuStream(absl::string_view stream, absl::Span<const VcpuState> vcpus,
                                                 absl::optional<QemuRelease> target) {
  absl::StatusOr<MigrationStream> outline = ParseMigrationStream(stream);
  if (!outline.ok()) return outline.status();
  if (vcpus.size() != outline->vcpus.size()) {
    return MakeError(
        absl::StatusCode::kFailedPrecondition, ErrorReason::kVcpuCountDiffers,
        absl::StrCat("there are registers of ", vcpus.size(), " vCPUs, the stream has ", outline->vcpus.size()),
        {{"checkpoint_vcpus", absl::StrCat(vcpus.size())}, {"target_vcpus", absl::StrCat(outline->vcpus.size())}});
  }
  QemuConversion conversion;
  conversion.notes = std::move(outline->notes);
  std::vector<CpuSection> sections;
  for (size_t i = 0; i < vcpus.size(); ++i) {
    ReleaseFit fit{vcpus[i], {}, {}};
    if (target) fit = FitToRelease(std::move(fit.vcpu), *target);
    FitVfp(fit.vcpu);
    FitSve(fit.vcpu);
    absl::StatusOr<BuiltSection> built = BuildSection(outline->vcpus[i], fit.vcpu);
    if (!built.ok()) return Annotate(built.status(), absl::StrCat("vCPU ", i));
    const VcpuSection& source = outline->vcpus[i];
    conversion.patches.push_back({source.header.payload, source.cpu.size, std::move(built->bytes)});
    sections.push_back(std::move(built->cpu));
    conversion.losses.insert(conversion.losses.end(), fit.losses.begin(), fit.losses.end());
    conversion.notes.insert(conversion.notes.end(), fit.notes.begin(), fit.notes.end());
  }
  if (target && *target < kFirstWithSwitchover && outline->switchover) {
    conversion.patches.push_back({*outline->switchover, kSwitchoverSize, ""});
    conversion.notes.push_back("the command SWITCHOVER_START, which QEMU before 10.0 refuses, is left out");
  }
  std::sort(conversion.patches.begin(), conversion.patches.end(),
            [](const StreamPatch& a, const StreamPatch& b) { return a.offset < b.offset; });
  UpdateDescription(stream, *outline, sections, conversion.patches, conversion.notes);
  return conversion;
}

}  // namespace armstate
