#include "client/qemu/stream/register_binding.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/qemu/stream/error.h"
#include "client/qemu/stream/reader.h"
#include "core/list_origin.h"
#include "core/register_kind.h"

namespace armstate {
namespace {

// CPUs with AArch64 list one of them at least: QEMU 11.1 leaves out ID_AA64ISAR0_EL1 for some models, and HVF
// ID_AA64MMFR0_EL1.
constexpr uint64_t kIdAa64Isar0 = 0x603000000013c030;
constexpr uint64_t kIdAa64Mmfr0 = 0x603000000013c038;

// Modes of AArch32, CPSR bits 4-0.
enum Mode : uint32_t {
  kUser = 0x10,
  kFiq = 0x11,
  kIrq = 0x12,
  kSupervisor = 0x13,
  kMonitor = 0x16,
  kAbort = 0x17,
  kHypervisor = 0x1a,
  kUndefined = 0x1b,
  kSystemMode = 0x1f,
};

// Banks in QEMU's order: User and System, SVC, ABT, UND, IRQ, FIQ, HYP, MON. -1 if there is no such mode.
int BankOf(uint32_t mode) {
  switch (mode) {
    case kUser:
    case kSystemMode:
      return 0;
    case kSupervisor:
      return 1;
    case kAbort:
      return 2;
    case kUndefined:
      return 3;
    case kIrq:
      return 4;
    case kFiq:
      return 5;
    case kHypervisor:
      return 6;
    case kMonitor:
      return 7;
    default:
      return -1;
  }
}

constexpr uint64_t kArm64Core = 0x60'0'0'0000'0010'0000;
constexpr uint64_t kArmCore = 0x40'2'0'0000'0010'0000;
constexpr uint64_t kArmVfp = 0x40'0'0'0000'0012'0000;
constexpr uint64_t kU32 = uint64_t{2} << 52;
constexpr uint64_t kU64 = uint64_t{3} << 52;
constexpr uint64_t kU128 = uint64_t{4} << 52;

// FPCR's bits in FPSCR; the stream has only FPSCR, whose other bits are FPSR.
constexpr uint32_t kFpcrMask = 0x07ff9f00;

class Binder {
 public:
  Binder(const CpuSection& section, absl::string_view payload) : section_(section), payload_(payload) {}

  std::vector<RegisterBinding> Take() && {
    std::sort(bindings_.begin(), bindings_.end(),
              [](const RegisterBinding& a, const RegisterBinding& b) { return a.id < b.id; });
    return std::move(bindings_);
  }

  void BindList() {
    for (size_t i = 0; i < section_.register_count; ++i) {
      const RegisterId id = *RegisterId::Create(LoadBigEndian(payload_.substr(section_.ids + 8 * i, 8)));
      const uint8_t width = static_cast<uint8_t>(id.width());
      Bind(id.raw(), {{section_.values + 8 * i + 8 - width, width}});
    }
  }

  // KVM's struct kvm_regs of arm64: words 0-0x3d X0-X30, 0x3e SP, 0x40 PC, 0x42 PSTATE, 0x44 SP_EL1, 0x46 ELR_EL1, then
  // SPSRs.
  void BindAarch64() {
    for (unsigned n = 0; n < 31; ++n) Bind(kArm64Core | kU64 | 2 * n, {Element("env.xregs", n)});
    const uint32_t pstate = LoadField("cpsr");
    const unsigned level = pstate >> 2 & 3;
    // X31 is the stack pointer in use; its slot in sp_el is stale.
    const unsigned live_sp = (pstate & 1) != 0 ? level : 0;
    Bind(kArm64Core | kU64 | 0x3e, {live_sp == 0 ? Element("env.xregs", 31) : Element("env.sp_el", 0)});
    Bind(kArm64Core | kU64 | 0x40, {Element("env.pc", 0)});
    const CpuSubsection* pstate64 = section_.FindSubsection("cpu/pstate64");
    Bind(kArm64Core | kU64 | 0x42, {pstate64 != nullptr ? ElementOf(pstate64->fields[0], 0) : Element("cpsr", 0)});
    Bind(kArm64Core | kU64 | 0x44, {live_sp == 1 ? Element("env.xregs", 31) : Element("env.sp_el", 1)});
    Bind(kArm64Core | kU64 | 0x46, {Element("env.elr_el", 1)});
    for (unsigned bank = 1; bank <= 5; ++bank) {  // SPSR_EL1, ABT, UND, IRQ, FIQ
      Bind(kArm64Core | kU64 | (0x46 + 2 * bank), {Element("env.banked_spsr", bank)});
    }
    const CpuSubsection* vfp = section_.FindSubsection("cpu/vfp");
    if (vfp == nullptr) return;
    const CpuSubsection* sve = section_.FindSubsection("cpu/sve");
    if (sve != nullptr) BindSve(*vfp, *sve);
    for (unsigned n = 0; n < 32 && sve == nullptr; ++n) {
      Bind(kArm64Core | kU128 | (0x54 + 4 * n), Doublewords(vfp->fields[0], n));
    }
    const CpuSubsection* split = section_.FindSubsection("cpu/vfp/fpcr_fpsr");
    if (split != nullptr) {
      Bind(kArm64Core | kU32 | 0xd4, {Low32(ElementOf(split->fields[1], 0))});
      Bind(kArm64Core | kU32 | 0xd5, {Low32(ElementOf(split->fields[0], 0))});
    } else {
      Bind(kArm64Core | kU32 | 0xd4, {FpscrOf(*vfp)}, ~kFpcrMask);
      Bind(kArm64Core | kU32 | 0xd5, {FpscrOf(*vfp)}, kFpcrMask);
    }
  }

