// A target of which only one register list is known.
#include "core/profile_from_register_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/engine_vcpu.h"
#include "core/register_kind.h"
#include "core/restore.h"

namespace armstate {
namespace {

constexpr uint64_t kPfr0 = 0x603000000013c020;       // ID_AA64PFR0_EL1
constexpr uint64_t kSctlr = 0x603000000013c080;      // SCTLR_EL1
constexpr uint64_t kPsci = 0x6030000000140000;       // KVM_REG_ARM_PSCI_VERSION
constexpr uint64_t kVendorHyp = 0x6030000000160002;  // KVM_REG_ARM_VENDOR_HYP_BMAP
constexpr uint64_t kZ0 = 0x6080000000150000;
constexpr uint64_t kLengths = 0x606000000015ffff;

RegisterId Id(uint64_t raw) { return *RegisterId::Create(raw); }

// All registers hold `value` in their lowest byte.
RegisterList List(uint64_t value, const std::vector<uint64_t>& ids) {
  RegisterListBuilder builder;
  for (const uint64_t id : ids) builder.Add(Id(id), value);
  return *std::move(builder).Build();
}

TEST(ListProfile, WhatIdentifiesTheTargetIsUndeterminedIfItDiffersAndTheRestIsStored) {
  const std::vector<uint64_t> ids = {kPfr0, kSctlr, kPsci, kVendorHyp, kZ0, kLengths};
  const RegisterList target = List(1, ids);
  EngineVcpu vcpu(ProfileFromRegisterList("vms/b/checkpoints/1", IdScheme::kKvm, target));
  const RestoreReport other = RestoreRegisters(List(3, ids), vcpu, OnRefusal::kKeepGoing);
  EXPECT_EQ(other.verdict, Verdict::kUndetermined);
  std::vector<uint64_t> undetermined;
  for (const RegisterFinding& finding : other.findings) {
    EXPECT_EQ(finding.outcome, RegisterOutcome::kWriteUndetermined) << finding.id.ToString();
    undetermined.push_back(finding.id.raw());
  }
  EXPECT_EQ(undetermined, (std::vector<uint64_t>{kPfr0, kPsci, kVendorHyp, kLengths}));

  EngineVcpu same(ProfileFromRegisterList("vms/b/checkpoints/1", IdScheme::kKvm, target));
  EXPECT_EQ(RestoreRegisters(target, same, OnRefusal::kKeepGoing).verdict, Verdict::kAccepted);
}

TEST(ListProfile, ListsAreCompared) {
  EngineVcpu vcpu(ProfileFromRegisterList("vms/b/checkpoints/1", IdScheme::kTcg, List(1, {kPfr0, kSctlr})));
  const RestoreReport report = RestoreRegisters(List(1, {kSctlr, kZ0}), vcpu, OnRefusal::kKeepGoing);
  EXPECT_EQ(report.verdict, Verdict::kRefused);
  ASSERT_EQ(report.findings.size(), 2u);
  EXPECT_EQ(report.findings[0].outcome, RegisterOutcome::kNotInCheckpoint);
  EXPECT_EQ(report.findings[1].outcome, RegisterOutcome::kUnknown);
}

TEST(RegisterKind, IdRegisters) {
  const uint64_t id_registers[] = {
      kPfr0,
      0x603000000013c005,  // MPIDR_EL1
      0x603000000013c801,  // CLIDR_EL1 (op1 = 1)
      0x603000000013d801,  // CTR_EL0 (op1 = 3)
      0x6020000000110000,  // KVM's demux: CCSIDR of level 1
      0x40200000200f0000,  // MIDR, QEMU's copy
      0x40200000000f0008,  // CCSIDR of AArch32 (opc1 = 1)
      0x40200000200e0000,  // DBGDIDR
  };
  for (const uint64_t id : id_registers) EXPECT_TRUE(IsIdRegister(Id(id))) << std::hex << id;
  const uint64_t others[] = {
      kSctlr,
      kPsci,
      kZ0,
      kLengths,
      0x603000000013d000,  // CSSELR_EL1 (op1 = 2)
      0x603000000013e000,  // VPIDR_EL2 (op1 = 4)
      0x40200000200f0010,  // CSSELR (opc1 = 2)
      0x40200000200f0800,  // SCTLR
      0x40200000200e0010,  // DBGDSCRext's neighbour (opc1 = 2)
  };
  for (const uint64_t id : others) EXPECT_FALSE(IsIdRegister(Id(id))) << std::hex << id;
}

}  // namespace
}  // namespace armstate
