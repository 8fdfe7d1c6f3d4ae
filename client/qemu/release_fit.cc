#include "client/qemu/release_fit.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "client/qemu/stream/cpu_fields.h"
#include "client/qemu/stream/printable.h"
#include "client/qemu/stream/reader.h"

namespace armstate {
namespace {

constexpr RegisterId kPstate = RegisterId::Known<0x6030000000100042>();
constexpr RegisterId kFpsr = RegisterId::Known<0x60200000001000d4>();
constexpr RegisterId kFpcr = RegisterId::Known<0x60200000001000d5>();
constexpr RegisterId kFpscr = RegisterId::Known<0x4020000000121001>();

// The bits of FPCR and of FPSR in FPSCR (Arm ARM, FPSCR).
constexpr uint64_t kFpcrInFpscr = 0x07ff9f00;
constexpr uint64_t kFpsrInFpscr = 0xf800009f;

constexpr absl::string_view kFpcrFpsr = "cpu/vfp/fpcr_fpsr";
constexpr absl::string_view kPstate64 = "cpu/pstate64";
constexpr absl::string_view kWfxtTimer = "cpu/wfxt-timer";
constexpr QemuRelease kFirstWithTimerInEachCpu{11, 1};
constexpr absl::string_view kPmsav8 = "cpu/pmsav8";
constexpr absl::string_view kPmsav8r = "cpu/pmsav8/pmsav8r";
// The number of bytes of a lost subsection that are shown.
constexpr size_t kMaxShown = 64;

bool IsSubsection(absl::string_view name) { return absl::StartsWith(name, "cpu/") && !absl::StrContains(name, ':'); }

bool Knows(QemuRelease release, const CpuSubsectionInfo* info) {
  if (info == nullptr || release < info->since) return false;
  return !info->removed || release < *info->removed;
}

bool AllAre(absl::string_view bytes, char byte) { return bytes.find_first_not_of(byte) == absl::string_view::npos; }

std::string Shown(absl::string_view body) {
  return absl::StrCat("it held ", body.size(), " bytes: ", absl::BytesToHexString(body.substr(0, kMaxShown)),
                      body.size() > kMaxShown ? "..." : "");
}

// Describes the loss of a subsection without registers.
absl::optional<std::string> LossOfBody(const CpuSubsectionInfo* info, absl::string_view body) {
  if (info == nullptr) return Shown(body);
  if (info->name == kWfxtTimer) {
    if (AllAre(body, '\xff')) return absl::nullopt;
    return absl::StrFormat("the guest waits in WFIT or WFET until 0x%x, and would wait on without that limit",
                           LoadBigEndian(body.substr(0, 8)));
  }
  // The exception that the vCPU is about to take. QEMU sets it with each exception and stops a vCPU between
  // instructions, so nothing reads it again: a guest that had one such exception would have it in all later streams.
  if (info->name == "cpu/syndrome64") return absl::nullopt;
  if (AllAre(body, '\0')) return absl::nullopt;  // as at reset
  if (info->name == "cpu/event")
    return "an event (SEV) was there for the guest's next WFE, which would wait for another";
  return Shown(body);
}

class Fitter {
 public:
  Fitter(VcpuState vcpu, QemuRelease target) : target_(target) { fit_.vcpu = std::move(vcpu); }

  ReleaseFit Fit() && {
    LeaveOutPmsav8r();
    std::vector<std::string> unknown;
    for (const OpaqueField& field : fit_.vcpu.opaque_fields) {
      if (IsSubsection(field.name) && !IsTaken(field)) unknown.push_back(field.name);
    }
    for (const std::string& name : unknown) LeaveOut(name);
    return std::move(fit_);
  }

 private:
  bool IsTaken(const OpaqueField& subsection) const {
    if (!Knows(target_, FindCpuSubsection(subsection.name))) return false;
    // QEMU 11.1 has the timer in every A-profile CPU, and sends it. 10.0 has one only in CPUs with FEAT_WFxT, and ends
    // itself ("Assertion `first_elem || !n_elems || !size' failed") when it is sent to another. The releases between
    // them were not tried.
    return subsection.name != kWfxtTimer || HasWfxt() || !(target_ < kFirstWithTimerInEachCpu);
  }

  bool HasWfxt() const {
    const absl::optional<absl::string_view> isar2 = fit_.vcpu.registers.Find(RegisterId::System(3, 0, 0, 6, 2));
    return isar2 && (LowWord(*isar2) & 0xf) >= 2;
  }