  // KVM's struct kvm_regs of arm: words 0-15 R0-R15 as User mode sees them, 16 CPSR, then the banks.
  void BindAarch32() {
    const uint32_t mode = LoadField("cpsr") & 0x1f;
    const int current = BankOf(mode);
    // R8-R12 have a second set in FIQ mode; the set that is not in use is in fiq_regs or usr_regs.
    for (unsigned n = 0; n < 8; ++n) BindArmCore(n, Element("env.regs", n));
    for (unsigned n = 8; n < 13; ++n) {
      BindArmCore(n, mode == kFiq ? Element("env.usr_regs", n - 8) : Element("env.regs", n));
      BindArmCore(30 + n - 8, mode == kFiq ? Element("env.regs", n) : Element("env.fiq_regs", n - 8));
    }
    BindArmCore(13, current == 0 ? Element("env.regs", 13) : Element("env.banked_r13", 0));
    // HYP has no LR of its own: it uses User mode's.
    BindArmCore(14, current == 0 || mode == kHypervisor ? Element("env.regs", 14) : Element("env.banked_r14", 0));
    BindArmCore(15, Element("env.regs", 15));
    BindArmCore(16, Element("cpsr", 0));
    for (int bank = 1; bank <= 5; ++bank) {
      // SVC, ABT, UND, IRQ: words 18, 21, 24, 27; FIQ's follow its R8-R12.
      const unsigned word = bank == 5 ? 35 : 15 + 3 * bank;
      const bool live = bank == current;
      BindArmCore(word, live ? Element("env.regs", 13) : Element("env.banked_r13", bank));
      BindArmCore(word + 1, live ? Element("env.regs", 14) : Element("env.banked_r14", bank));
      BindArmCore(word + 2, live ? Element("env.spsr", 0) : Low32(Element("env.banked_spsr", bank)));
    }
    BindVfp();
  }

  void BindMProfile() {
    for (unsigned n = 0; n < 16; ++n) BindArmCore(n, Element("env.regs", n));
    BindArmCore(16, Element("cpsr", 0));  // xPSR
    BindVfp();
  }

 private:
  void Bind(uint64_t id, std::vector<RegisterSegment> segments, uint32_t mask = 0xffffffff) {
    bindings_.push_back({*RegisterId::Create(id), std::move(segments), mask});
  }
  void BindArmCore(unsigned word, RegisterSegment segment) { Bind(kArmCore | word, {segment}); }

  static RegisterSegment ElementOf(const CpuField& field, unsigned index) {
    return {field.offset + size_t{field.info.width} * index, static_cast<uint8_t>(field.info.width)};
  }
  // Finds a field that every version has in this state.
  RegisterSegment Element(absl::string_view name, unsigned index) const {
    return ElementOf(*section_.FindField(name), index);
  }
  uint32_t LoadField(absl::string_view name) const {
    const RegisterSegment segment = Element(name, 0);
    return static_cast<uint32_t>(LoadBigEndian(payload_.substr(segment.offset, segment.width)));
  }
  static RegisterSegment Low32(RegisterSegment segment) { return {segment.offset + segment.width - 4, 4}; }
  static RegisterSegment FpscrOf(const CpuSubsection& vfp) { return ElementOf(vfp.fields[3], 0); }

