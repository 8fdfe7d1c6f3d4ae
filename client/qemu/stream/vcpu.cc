#include "client/qemu/stream/vcpu.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/qemu/stream/reader.h"
#include "core/error.h"

namespace armstate {
namespace {

constexpr RegisterId kPstate = RegisterId::Known<0x6030000000100042>();
constexpr RegisterId kCpsr = RegisterId::Known<0x4020000000100010>();

absl::StatusOr<RegisterList> LoadRegisters(absl::string_view payload, const std::vector<RegisterBinding>& bindings) {
  std::vector<uint64_t> ids;
  std::string values;
  for (const RegisterBinding& binding : bindings) {
    ids.push_back(binding.id.raw());
    values += LoadRegister(payload, binding);
  }
  return RegisterList::Create(ids, std::move(values));
}

// Writes the processor state of `registers` to the image's field `cpsr`, which decides what the other fields mean.
void StoreMode(const RegisterList& registers, CpuSectionImage& image) {
  absl::optional<absl::string_view> mode = registers.Find(kPstate);
  if (!mode) mode = registers.Find(kCpsr);
  if (mode) StoreBigEndian(LowWord(*mode), 4, &image.payload[image.section.FindField("cpsr")->offset]);
}

// QEMU 10.2 and later use cpu/pstate64 as the mode, so the target's own must not survive the restore of a checkpoint in
// AArch32 state. There the subsection has the form of an SPSR_ELx: DIT is bit 24, not 21 as in the CPSR (Arm ARM,
// SPSR_EL1), and bit 21 is PSTATE.SS, which is 0 outside a debugger's single steps.
void StorePstate64(const RegisterList& registers, CpuSectionImage& image) {
  const CpuSubsection* pstate64 = image.section.FindSubsection("cpu/pstate64");
  const absl::optional<absl::string_view> cpsr = registers.Find(kCpsr);
  if (pstate64 == nullptr || !cpsr) return;
  constexpr uint64_t kCpsrDit = uint64_t{1} << 21, kSpsrDit = uint64_t{1} << 24;
  const uint64_t value = LowWord(*cpsr);
  StoreBigEndian((value & ~kCpsrDit) | ((value & kCpsrDit) != 0 ? kSpsrDit : 0), 8, &image.payload[pstate64->body]);
}

}  // namespace

QemuStreamVcpu::QemuStreamVcpu(CpuSectionImage image, ExecutionState state, std::vector<RegisterBinding> bindings,
                               RegisterList registers)
    : image_(std::move(image)),
      state_(state),
      bindings_(std::move(bindings)),
      registers_(std::move(registers)),
      values_(registers_.values()),
      order_(registers_.size()) {
  std::iota(order_.begin(), order_.end(), 0u);
}

absl::StatusOr<std::unique_ptr<QemuStreamVcpu>> QemuStreamVcpu::Create(const CpuSection& section,
                                                                       const CpuSectionPlace& place) {
  const absl::StatusOr<ExecutionState> state =
      GetExecutionState(section, place.payload, place.stream_offset, place.name);
  if (!state.ok()) return state.status();
  absl::StatusOr<std::vector<RegisterBinding>> bindings =
      BindRegisters(section, place.payload, *state, place.stream_offset, place.name);
  if (!bindings.ok()) return bindings.status();
  absl::StatusOr<RegisterList> registers = LoadRegisters(place.payload, *bindings);
  if (!registers.ok()) return registers.status();
  return std::unique_ptr<QemuStreamVcpu>(
      new QemuStreamVcpu({std::string(place.payload), section}, *state, *std::move(bindings), *std::move(registers)));
}

absl::StatusOr<std::unique_ptr<QemuStreamVcpu>> QemuStreamVcpu::CreateTarget(const CpuSection& section,
                                                                             const CpuSectionPlace& place,
                                                                             const VcpuState& checkpoint) {
  absl::StatusOr<std::unique_ptr<QemuStreamVcpu>> own = Create(section, place);
  if (!own.ok()) {
    // A VM that has not run may have no valid mode. The checkpoint's mode serves as well, since it is written anyway.
    CpuSectionImage in_mode{std::string(place.payload), section};
    StoreMode(checkpoint.registers, in_mode);
    absl::StatusOr<std::unique_ptr<QemuStreamVcpu>> again =
        Create(section, {in_mode.payload, place.stream_offset, place.name});
    if (!again.ok()) return own.status();
    own = std::move(again);
  }
  absl::StatusOr<CpuSectionImage> image = ApplyOpaqueFields(section, place.payload, checkpoint.opaque_fields);
  if (!image.ok()) return image.status();
  StoreMode((*own)->registers_, *image);
  StoreMode(checkpoint.registers, *image);
  // Otherwise the checkpoint's cpu/pstate64, if it has one, is there already.
  if (!IsOfQemu(checkpoint.opaque_fields)) StorePstate64(checkpoint.registers, *image);
  if (!GetExecutionState(image->section, image->payload, place.stream_offset, place.name).ok()) {
    // This CPU cannot be in the checkpoint's mode. In its own mode, the restore names every register that it lacks.
    StoreMode((*own)->registers_, *image);
  }
  absl::StatusOr<std::unique_ptr<QemuStreamVcpu>> target =
      Create(image->section, {image->payload, place.stream_offset, place.name});
  if (!target.ok()) return target.status();
  // The mode is now the checkpoint's; all other values start as the target's.
  for (size_t i = 0; i < (*target)->layout()->size(); ++i) {
    const RegisterId id = (*target)->layout()->id(i);
    const absl::optional<absl::string_view> value = (*own)->registers_.Find(id);
    const size_t offset = (*target)->layout()->offset(i);
    std::fill_n((*target)->values_.begin() + offset, id.width(), '\0');
    if (value) std::copy(value->begin(), value->end(), (*target)->values_.begin() + offset);
  }
  return target;
}

absl::Status QemuStreamVcpu::Read(size_t index, absl::Span<char> value) {
  std::copy_n(values_.begin() + layout()->offset(index), layout()->width(index), value.begin());
  return absl::OkStatus();
}

absl::Status QemuStreamVcpu::Write(size_t index, absl::string_view value) {
  const absl::Status fits = CheckFits(bindings_[index], value);
  if (fits.ok()) std::copy(value.begin(), value.end(), values_.begin() + layout()->offset(index));
  return fits;
}

absl::StatusOr<std::string> QemuStreamVcpu::EncodeSection() const {
  const absl::StatusOr<RegisterList> registers = RegisterList::Create(layout(), values_);
  if (!registers.ok()) return registers.status();
  CpuSectionImage image = image_;
  StoreMode(*registers, image);
  const absl::StatusOr<ExecutionState> state = GetExecutionState(image.section, image.payload, 0, "cpu");
  if (!state.ok() || *state != state_) {
    return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid,
                     "the processor state (PSTATE, CPSR) names a mode that this CPU cannot be in with these registers",
                     {{"field", "cpsr"}});
  }
  const absl::StatusOr<std::vector<RegisterBinding>> bindings =
      BindRegisters(image.section, image.payload, *state, 0, "cpu");
  if (!bindings.ok()) return bindings.status();
  for (size_t i = 0; i < bindings->size(); ++i) StoreRegister((*bindings)[i], registers->value(i), image.payload);
  return std::move(image.payload);
}

}  // namespace armstate
