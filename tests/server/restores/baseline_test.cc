// Baselines over recorded KVM hosts: a list of one host that starts with the baseline's values is accepted by every
// other one, in all ID registers that have no obstacle.
#include "core/baseline.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/engine_vcpu.h"
#include "core/register_kind.h"
#include "proto/cpu_profile_conversion.h"
#include "server/probe/infer_profiles.h"
#include "server/verdict/built_in_tolerances.h"
#include "tests/server/kvm_corpus.h"

namespace armstate {
namespace {

using Profile = std::shared_ptr<const CpuProfile>;

std::vector<Profile> Profiles(const std::vector<std::string>& hosts, ImplementationId id) {
  std::vector<Profile> profiles;
  for (const std::string& host : hosts) {
    const ProbeRecording probe = ReadHostProbe(host);
    for (const ProbeRecording::FeatureClass& c : probe.classes) {
      if (c.name == "pmu") profiles.push_back(*CpuProfileFromProto(*ProfileFromProbe(probe, c, id)));
    }
  }
  EXPECT_EQ(profiles.size(), hosts.size());
  return profiles;
}

Baseline Compute(const std::vector<Profile>& profiles) {
  return *ComputeBaseline(profiles, *ToleranceSet::Create(*BuiltInTolerances(), IdScheme::kKvm, IdScheme::kKvm));
}

// What must be written anywhere: name and value.
std::map<std::string, std::string> Written(const Baseline& baseline) {
  std::map<std::string, std::string> written;
  for (const BaselineRegister& r : baseline.registers) {
    if (!r.written_on.empty()) written[RegisterName(r.id, IdScheme::kKvm)] = FormatValue(r.value);
  }
  return written;
}

std::set<std::string> Obstacles(const Baseline& baseline) {
  std::set<std::string> names;
  for (const BaselineObstacle& o : baseline.obstacles) {
    names.insert(RegisterName(o.id, IdScheme::kKvm) + (o.field.empty() ? "" : "." + o.field));
  }
  return names;
}

// The captures of each host, with the baseline's values, restored onto each other host.
void ExpectMovable(const std::vector<std::string>& hosts, const std::vector<Profile>& profiles,
                   const Baseline& baseline) {
  std::set<uint64_t> decided;
  for (const BaselineRegister& r : baseline.registers) decided.insert(r.id.raw());
  for (const std::string& host : hosts) {
    const RegisterList captured = ReadRecordedVms(host).at({"pmu", "ran"}).vcpus[0];
    RegisterListBuilder builder;
    for (size_t i = 0; i < captured.size(); ++i) {
      if (decided.count(captured.id(i).raw()) == 0) builder.AddBytes(captured.id(i), captured.value(i));
    }
    for (const BaselineRegister& r : baseline.registers) builder.AddBytes(r.id, r.value);
    const RegisterList list = *std::move(builder).Build();
    for (const Profile& profile : profiles) {
      EngineVcpu vcpu(profile);
      for (const RegisterFinding& f : RestoreRegisters(list, vcpu, OnRefusal::kKeepGoing).findings) {
        EXPECT_EQ(decided.count(f.id.raw()), 0u)
            << host << " onto " << profile->name() << ": " << RegisterName(f.id, IdScheme::kKvm) << " " << f.reason;
      }
    }
  }
}

TEST(BaselineOverRecordedHosts, OneCpuAndThreeKernels) {
  const std::vector<std::string> hosts = {"neoverse-n1@6.1", "neoverse-n1@6.12", "neoverse-n1@6.18"};
  const std::vector<Profile> profiles = Profiles(hosts, ImplementationId::kFixed);
  const Baseline baseline = Compute(profiles);
  EXPECT_EQ(Obstacles(baseline), std::set<std::string>());
  // DebugVer: 6 and 8, the safe value is 6. CLIDR: 6.1 takes no value but its CPU's.
  EXPECT_EQ(Written(baseline), (std::map<std::string, std::string>{{"ID_AA64DFR0_EL1", "0x0000000010305406"},
                                                                   {"CLIDR_EL1", "0x0000000082000023"}}));
  ExpectMovable(hosts, profiles, baseline);
}

TEST(BaselineOverRecordedHosts, TwoCpusOnOneKernel) {
  const std::vector<std::string> hosts = {"cortex-a72@6.12", "neoverse-n1@6.12"};
  const std::vector<Profile> profiles = Profiles(hosts, ImplementationId::kFixed);
  const Baseline baseline = Compute(profiles);
  EXPECT_EQ(Obstacles(baseline),
            (std::set<std::string>{"MIDR_EL1", "ID_AA64PFR0_EL1.RAS", "ID_AA64PFR0_EL1.AdvSIMD", "ID_AA64PFR0_EL1.FP",
                                   "ID_AA64MMFR1_EL1.XNX", "ID_AA64MMFR1_EL1.VH", "ID_AA64MMFR1_EL1.VMIDBits",
                                   "SMCCC_ARCH_WORKAROUND_1", "SMCCC_ARCH_WORKAROUND_2", "SMCCC_ARCH_WORKAROUND_3"}));
  const std::map<std::string, std::string> written = Written(baseline);
  // Cortex-A72 has no more than AES, SHA1, SHA2 and CRC32; Neoverse N1 also Atomic, RDM and DP.
  EXPECT_EQ(written.at("ID_AA64ISAR0_EL1"), "0x0000000000011120");
  // PARange 4 and 5, TGran16 0 and 1.
  EXPECT_EQ(written.at("ID_AA64MMFR0_EL1"), "0x0000000000001124");
  EXPECT_EQ(written.at("ID_AA64ISAR1_EL1"), "0x0000000000000000");
  ExpectMovable(hosts, profiles, baseline);
}

TEST(BaselineOverRecordedHosts, AWritableImplementationIdIsNoObstacle) {
  const std::vector<std::string> hosts = {"cortex-a72@6.18", "neoverse-n1@6.18", "max7@6.18"};
  const std::vector<Profile> profiles = Profiles(hosts, ImplementationId::kWritable);
  const Baseline baseline = Compute(profiles);
  EXPECT_EQ(Obstacles(baseline).count("MIDR_EL1"), 0u);
  EXPECT_EQ(Written(baseline).at("MIDR_EL1"), "0x00000000410fd083");
  ExpectMovable(hosts, profiles, baseline);
}

}  // namespace
}  // namespace armstate
