#include "tests/client/qemu/expected_registers.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

using ::nlohmann::json;

uint64_t Hex(const json& text) { return std::stoull(text.get<std::string>(), nullptr, 16); }

class Expected {
 public:
  explicit Expected(const json& vcpu) : core_(vcpu["core"]) {
    for (const json& subsection : vcpu["subsections"]) subsections_.insert(subsection[0].get<std::string>());
    for (const json& entry : vcpu["regs"]) {
      const std::string id = entry[0];
      const std::string value = entry[1];
      const bool is_u32 = absl::StartsWith(id, "0x402") || absl::StartsWith(id, "0x602");
      registers_[Hex(id)] = is_u32 ? "0x" + value.substr(10) : value;
    }
    const uint64_t cpsr = Hex(core_["cpsr"]);
    if (subsections_.count("cpu/m")) {
      MProfile();
    } else if ((cpsr & 0x10) == 0) {
      Aarch64(cpsr & 0xf);
    } else {
      Aarch32(cpsr & 0x1f);
    }
  }

  const std::map<uint64_t, std::string>& registers() const { return registers_; }

 private:
  std::string Core(const char* field) const { return core_[field]; }
  std::string Core(const char* field, int index) const { return core_[field][index]; }
  void Put(uint64_t id, const std::string& digits) { registers_[id] = "0x" + digits; }

  void Aarch64(uint64_t mode) {
    for (int n = 0; n < 31; ++n) Put(0x6030000000100000 + 2 * n, Core("env.xregs", n));
    // EL1h, EL2h, EL3h: the only AArch64 modes in the corpus. X31 is EL1's stack pointer in the first only.
    EXPECT_TRUE(mode == 5 || mode == 9 || mode == 13);
    Put(0x603000000010003e, Core("env.sp_el", 0));
    Put(0x6030000000100040, Core("env.pc"));
    Put(0x6030000000100042, "00000000" + Core("cpsr"));
    Put(0x6030000000100044, mode == 5 ? Core("env.xregs", 31) : Core("env.sp_el", 1));
    Put(0x6030000000100046, Core("env.elr_el", 1));
    Put(0x6030000000100048, Core("env.banked_spsr", 1));
    Put(0x603000000010004a, Core("env.banked_spsr", 2));
    Put(0x603000000010004c, Core("env.banked_spsr", 3));
    Put(0x603000000010004e, Core("env.banked_spsr", 4));
    Put(0x6030000000100050, Core("env.banked_spsr", 5));
    const uint64_t fpscr = Hex(core_["cpu/vfp:fpscr"]);
    Put(0x60200000001000d4, absl::StrFormat("%08x", fpscr & 0xf800009f));  // FPSR: N Z C V QC, cumulative flags
    Put(0x60200000001000d5,
        absl::StrFormat("%08x", fpscr & 0x07ff9f00));  // FPCR: AHP DN FZ RMode Stride FZ16 Len, enables
    for (int n = 0; n < 32; ++n) {
      const json& low = core_[absl::StrFormat("cpu/vfp:env.vfp.zregs[%d].d", n)];
      std::string digits = low[1].get<std::string>() + low[0].get<std::string>();
      if (!subsections_.count("cpu/sve")) {
        Put(0x6040000000100054 + 4 * n, digits);
        continue;
      }
      for (const json& d : core_[absl::StrFormat("cpu/sve:env.vfp.zregs[%d].d", n)])
        digits = d.get<std::string>() + digits;
      Put(0x6080000000150000 + 32 * n, std::string(256, '0') + digits);
    }
    for (int n = 0; n < 17 && subsections_.count("cpu/sve"); ++n) {
      std::string digits;
      for (const json& p : core_[absl::StrFormat("cpu/sve:env.vfp.pregs[%d].p", n)])
        digits = p.get<std::string>() + digits;
      Put(0x6050000000150400 + 32 * n, digits);
    }
  }

  void Aarch32(uint64_t mode) {
    // SVC, UND and HYP: the only AArch32 modes in the corpus.
    EXPECT_TRUE(mode == 0x13 || mode == 0x1b || mode == 0x1a);
    for (int n = 0; n < 13; ++n) Put(0x4020000000100000 + n, Core("env.regs", n));
    Put(0x402000000010000d, Core("env.banked_r13", 0));
    Put(0x402000000010000e, mode == 0x1a ? Core("env.regs", 14) : Core("env.banked_r14", 0));
    Put(0x402000000010000f, Core("env.regs", 15));
    Put(0x4020000000100010, Core("cpsr"));
    const struct {
      int bank;
      uint64_t mode;
      int word;
    } kBanks[] = {{1, 0x13, 18}, {2, 0x17, 21}, {3, 0x1b, 24}, {4, 0x12, 27}, {5, 0x11, 35}};
    for (const auto& bank : kBanks) {
      const bool live = bank.mode == mode;
      Put(0x4020000000100000 + bank.word, live ? Core("env.regs", 13) : Core("env.banked_r13", bank.bank));
      Put(0x4020000000100001 + bank.word, live ? Core("env.regs", 14) : Core("env.banked_r14", bank.bank));
      Put(0x4020000000100002 + bank.word, live ? Core("env.spsr") : Core("env.banked_spsr", bank.bank).substr(8));
    }
    for (int n = 0; n < 5; ++n) Put(0x402000000010001e + n, Core("env.fiq_regs", n));
    Vfp();
  }

  void MProfile() {
    for (int n = 0; n < 16; ++n) Put(0x4020000000100000 + n, Core("env.regs", n));
    Put(0x4020000000100010, Core("cpsr"));
    Vfp();
  }

  void Vfp() {
    if (!subsections_.count("cpu/vfp")) return;
    for (int n = 0; n < 32; ++n) {
      Put(0x4030000000120000 + n, core_[absl::StrFormat("cpu/vfp:env.vfp.zregs[%d].d", n / 2)][n % 2]);
    }
    Put(0x4020000000121000, Core("cpu/vfp:env.vfp.xregs[0]"));
    Put(0x4020000000121001, Core("cpu/vfp:fpscr"));
    // The array begins with system register 2: MVFR1 (6), MVFR0, FPEXC, FPINST, FPINST2 (10).
    for (int n = 6; n <= 10; ++n) Put(0x4020000000121000 + n, Core("cpu/vfp:env.vfp.xregs", n - 2));
  }

  const json& core_;
  std::set<std::string> subsections_;
  std::map<uint64_t, std::string> registers_;
};

}  // namespace

std::map<uint64_t, std::string> ExpectedRegisters(const json& vcpu) { return Expected(vcpu).registers(); }

}  // namespace armstate
