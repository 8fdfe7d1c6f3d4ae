#include "server/hosts/registered_host.h"

#include <gtest/gtest.h>

#include <string>

#include "server/hosts/host_draft.h"
#include "tests/server/kvm_corpus.h"

namespace armstate {
namespace {

v1::Host ProbedHostOf(const std::string& host) {
  const absl::StatusOr<HostDraft> probed = HostFromProbes({ReadHostProbe(host)});
  EXPECT_TRUE(probed.ok()) << probed.status();
  return probed.ok() ? probed->host : v1::Host();
}

// "sve KVM_ARM_VCPU_INIT EINVAL, ... -> pmu"
std::string Predicted(const v1::Host& host, uint32_t bits, bool memory_tagging = false,
                      bool writable_implementation_id = false) {
  VcpuFeatures wanted;
  wanted.bits = bits;
  wanted.memory_tagging = memory_tagging;
  wanted.writable_implementation_id = writable_implementation_id;
  const VcpuInit init = PredictVcpuInit(host, 0, wanted);
  std::string text;
  for (const v1::UnsupportedFeature& missing : init.missing) {
    text += missing.feature() + " " + missing.call() + " " + missing.error() + ", ";
  }
  if (!init.profile) return text + "-> none";
  const v1::HostProfile& profile = host.profiles(*init.profile);
  return text + "-> " + profile.feature_set() + (profile.writable_implementation_id() ? " impid" : "");
}

// The answers stand in the recorded probes: tests/data/kvm/probes, labels init.feature0 to init.feature9.
TEST(VcpuInitTest, CortexA72) {
  const v1::Host host = ProbedHostOf("cortex-a72@6.12");
  EXPECT_EQ(Predicted(host, 0x4), "-> base");
  EXPECT_EQ(Predicted(host, 0xc), "-> pmu");
  EXPECT_EQ(Predicted(host, 0xe), "-> aarch32");
  EXPECT_EQ(Predicted(host, 0xd), "-> pmu") << "a vCPU that starts powered off";
  EXPECT_EQ(Predicted(host, 0x1c), "sve KVM_ARM_VCPU_INIT EINVAL, -> pmu");
  EXPECT_EQ(Predicted(host, 0x6c),
            "ptrauth_address KVM_ARM_VCPU_INIT EINVAL, ptrauth_generic KVM_ARM_VCPU_INIT EINVAL, -> pmu");
  EXPECT_EQ(Predicted(host, 0x8c), "has_el2 KVM_ARM_VCPU_INIT ENOENT, -> pmu");
  EXPECT_EQ(Predicted(host, 0xc, true), "mte KVM_ENABLE_CAP EINVAL, -> pmu");
  EXPECT_EQ(Predicted(host, 0xc, false, true), "writable_implementation_id KVM_ENABLE_CAP EINVAL, -> pmu");
  EXPECT_EQ(Predicted(host, 0x1c, true), "mte KVM_ENABLE_CAP EINVAL, sve KVM_ARM_VCPU_INIT EINVAL, -> pmu");
  EXPECT_EQ(Predicted(host, 0x100004), "feature_20 KVM_ARM_VCPU_INIT , -> base") << "the probe does not say";
  EXPECT_EQ(Predicted(host, 0x0), "-> none") << "no list of a VM without PSCI 0.2";
  EXPECT_EQ(Predicted(host, 0x6), "-> none") << "AArch32 was probed with a PMU only";
}

TEST(VcpuInitTest, HostWithAllFeatures) {
  const v1::Host host = ProbedHostOf("max7@6.18");
  EXPECT_EQ(Predicted(host, 0x7c, true), "-> full_mte");
  EXPECT_EQ(Predicted(host, 0x7c, true, true), "-> full_mte impid");
  EXPECT_EQ(Predicted(host, 0x7c), "-> full");
}

TEST(VcpuInitTest, HostOfKnownProfilesDoesNotKnowTheAnswers) {
  v1::Host host;
  host.add_profiles()->set_vcpu_features(0x4);
  EXPECT_EQ(Predicted(host, 0x1c, true), "mte KVM_ENABLE_CAP , pmu_v3 KVM_ARM_VCPU_INIT , sve KVM_ARM_VCPU_INIT , -> ");
}

}  // namespace
}  // namespace armstate
