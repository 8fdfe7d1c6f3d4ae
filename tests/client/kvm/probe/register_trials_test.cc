#include "client/kvm/probe/register_trials.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace armstate {
namespace {

constexpr uint64_t kRegister = 0x603000000013c020;

// A vCPU with 64-bit registers; what becomes of a write is the test's.
class OneVcpu : public KvmVcpuCalls {
 public:
  std::map<uint64_t, uint64_t> values;
  // Sets what the register holds then.
  std::function<KvmErrno(uint64_t wanted, uint64_t& holds)> write;
  std::vector<uint64_t> writes;

  KvmErrno GetRegister(uint64_t id, absl::Span<char> value) override {
    std::memcpy(value.data(), &values[id], value.size());
    return 0;
  }
  KvmErrno SetRegister(uint64_t id, absl::string_view value) override {
    uint64_t wanted = 0;
    std::memcpy(&wanted, value.data(), value.size());
    writes.push_back(wanted);
    return write(wanted, values[id]);
  }
  KvmErrno Init(const KvmVcpuInit&) override { return ENOSYS; }
  KvmErrno Finalize(int) override { return ENOSYS; }
  KvmErrno GetRegisterIds(absl::Span<uint64_t>, uint64_t&) override { return ENOSYS; }
  KvmErrno GetEvents(KvmVcpuEvents&) override { return ENOSYS; }
  KvmErrno SetEvents(const KvmVcpuEvents&) override { return ENOSYS; }
  KvmErrno GetMpState(uint32_t&) override { return ENOSYS; }
  KvmErrno SetMpState(uint32_t) override { return ENOSYS; }
  KvmErrno CompletePendingExit() override { return ENOSYS; }
};

class RegisterTrialsTest : public testing::Test {
 protected:
  RegisterTrialsTest()
      : vm_([this]() -> absl::StatusOr<ScratchVm> {
          ++vms_;
          vcpu_.values[kRegister] = reset_;
          if (vms_ > most_vms_) return absl::UnavailableError("no more VMs");
          return ScratchVm{nullptr, {&vcpu_}};
        }) {}

  // A VM whose register holds `value` after reset.
  void Begin(uint64_t value, std::function<KvmErrno(uint64_t, uint64_t&)> write) {
    reset_ = value;
    vcpu_.write = std::move(write);
    vm_.Renew();
    vms_ = 0;
    vcpu_.writes.clear();
  }

