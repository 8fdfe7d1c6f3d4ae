#include "client/qemu/stream/cpu_fields.h"

namespace armstate {
namespace {

constexpr CpuFieldInfo kHead22[] = {
    {"env.regs", 4, 16, 0},    {"env.xregs", 8, 32, 0},      {"env.pc", 8, 1, 0},         {"cpsr", 4, 1, 0},
    {"env.spsr", 4, 1, 0},     {"env.banked_spsr", 8, 8, 0}, {"env.banked_r13", 4, 8, 0}, {"env.banked_r14", 4, 8, 0},
    {"env.usr_regs", 4, 5, 0}, {"env.fiq_regs", 4, 5, 0},    {"env.elr_el", 8, 4, 0},     {"env.sp_el", 8, 4, 0},
};

constexpr CpuFieldInfo kTail22[] = {
    {"env.exclusive_addr", 8, 1, 0},
    {"env.exclusive_val", 8, 1, 0},
    {"env.exclusive_high", 8, 1, 0},
    {"unused", 8, 1, 0},
    {"env.exception.syndrome", 4, 1, 0},
    {"env.exception.fsr", 4, 1, 0},
    {"env.exception.vaddress", 8, 1, 0},
    {"gt_timer[0]", 8, 1, 0},
    {"gt_timer[1]", 8, 1, 0},
    {"power_state", 1, 1, 0},
};

constexpr CpuFieldInfo kHead12[] = {
    {"env.regs", 4, 16, 0},      {"cpsr", 4, 1, 0},           {"env.spsr", 4, 1, 0},     {"env.banked_spsr", 4, 6, 0},
    {"env.banked_r13", 4, 6, 0}, {"env.banked_r14", 4, 6, 0}, {"env.usr_regs", 4, 5, 0}, {"env.fiq_regs", 4, 5, 0},
};

constexpr CpuFieldInfo kTail12[] = {
    {"env.exclusive_addr", 4, 1, 0},
    {"env.exclusive_val", 4, 1, 0},
    {"env.exclusive_high", 4, 1, 0},
    {"env.features", 8, 1, 0},
};

// env.vfp.xregs holds the VFP's 16 system registers, except FPSCR (1), which has a field of its own.
constexpr CpuFieldInfo kVfp[] = {
    {"env.vfp.zregs", 16, 32, 0},
    {"env.vfp.xregs[0]", 4, 1, 0},
    {"env.vfp.xregs", 4, 14, 2},
    {"fpscr", 4, 1, 0},
};

// Doublewords 2 to 15 of each Z register: QEMU omits 16 to 31.
constexpr CpuFieldInfo kSve[] = {
    {"env.vfp.zregs", 112, 32, 0},
    {"env.vfp.pregs", 32, 17, 0},
};

constexpr CpuFieldInfo kFpcrFpsr[] = {
    {"fpcr", 8, 1, 0},
    {"fpsr", 8, 1, 0},
};

constexpr CpuFieldInfo kPstate64[] = {
    {"pstate64", 8, 1, 0},
};

constexpr QemuRelease k8_0 = {8, 0};
constexpr QemuRelease k9_1 = {9, 1};
constexpr QemuRelease k10_1 = {10, 1};
constexpr QemuRelease k10_2 = {10, 2};
constexpr QemuRelease k11_0 = {11, 0};
// No tree before 11.0 has cpu/fpmr, and 11.1 has it; 11.0 was not examined.
constexpr QemuRelease k11_1 = {11, 1};

const CpuSubsectionInfo kSubsections[] = {
    {"cpu/vfp", 3, 576, 0, kVfp},
    {"cpu/vfp/fpcr_fpsr", 1, 16, 0, kFpcrFpsr, k9_1},
    {"cpu/iwmmxt", 1, 192, 0, {}, {}, k10_2},
    {"cpu/m", 4, 44, 0, {}},
    {"cpu/m/faultmask-primask", 1, 8, 0, {}},
    {"cpu/m/csselr", 1, 8, 0, {}},
    {"cpu/m/scr", 1, 4, 0, {}},
    {"cpu/m/other-sp", 1, 4, 0, {}},
    {"cpu/m/v8m", 1, 16, 0, {}},
    {"cpu/m/fp", 1, 36, 0, {}},
    {"cpu/m/mve", 1, 8, 0, {}},
    {"cpu/thumb2ee", 1, 8, 0, {}},
    {"cpu/pmsav7-rnr", 1, 4, 0, {}},
    {"cpu/pmsav7", 1, 0, 12, {}},
    {"cpu/pmsav8", 1, 8, 8, {}},
    {"cpu/pmsav8/pmsav8r", 1, 0, 8, {}, k8_0},
    {"cpu/m-security", 1, 84, 8, {}},
    {"cpu/sve", 1, 4128, 0, kSve},
    {"cpu/sme", 1, 65536, 0, {}},
    {"cpu/zt0", 1, 64, 0, {}, k10_1},
    {"cpu/serror", 1, 10, 0, {}},
    {"cpu/irq-line-state", 1, 4, 0, {}},
    {"cpu/wfxt-timer", 1, 8, 0, {}, k9_1},
    {"cpu/syndrome64", 1, 8, 0, {}, k10_2},
    {"cpu/pstate64", 1, 8, 0, kPstate64, k10_2},
    {"cpu/event", 1, 1, 0, {}, k11_0},
    {"cpu/fpmr", 1, 8, 0, {}, k11_1},
};

}  // namespace

absl::Span<const CpuFieldInfo> CpuHeadFields(uint32_t version) {
  if (version == kCpuVersion) return kHead22;
  if (version == kCpuVersionOld) return kHead12;
  return {};
}

absl::Span<const CpuFieldInfo> CpuTailFields(uint32_t version) {
  if (version == kCpuVersion) return kTail22;
  if (version == kCpuVersionOld) return kTail12;
  return {};
}

absl::Span<const CpuSubsectionInfo> CpuSubsections() { return kSubsections; }

bool IsNestedSubsection(absl::string_view name) {
  return name.find('/', sizeof("cpu/") - 1) != absl::string_view::npos;
}

const CpuSubsectionInfo* FindCpuSubsection(absl::string_view name) {
  for (const CpuSubsectionInfo& info : kSubsections) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

}  // namespace armstate
