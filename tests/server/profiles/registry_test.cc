#include "server/profiles/registry.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "core/engine_vcpu.h"
#include "core/error.h"

namespace armstate {
namespace {

TEST(ProfileRegistryTest, HasTheBuiltInProfiles) {
  const auto registry = ProfileRegistry::BuiltIn();
  ASSERT_TRUE(registry.ok()) << registry.status();
  const auto a57 = (*registry)->Find("cpuProfiles/qemu-7.2.virt.cortex-a57");
  ASSERT_TRUE(a57.ok()) << a57.status();
  // 258 coprocessor registers in QEMU's list, and X0-X30, SP_EL0, PC, PSTATE, SP_EL1, ELR_EL1, five SPSRs, V0-V31,
  // FPSR, FPCR.
  EXPECT_EQ((*a57)->profile->layout()->size(), 258u + 31 + 3 + 2 + 5 + 32 + 2);
  EXPECT_EQ((*a57)->message.register_count(), 333);
}

TEST(ProfileRegistryTest, NamesAnUnknownProfile) {
  const auto registry = ProfileRegistry::BuiltIn();
  ASSERT_TRUE(registry.ok()) << registry.status();
  const auto none = (*registry)->Find("cpuProfiles/cortex-z1");
  EXPECT_EQ(none.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(GetErrorInfo(none.status())->reason, ErrorReason::kCpuProfileNotFound);
  EXPECT_EQ((*registry)->Find("profiles/cortex-a57").status().code(), absl::StatusCode::kInvalidArgument);
}

std::shared_ptr<const RegisteredProfile> Imported(v1::CpuProfile profile, const std::string& name) {
  profile.set_name(name);
  const auto registered = RegisterProfile(std::move(profile), ProfileOrigin::kImported);
  EXPECT_TRUE(registered.ok()) << registered.status();
  return *registered;
}

class ImportTest : public testing::Test {
 protected:
  static constexpr char kMax[] = "cpuProfiles/qemu-7.2.virt.max";

  std::string CpuOf(const std::string& name) {
    const auto found = registry_->Find(name);
    return found.ok() ? (*found)->message.cpu_model() : std::string(found.status().message());
  }

  std::unique_ptr<ProfileRegistry> registry_ = std::move(*ProfileRegistry::BuiltIn());
  v1::CpuProfile max_ = (*registry_->Find(kMax))->message;
};

TEST_F(ImportTest, AProfileIsAddedReplacedAndTakenOut) {
  max_.set_cpu_model("one");
  registry_->Change(ProfileRegistry::ChangeLock(*registry_), {Imported(max_, "cpuProfiles/mine")}, {});
  EXPECT_EQ(CpuOf("cpuProfiles/mine"), "one");
  const auto content = Imported(max_, "cpuProfiles/any");
  EXPECT_EQ(registry_->FindContent(*content)->message.name(), "cpuProfiles/mine");
  max_.set_cpu_model("two");
  registry_->Change(ProfileRegistry::ChangeLock(*registry_), {Imported(max_, "cpuProfiles/mine")}, {});
  EXPECT_EQ(CpuOf("cpuProfiles/mine"), "two");
  EXPECT_EQ(registry_->FindContent(*content), nullptr);
  EXPECT_EQ(registry_->Imported().size(), 1u);
  registry_->Change(ProfileRegistry::ChangeLock(*registry_), {}, {"mine"});
  EXPECT_EQ(CpuOf("cpuProfiles/mine"), "no CPU profile mine; see ListCpuProfiles for the names");
  EXPECT_EQ(registry_->FindContent(*Imported(max_, "cpuProfiles/any")), nullptr);
}

// An older import may have the name or the content of a profile that came with a newer program.
TEST_F(ImportTest, ABuiltInProfileStays) {
  v1::CpuProfile other = max_;
  other.set_cpu_model("other");
  registry_->Change(ProfileRegistry::ChangeLock(*registry_),
                    {Imported(other, kMax), Imported(max_, "cpuProfiles/same")}, {});
  EXPECT_EQ(CpuOf(kMax), "max");
  EXPECT_EQ(CpuOf("cpuProfiles/same"), "max");
  registry_->Change(ProfileRegistry::ChangeLock(*registry_), {}, {"same"});
  EXPECT_EQ(registry_->FindContent(*Imported(max_, "cpuProfiles/any"))->message.name(), kMax);
}

TEST(ProfileNameTest, IsMadeOfWhatANameMayHave) {
  v1::CpuProfile profile;
  profile.set_hypervisor_version("6.18.15+deb13-cloud-arm64");
  profile.set_cpu_model("Arm \xc3\xa9 Neoverse/N1");
  EXPECT_EQ(ProbedProfileName(profile, "a b").substr(0, 47), "cpuProfiles/kvm-6.18.15.Arm----Neoverse-N1.a-b-");
  profile.set_hypervisor_version("unknown");
  profile.set_cpu_model(std::string(300, 'x'));
  const std::string name = ProbedProfileName(profile, std::string(300, 'y'));
  EXPECT_LE(name.size(), sizeof("cpuProfiles/") - 1 + 128);
}

}  // namespace
}  // namespace armstate