  uint64_t reset_ = 0;
  int vms_ = 0;
  int most_vms_ = 100;
  OneVcpu vcpu_;
  ProbedVm vm_;
};

KvmErrno Store(uint64_t wanted, uint64_t& holds) {
  holds = wanted;
  return 0;
}

TEST_F(RegisterTrialsTest, PlainRegisterIsWrittenOnceAndPutBack) {
  Begin(0x5, Store);
  const Trial trial = TryBits(vm_, kRegister, 0x5);
  EXPECT_EQ(trial.result.dump(), R"({"sticks":"0xffffffffffffffff","ignored":"0x0","other":"0x0","rejected":{}})");
  EXPECT_EQ(vcpu_.writes, (std::vector<uint64_t>{0xfffffffffffffffa, 0x5}));
  EXPECT_EQ(trial.accepted, (std::vector<uint64_t>{0xfffffffffffffffa}));
  EXPECT_EQ(vcpu_.values[kRegister], 0x5u);
}

TEST_F(RegisterTrialsTest, BitsThatAreRefusedIgnoredAndMoreThanWritten) {
  // Bit 0: EINVAL, bit 1: EPERM, bit 2 is ignored, bit 3 sets bit 4 too, the rest is stored.
  Begin(0x100, [](uint64_t wanted, uint64_t& holds) -> KvmErrno {
    if ((wanted & 1) != 0) return EINVAL;
    if ((wanted & 2) != 0) return EPERM;
    return Store((wanted & ~uint64_t{4}) | ((wanted & 8) != 0 ? 16 : 0), holds);
  });
  const Trial trial = TryBits(vm_, kRegister, 0x100);
  EXPECT_EQ(
      trial.result.dump(),
      R"({"sticks":"0xfffffffffffffff0","ignored":"0x4","other":"0x8","rejected":{"EINVAL":"0x1","EPERM":"0x2"}})");
  EXPECT_EQ(vcpu_.values[kRegister], 0x100u);
  EXPECT_EQ(vms_, 0);
}

// PMEVCNTRn_EL0 of KVM on Linux 6.18: all 64 bits are stored, and the lower 32 shown until ID_AA64DFR0_EL1 says
// PMUv3p5.
TEST_F(RegisterTrialsTest, WhatIsStoredAndNotShownIsPutBackToo) {
  uint64_t stored = 0xdbadc0de;
  Begin(0xdbadc0de, [&](uint64_t wanted, uint64_t& holds) {
    stored = wanted;
    return Store(wanted & 0xffffffff, holds);
  });
  const Trial trial = TryBits(vm_, kRegister, 0xdbadc0de);
  EXPECT_EQ(trial.result["ignored"], "0xffffffff00000000");
  EXPECT_EQ(stored, 0xdbadc0deu);
}

TEST_F(RegisterTrialsTest, FieldsByValue) {
  // Field 0 takes up to its own 2, field 1 takes 0 and 1 and turns 0xf into 0; the others only their own 0.
  Begin(0x12, [](uint64_t wanted, uint64_t& holds) -> KvmErrno {
    if ((wanted & 15) > 2 || (wanted >> 8) != 0) return EINVAL;
    if ((wanted >> 4) == 15) return Store(wanted & 15, holds);
    return (wanted >> 4) > 1 ? EINVAL : Store(wanted, holds);
  });
  const Trial trial = TryFields(vm_, kRegister, 0x12);
  EXPECT_EQ(trial.result["accepted"].dump(),
            R"(["0007","0003","0001","0001","0001","0001","0001","0001","0001","0001","0001","0001","0001","0001",)"
            R"("0001","0001"])");
  EXPECT_EQ(trial.result["changed"].dump(), R"([{"field":1,"wrote":"0xf2","readback":"0x2"}])");
  EXPECT_EQ(trial.result["errnos"].dump(), R"(["EINVAL"])");
  EXPECT_EQ(trial.accepted, (std::vector<uint64_t>{0x10, 0x11, 0x2}));
}

TEST_F(RegisterTrialsTest, RangeOfValues) {
  // Bits 13-11: up to the host's own 3, above it the host's own is kept.
  Begin(0x1801, [](uint64_t wanted, uint64_t& holds) {
    return Store((wanted >> 11 & 7) > 3 ? (wanted & ~uint64_t{0x3800}) | 0x1800 : wanted, holds);
  });
  const Trial trial = TryRange(vm_, kRegister, 0x1801, 11, 3);
  EXPECT_EQ(trial.result.dump(),
            R"({"shift":11,"width":3,"accepted":"0x0f","changed":[{"wrote":"0x2001","readback":"0x1801"},)"
            R"({"wrote":"0x2801","readback":"0x1801"},{"wrote":"0x3001","readback":"0x1801"},)"
            R"({"wrote":"0x3801","readback":"0x1801"}],"errnos":[]})");
}

TEST_F(RegisterTrialsTest, WholeValues) {
  Begin(2, [](uint64_t wanted, uint64_t& holds) -> KvmErrno { return wanted > 2 ? EINVAL : Store(2, holds); });
  EXPECT_EQ(TryValues(vm_, kRegister, 2, {0, 2, 0x10000}).result.dump(),
            R"({"tries":{"0":"->2","2":"ok","10000":"EINVAL"}})");
}

// A register that can only be lowered: every experiment needs a VM of its own.
TEST_F(RegisterTrialsTest, WhatCannotBePutBackIsTriedInFreshVms) {
  Begin(7, [](uint64_t wanted, uint64_t& holds) -> KvmErrno { return wanted > holds ? EINVAL : Store(wanted, holds); });
  const Trial trial = TryRange(vm_, kRegister, 7, 0, 3);
  EXPECT_EQ(trial.result["accepted"], "0xff");
  EXPECT_EQ(vms_, 7);
  EXPECT_TRUE(vm_.status().ok());
}

TEST_F(RegisterTrialsTest, NoMoreVmsIsAnError) {
  Begin(7, [](uint64_t wanted, uint64_t& holds) -> KvmErrno { return wanted > holds ? EINVAL : Store(wanted, holds); });
  most_vms_ = 2;
  TryRange(vm_, kRegister, 7, 0, 3);
  EXPECT_EQ(vm_.status().message(), "no more VMs");
  uint64_t word = 0;
  EXPECT_EQ(vm_.ReadWord(0, kRegister, word), EIO);
  EXPECT_TRUE(vm_.List(0).empty());
}

}  // namespace
}  // namespace armstate