  // Returns the doublewords of one element of a field, each of which is a number of its own in the stream.
  static std::vector<RegisterSegment> Doublewords(const CpuField& field, unsigned index) {
    std::vector<RegisterSegment> segments;
    const size_t begin = field.offset + size_t{field.info.width} * index;
    for (size_t at = begin; at < begin + field.info.width; at += 8) segments.push_back({at, 8});
    return segments;
  }

  void BindSve(const CpuSubsection& vfp, const CpuSubsection& sve) {
    for (unsigned n = 0; n < 32; ++n) {
      std::vector<RegisterSegment> segments = Doublewords(vfp.fields[0], n);
      for (const RegisterSegment& upper : Doublewords(sve.fields[0], n)) segments.push_back(upper);
      Bind(0x6080'0000'0015'0000 | n << 5, std::move(segments));
    }
    for (unsigned n = 0; n < 17; ++n) Bind(0x6050'0000'0015'0400 | n << 5, Doublewords(sve.fields[1], n));  // 16 is FFR
  }

  void BindVfp() {
    const CpuSubsection* vfp = section_.FindSubsection("cpu/vfp");
    if (vfp == nullptr) return;
    for (unsigned n = 0; n < 32; ++n) {
      Bind(kArmVfp | kU64 | n, {Doublewords(vfp->fields[0], n / 2)[n % 2]});
    }
    Bind(kArmVfp | kU32 | 0x1000, {ElementOf(vfp->fields[1], 0)});  // FPSID
    Bind(kArmVfp | kU32 | 0x1001, {FpscrOf(*vfp)});
    for (unsigned n = 6; n <= 10; ++n) {  // MVFR1, MVFR0, FPEXC, FPINST, FPINST2
      Bind(kArmVfp | kU32 | 0x1000 | n, {ElementOf(vfp->fields[2], n - vfp->fields[2].info.first_index)});
    }
  }

  const CpuSection& section_;
  absl::string_view payload_;
  std::vector<RegisterBinding> bindings_;
};

absl::Status CheckList(const CpuSection& section, absl::string_view payload, size_t stream_offset,
                       absl::string_view name) {
  const std::vector<uint64_t> ids = ListedIds(section, payload);
  const bool may_be_unsorted = OriginOfList(ids).origin == ListOrigin::kHvf;
  std::set<uint64_t> seen;
  uint64_t before = 0;
  for (size_t i = 0; i < section.register_count; ++i) {
    const size_t at = section.ids + 8 * i;
    const uint64_t raw = ids[i];
    const auto error = [&](absl::string_view message) {
      return StreamRegisterError(stream_offset + at, name, raw, absl::StrCat("entry ", i, ": ", message));
    };
    const absl::StatusOr<RegisterId> id = RegisterId::Create(raw);
    if (!id.ok()) return error(id.status().message());
    if (!seen.insert(raw).second) return error("is there twice");
    if (raw < before && !may_be_unsorted) return error("is not above the ID before it");
    before = raw;
    if (id->width() > 8) return error("is wider than the 64 bits of its slot");
    const RegisterClass id_class = id->register_class();
    if (id_class == RegisterClass::kCore || id_class == RegisterClass::kSve ||
        (id_class == RegisterClass::kVfp && id->architecture() == RegisterArchitecture::kArm)) {
      return error("core and vector registers are not part of this list");
    }
    const size_t value_at = section.values + 8 * i;
    const uint64_t value = LoadBigEndian(payload.substr(value_at, 8));
    // QEMU compares all 64 bits of a constant, and some identification registers are wider than their ID says: CTR also
    // has bits 63-32 of CTR_EL0.
    if (id->width() < 8 && value >> 8 * id->width() != 0 && !IsIdRegister(*id)) {
      return StreamRegisterError(stream_offset + value_at, name, raw,
                                 absl::StrFormat("value 0x%x does not fit its %d bits", value, 8 * id->width()));
    }
  }
  return absl::OkStatus();
}

// True if the list belongs to an AArch64 CPU: CPUs before ARMv8 have no ID_AA64*. An empty list proves nothing.
bool MayHaveAarch64(const CpuSection& section, absl::string_view payload) {
  for (const uint64_t id : ListedIds(section, payload)) {
    if (id == kIdAa64Isar0 || id == kIdAa64Mmfr0) return true;
  }
  return section.register_count == 0;
}

}  // namespace

std::vector<uint64_t> ListedIds(const CpuSection& section, absl::string_view payload) {
  std::vector<uint64_t> ids(section.register_count);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = LoadBigEndian(payload.substr(section.ids + 8 * i, 8));
  return ids;
}

absl::StatusOr<ExecutionState> GetExecutionState(const CpuSection& section, absl::string_view payload,
                                                 size_t stream_offset, absl::string_view name) {
  if (section.FindSubsection("cpu/m") != nullptr) return ExecutionState::kMProfile;
  const size_t at = section.FindField("cpsr")->offset;
  const uint32_t cpsr = static_cast<uint32_t>(LoadBigEndian(payload.substr(at, 4)));
  if ((cpsr & 0x10) != 0) {
    if (BankOf(cpsr & 0x1f) >= 0) return ExecutionState::kAarch32;
  } else if (section.version == kCpuVersion && MayHaveAarch64(section, payload)) {
    const uint32_t mode = cpsr & 0xf;
    // EL0 only has its own stack pointer; bit 1 is reserved.
    if ((mode & 2) == 0 && mode != 1) return ExecutionState::kAarch64;
  }
  return StreamError(stream_offset + at, name, absl::StrFormat("cpsr is 0x%08x: this CPU has no such mode", cpsr));
}

absl::StatusOr<std::vector<RegisterBinding>> BindRegisters(const CpuSection& section, absl::string_view payload,
                                                           ExecutionState state, size_t stream_offset,
                                                           absl::string_view name) {
  const absl::Status list = CheckList(section, payload, stream_offset, name);
  if (!list.ok()) return list;
  Binder binder(section, payload);
  binder.BindList();
  switch (state) {
    case ExecutionState::kAarch64:
      binder.BindAarch64();
      break;
    case ExecutionState::kAarch32:
      binder.BindAarch32();
      break;
    case ExecutionState::kMProfile:
      binder.BindMProfile();
      break;
  }
  return std::move(binder).Take();
}

std::string LoadRegister(absl::string_view payload, const RegisterBinding& binding) {
  std::string value(binding.id.width(), '\0');
  size_t at = 0;
  for (const RegisterSegment& segment : binding.segments) {
    uint64_t part = LoadBigEndian(payload.substr(segment.offset, segment.width));
    if (segment.width == 4) part &= binding.mask;
    for (unsigned i = 0; i < segment.width; ++i) value[at++] = static_cast<char>(part >> 8 * i);
  }
  return value;
}

absl::Status CheckFits(const RegisterBinding& binding, absl::string_view value) {
  size_t held = 0;
  for (const RegisterSegment& segment : binding.segments) held += segment.width;
  if (value.find_first_not_of('\0', held) != absl::string_view::npos) {
    return absl::OutOfRangeError(
        absl::StrCat("QEMU's stream has room for the low ", 8 * held, " bits of this register only"));
  }
  if (binding.segments[0].width == 4) {
    uint32_t bits = 0;
    for (unsigned i = 0; i < 4; ++i) bits |= static_cast<uint32_t>(static_cast<uint8_t>(value[i])) << 8 * i;
    if ((bits & ~binding.mask) != 0) {
      return absl::OutOfRangeError(
          absl::StrFormat("QEMU's stream has no room for bits 0x%08x of this register", bits & ~binding.mask));
    }
  }
  return absl::OkStatus();
}

void StoreRegister(const RegisterBinding& binding, absl::string_view value, std::string& payload) {
  size_t at = 0;
  for (const RegisterSegment& segment : binding.segments) {
    uint64_t part = 0;
    for (unsigned i = 0; i < segment.width; ++i) part |= uint64_t{static_cast<uint8_t>(value[at++])} << 8 * i;
    char* bytes = &payload[segment.offset];
    if (segment.width == 4) {
      const uint64_t old = LoadBigEndian(absl::string_view(bytes, 4));
      part = (part & binding.mask) | (old & ~uint64_t{binding.mask});
    }
    StoreBigEndian(part, segment.width, bytes);
  }
}

}  // namespace armstate