  void LeaveOut(const std::string& name) {
    const std::string* const data = Find(name);
    if (data == nullptr) return;  // a duplicate that was left out already
    absl::optional<std::string> loss;
    if (name == kFpcrFpsr) {
      loss = MoveFpcrFpsr();
    } else if (name == kPstate64) {
      loss = MovePstate64();
    } else {
      loss = LossOfBody(FindCpuSubsection(name), absl::string_view(*data).substr(std::min<size_t>(4, data->size())));
    }
    std::vector<OpaqueField>& fields = fit_.vcpu.opaque_fields;
    const auto is_of_it = [&](const OpaqueField& field) {
      return field.name == name || absl::StartsWith(field.name, absl::StrCat(name, ":"));
    };
    fields.erase(std::remove_if(fields.begin(), fields.end(), is_of_it), fields.end());
    Tell(name, std::move(loss));
  }

  void Tell(absl::string_view subsection, absl::optional<std::string> loss) {
    const std::string name = Printable(subsection);
    if (loss) {
      fit_.losses.push_back({fit_.vcpu.vcpu_index, name, *std::move(loss)});
    } else {
      fit_.notes.push_back(
          absl::StrCat("subsection ", name, ", which the target does not read, is left out: nothing is lost with it"));
    }
  }

  // Its parent's bytes, which are kept as a whole, contain it.
  void LeaveOutPmsav8r() {
    if (Knows(target_, FindCpuSubsection(kPmsav8r))) return;
    const std::string header = absl::StrCat("\x05", std::string(1, static_cast<char>(kPmsav8r.size())), kPmsav8r);
    for (OpaqueField& field : fit_.vcpu.opaque_fields) {
      const size_t at = field.name == kPmsav8 ? field.data.find(header) : std::string::npos;
      if (at == std::string::npos) continue;
      Tell(kPmsav8r, Shown(absl::string_view(field.data).substr(at + header.size())));
      field.data.resize(at);
    }
  }

  absl::optional<std::string> MoveFpcrFpsr() {
    const uint64_t fpcr = NumberOf("cpu/vfp/fpcr_fpsr:fpcr", kFpcr);
    const uint64_t fpsr = NumberOf("cpu/vfp/fpcr_fpsr:fpsr", kFpsr);
    Set(kFpcr, fpcr & kFpcrInFpscr);
    Set(kFpsr, fpsr & kFpsrInFpscr);
    Set(kFpscr, (fpcr & kFpcrInFpscr) | (fpsr & kFpsrInFpscr));
    const uint64_t lost_fpcr = fpcr & ~kFpcrInFpscr, lost_fpsr = fpsr & ~kFpsrInFpscr;
    if ((lost_fpcr | lost_fpsr) == 0) return absl::nullopt;
    return absl::StrFormat("bits 0x%x of FPCR and 0x%x of FPSR, which FPSCR does not have", lost_fpcr, lost_fpsr);
  }

  absl::optional<std::string> MovePstate64() {
    // In AArch32 state it has the form of an SPSR_ELx. The field `cpsr` has all of that but SS, bit 21.
    constexpr uint64_t kInCpsr = 0xffdfffff, kInPstate = 0xffffffff;
    const uint64_t pstate = NumberOf("cpu/pstate64:pstate64", kPstate);
    const uint64_t lost = pstate & ~(fit_.vcpu.registers.Find(kPstate) ? kInPstate : kInCpsr);
    Set(kPstate, pstate - lost);
    if (lost == 0) return absl::nullopt;
    return absl::StrFormat("bits 0x%x of PSTATE, which the field cpsr does not have", lost);
  }

  const std::string* Find(absl::string_view name) const {
    for (const OpaqueField& field : fit_.vcpu.opaque_fields) {
      if (field.name == name) return &field.data;
    }
    return nullptr;
  }

  // `field` has 8 bytes. The register, if the list has it, is the whole field or its low half.
  uint64_t NumberOf(absl::string_view field, RegisterId id) const {
    const std::string* data = Find(field);
    const uint64_t number = data != nullptr && data->size() == 8 ? LoadBigEndian(*data) : 0;
    const absl::optional<absl::string_view> value = fit_.vcpu.registers.Find(id);
    if (!value) return number;
    if (id.width() == 8) return LowWord(*value);
    return (number & ~uint64_t{0xffffffff}) | LowWord(*value);
  }

  // Does nothing if the list does not have the register.
  void Set(RegisterId id, uint64_t number) {
    RegisterList& registers = fit_.vcpu.registers;
    const absl::optional<size_t> index = registers.layout().Find(id);
    if (!index) return;
    std::string values(registers.values());
    for (size_t i = 0; i < id.width(); ++i) {
      values[registers.layout().offset(*index) + i] = static_cast<char>(number >> 8 * i);
    }
    registers = *RegisterList::Create(registers.shared_layout(), std::move(values));  // same layout, so it cannot fail
  }

  QemuRelease target_;
  ReleaseFit fit_;
};

}  // namespace

ReleaseFit FitToRelease(VcpuState vcpu, QemuRelease target) { return Fitter(std::move(vcpu), target).Fit(); }

}  // namespace armstate
