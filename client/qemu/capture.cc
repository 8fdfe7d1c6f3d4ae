#include "client/qemu/capture.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/qemu/stream/migration_stream.h"
#include "client/qemu/stream/opaque_fields.h"
#include "client/qemu/stream/vcpu.h"
#include "client/qemu/vector_length.h"
#include "core/capture.h"

namespace armstate {
namespace {

// QEMU's stream has only doublewords 0 to 15 of a Z register.
constexpr unsigned kStreamVectorBits = 1024;

void AddVectorGaps(const VcpuState& vcpu, std::vector<CaptureGap>& gaps) {
  const unsigned bits = MaxVectorBits(vcpu.registers);
  if (bits <= kStreamVectorBits) return;
  for (uint64_t n = 0; n < 32; ++n) {
    const RegisterId id = *RegisterId::Create(0x6080000000150000 | n << 5);
    if (!vcpu.registers.Find(id)) continue;
    gaps.push_back({vcpu.vcpu_index, id,
                    absl::StrCat("the vector length may be ", bits, " bits, and QEMU's stream has only the low ",
                                 kStreamVectorBits, " bits of Z", n)});
  }
}

// QEMU writes 0 (on) or 1 (off), and treats every other number as off.
void AddPowerNote(const VcpuState& vcpu, std::vector<std::string>& notes) {
  for (const OpaqueField& field : vcpu.opaque_fields) {
    if (field.name != "power_state" || field.data == "\x01") continue;
    notes.push_back(absl::StrCat("vCPU ", vcpu.vcpu_index, ": power_state is ", static_cast<uint8_t>(field.data[0]),
                                 ", which QEMU takes for switched off"));
  }
}

}  // namespace

absl::StatusOr<QemuCapture> CaptureQemuStream(absl::string_view stream) {
  absl::StatusOr<MigrationStream> outline = ParseMigrationStream(stream);
  if (!outline.ok()) return outline.status();
  QemuCapture capture;
  bool is_unsorted = false;
  for (const VcpuSection& section : outline->vcpus) {
    const CpuSectionPlace place{stream.substr(section.header.payload, section.cpu.size), section.header.payload,
                                section.Name()};
    const absl::StatusOr<std::unique_ptr<QemuStreamVcpu>> port = QemuStreamVcpu::Create(section.cpu, place);
    if (!port.ok()) return port.status();
    VcpuState vcpu;
    vcpu.vcpu_index = static_cast<int>(section.header.instance);
    vcpu.registers = CaptureRegisters(**port).registers;
    vcpu.opaque_fields = CollectOpaqueFields(section.cpu, place.payload, (*port)->bindings());
    for (const std::string& what : section.missing) capture.gaps.push_back({vcpu.vcpu_index, absl::nullopt, what});
    if (capture.origin == ListOrigin::kUnknown) {
      const bool is_m_profile = (*port)->execution_state() == ExecutionState::kMProfile;
      capture.origin = is_m_profile ? ListOrigin::kTcg : OriginOfList(vcpu.registers.layout().raw_ids()).origin;
    }
    const std::vector<uint64_t> ids = ListedIds(section.cpu, place.payload);
    is_unsorted |= !std::is_sorted(ids.begin(), ids.end());
    if ((*port)->execution_state() == ExecutionState::kAarch64) AddVectorGaps(vcpu, capture.gaps);
    capture.vcpus.push_back(std::move(vcpu));
  }
  capture.machine_type = std::move(outline->machine_type);
  capture.notes = std::move(outline->notes);
  if (is_unsorted) capture.notes.push_back("the register lists are not sorted, as HVF's before QEMU 10.2: sorted here");
  for (const VcpuState& vcpu : capture.vcpus) AddPowerNote(vcpu, capture.notes);
  return capture;
}

}  // namespace armstate
