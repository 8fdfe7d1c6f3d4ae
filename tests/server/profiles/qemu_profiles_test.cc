#include "server/profiles/qemu_profiles.h"

#include <gtest/gtest.h>

#include <string>

#include "core/engine_vcpu.h"
#include "core/restore.h"
#include "server/profiles/merged_profile.h"
#include "server/profiles/profile_name.h"

namespace armstate {
namespace {

constexpr uint64_t kCntfrq = 0x603000000013df00;

const ProfileRegistry& Profiles() {
  static const ProfileRegistry* registry = ProfileRegistry::BuiltIn()->release();
  return *registry;
}

ChosenProfile Chosen(const std::string& name) {
  const absl::StatusOr<ChosenProfile> chosen = ChooseProfile(Profiles(), "cpuProfiles/" + name);
  EXPECT_TRUE(chosen.ok()) << chosen.status();
  return chosen.ok() ? *chosen : ChosenProfile();
}

std::string NameOf(const ChosenProfile& chosen) { return chosen.entry->message.name(); }

TEST(ProfileName, IsTakenApart) {
  const auto name = ParseQemuProfileName("qemu-10.0.5.virt-9.0.max.el2.mte");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->series, QemuSeries(10, 0));
  EXPECT_EQ(name->patch, 5);
  EXPECT_EQ(name->machine, "virt");
  EXPECT_EQ(name->machine_version, QemuSeries(9, 0));
  EXPECT_EQ(name->cpu, "max.el2.mte");
  const auto board = ParseQemuProfileName("qemu-7.2.mps2-an385.cortex-m3");
  ASSERT_TRUE(board);
  EXPECT_FALSE(board->patch);
  EXPECT_EQ(board->machine, "mps2-an385");
  EXPECT_FALSE(board->machine_version);
  EXPECT_EQ(ParseQemuProfileName("qemu-7.2.versatilepb.arm1136-r2")->cpu, "arm1136-r2");
  for (const char* other : {"kvm-6.12.117.cortex-a72.pmu-1a2b3c4d", "qemu-7", "qemu-7.2", "qemu-7.2.virt",
                            "qemu-7.2.virt.", "qemu-x.y.virt.max", "qemu-99999.1.virt.max", "qemu-7.2..max", ""}) {
    EXPECT_FALSE(ParseQemuProfileName(other)) << other;
  }
}

TEST(ProfileName, OfEveryBuiltInProfile) {
  for (const auto& [id, index] : Profiles().built_in().names()) {
    EXPECT_TRUE(ParseQemuProfileName(id)) << id;
    EXPECT_FALSE(ParseQemuProfileName(id)->patch) << id;
  }
}

TEST(ProfileName, VersionsAsQemuPrintsThem) {
  const auto debian = ParseQemuVersion("10.0.2 (Debian 1:10.0.2+ds-2+deb13u1~bpo12+1)");
  ASSERT_TRUE(debian);
  EXPECT_EQ(debian->first, QemuSeries(10, 0));
  EXPECT_EQ(debian->second, 2);
  EXPECT_FALSE(ParseQemuVersion("11.1")->second);
  EXPECT_FALSE(ParseQemuVersion("unknown"));
}

TEST(ChooseProfile, TheOneThatIsNamed) {
  const ChosenProfile chosen = Chosen("qemu-10.0.virt.cortex-a57");
  EXPECT_EQ(NameOf(chosen), "cpuProfiles/qemu-10.0.virt.cortex-a57");
  EXPECT_EQ(chosen.note, "");
  EXPECT_EQ(ChooseProfile(Profiles(), "cpuProfiles/qemu-10.0.virt.cortex-z1").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ChooseProfile(Profiles(), "cpuProfiles/kvm-6.1.x").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ChooseProfile(Profiles(), "qemu-10.0.virt.max").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ChooseProfile, APatchReleaseUsesItsSeries) {
  const ChosenProfile chosen = Chosen("qemu-10.0.5.virt.cortex-a57");
  EXPECT_EQ(NameOf(chosen), "cpuProfiles/qemu-10.0.virt.cortex-a57");
  EXPECT_EQ(chosen.note, "QEMU 10.0.5 is judged by the profile of its series, which was made with 10.0.2");
}

// A machine that was found to have the same CPU has no profile of its own.
TEST(ChooseProfile, AMachineThatIsTheSame) {
  EXPECT_EQ(NameOf(Chosen("qemu-11.1.realview-eb.arm926")), "cpuProfiles/qemu-11.1.versatilepb.arm926");
}

// QEMU 10.0 -M virt-9.0 -cpu max has CNTFRQ of 62.5 MHz, virt-9.1 and later 1 GHz.
TEST(ChooseProfile, AnOlderMachineType) {
  const auto frequency = [](const std::string& name) {
    const CpuProfile& profile = *Chosen(name).entry->profile;
    return LowWord(*profile.reset().Find(*RegisterId::Create(kCntfrq)));
  };
  EXPECT_EQ(NameOf(Chosen("qemu-10.0.virt-9.2.cortex-a57")), "cpuProfiles/qemu-10.0.virt.cortex-a57");
  EXPECT_EQ(frequency("qemu-10.0.virt-9.1.max"), 1000000000u);
  EXPECT_EQ(frequency("qemu-10.0.virt-10.0.max"), 1000000000u);
  EXPECT_EQ(frequency("qemu-10.0.virt-9.0.max"), 62500000u);
  EXPECT_EQ(frequency("qemu-10.0.virt-7.2.max"), 62500000u);
  EXPECT_EQ(frequency("qemu-11.1.virt-7.2.max"), 62500000u);
  EXPECT_EQ(frequency("qemu-11.1.virt.max"), 1000000000u);
}

TEST(ChooseProfile, WhatAStreamSaysOfItsQemu) {
  const auto chosen = ChooseProfile(Profiles(), {"10.0.2 (Debian)", "virt-10.0", "cortex-a57", {"virtualization=on"}});
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_EQ(NameOf(*chosen), "cpuProfiles/qemu-10.0.virt.cortex-a57.el2");
  EXPECT_EQ(ChooseProfile(Profiles(), {"new", "virt", "max", {}}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ChooseProfile(Profiles(), {"10.0", "virt", "cortex-z1", {}}).status().code(), absl::StatusCode::kNotFound);
}

TEST(ChooseProfile, ASeriesBetweenTwo) {
  const ChosenProfile chosen = Chosen("qemu-8.2.virt.cortex-a57");
  EXPECT_EQ(NameOf(chosen), "cpuProfiles/qemu-8.2.virt.cortex-a57");
  EXPECT_EQ(chosen.entry->message.hypervisor_version(), "8.2");
  EXPECT_EQ(chosen.note,
            "there is no profile of QEMU 8.2: judged by the releases before and after it, qemu-7.2.virt.cortex-a57 and "
            "qemu-10.0.virt.cortex-a57; what differs between these is not known");
  EXPECT_FALSE(chosen.is_guess);
}

TEST(ChooseProfile, ASeriesBesideAll) {
  const ChosenProfile later = Chosen("qemu-12.0.virt.cortex-a57");
  EXPECT_EQ(NameOf(later), "cpuProfiles/qemu-11.1.virt.cortex-a57");
  EXPECT_TRUE(later.is_guess);
  // 7.2 has no cortex-a710.
  EXPECT_EQ(NameOf(Chosen("qemu-8.2.virt.cortex-a710")), "cpuProfiles/qemu-10.0.virt.cortex-a710");
  EXPECT_TRUE(Chosen("qemu-8.2.virt.cortex-a710").is_guess);
}

// Every profile that has neighbours can be merged with them.
TEST(ChooseProfile, EverySeriesBetweenTwo) {
  int merged = 0;
  for (const auto& [id, index] : Profiles().built_in().names()) {
    const QemuProfileName name = *ParseQemuProfileName(id);
    if (name.series != QemuSeries(10, 0)) continue;
    for (const char* series : {"9.1", "10.2"}) {
      const std::string wanted = "qemu-" + std::string(series) + id.substr(sizeof("qemu-10.0") - 1);
      const ChosenProfile chosen = Chosen(wanted);
      ASSERT_NE(chosen.entry, nullptr) << wanted;
      merged += !chosen.is_guess;
    }
  }
  EXPECT_GT(merged, 300);
}

v1::RegisterRule Rule(uint64_t id, uint64_t reset, uint64_t writable) {
  v1::RegisterRule rule;
  rule.set_id(id);
  if (reset != 0) rule.add_reset(reset);
  if (writable != 0) rule.add_writable(writable);
  return rule;
}

TEST(MergeProfiles, WhatBothSayStandsAndTheRestIsUndetermined) {
  v1::CpuProfile first, second;
  for (v1::CpuProfile* profile : {&first, &second}) {
    profile->set_name("cpuProfiles/x");
    profile->set_accelerator(v1::ACCELERATOR_TCG);
  }
  *first.add_registers() = Rule(0x603000000013c000, 0x10, 0);  // another constant, bit 4 of it
  *second.add_registers() = Rule(0x603000000013c000, 0x00, 0);
  *first.add_registers() = Rule(0x603000000013c030, 5, 0);                   // only in one
  *first.add_registers() = Rule(0x603000000013c080, 1, 0xfffffffffffffffe);  // bit 0 is writable in the other
  *second.add_registers() = Rule(0x603000000013c080, 0, 0xffffffffffffffff);
  *first.add_registers() = Rule(0x603000000013c082, 3, 0);
  *second.add_registers() = Rule(0x603000000013c082, 3, 0);
  const auto registered = RegisterProfile(MergeProfiles(first, second), ProfileOrigin::kBuiltIn);
  ASSERT_TRUE(registered.ok()) << registered.status();
  const auto verdict = [&](std::initializer_list<std::pair<uint64_t, uint64_t>> values) {
    EngineVcpu vcpu((*registered)->profile);
    RegisterListBuilder builder;
    for (const auto& [id, value] : values) builder.Add(*RegisterId::Create(id), value);
    return RestoreRegisters(*std::move(builder).Build(), vcpu, OnRefusal::kKeepGoing, ListScope::kSomeRegisters)
        .verdict;
  };
  EXPECT_EQ(verdict({{0x603000000013c082, 3}}), Verdict::kAccepted);
  EXPECT_EQ(verdict({{0x603000000013c082, 2}}), Verdict::kRefused);
  EXPECT_EQ(verdict({{0x603000000013c080, 0x101}}), Verdict::kAccepted);
  EXPECT_EQ(verdict({{0x603000000013c080, 0x100}}), Verdict::kUndetermined);
  EXPECT_EQ(verdict({{0x603000000013c000, 0x10}}), Verdict::kUndetermined);
  EXPECT_EQ(verdict({{0x603000000013c000, 0x00}}), Verdict::kUndetermined);
  EXPECT_EQ(verdict({{0x603000000013c000, 0x11}}), Verdict::kRefused);
  EXPECT_EQ(verdict({{0x603000000013c030, 5}}), Verdict::kUndetermined);
  EXPECT_EQ(verdict({{0x603000000013c030, 6}}), Verdict::kUndetermined);
}

}  // namespace
}  // namespace armstate
