// Tests ConvertCheckpoint with recorded running guests of QEMU 7.2, 10.0 and 11.1, and VMs that were recorded on real
// KVM hosts.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "core/counter_pairs.h"
#include "core/register_list.h"
#include "tests/end_to_end/saved_guest.h"
#include "tests/server/restore_fixture.h"

namespace armstate {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using StatusCode = grpc::StatusCode;
using Names = std::vector<std::string>;

constexpr uint64_t kPar32 = 0x40200000200f3a00;      // PAR by MRC: of these releases 7.2 alone lists it
constexpr uint64_t kPar64 = 0x40300000200f0380;      // the same register by MRRC, which all list
constexpr uint64_t kWrongDtr = 0x40200000200e0298;   // what 10.0 calls DBGDTRTX: p14,3,c0,c5,0
constexpr uint64_t kDtr = 0x40200000200e0280;        // what 11.1 calls it: p14,0,c0,c5,0
constexpr uint64_t kTcr2 = 0x603000000013c103;       // of these releases 11.1 alone lists it
constexpr uint64_t kPfr1 = 0x603000000013c021;       // ID_AA64PFR1_EL1
constexpr uint64_t kMmfr0 = 0x603000000013c038;      // ID_AA64MMFR0_EL1
constexpr uint64_t kHcr = 0x603000000013e088;        // HCR_EL2
constexpr uint64_t kFrequency = 0x603000000013df00;  // CNTFRQ_EL0

const SavedGuest kA57 = {"virt-7.2", "cortex-a57", ""};
const SavedGuest kMax = {"virt-7.2", "max", ""};
const SavedGuest kNewMax = {"virt-10.0", "max", ""};

class ConvertCheckpointTest : public RestoreTest {
 protected:
  static v1::ConvertCheckpointRequest OfGuest(const SavedGuest& guest, const std::string& release,
                                              const std::string& profile, const Names& accept = {}) {
    v1::ConvertCheckpointRequest request;
    *request.mutable_state() = StateOf(Captured(guest.Stream(release)));
    request.mutable_target()->set_cpu_profile(profile);
    request.mutable_accept()->Assign(accept.begin(), accept.end());
    request.set_include_secrets(true);
    return request;
  }
  static v1::RegisterList& ListOf(v1::ConvertCheckpointRequest& request) {
    return *request.mutable_state()->mutable_vcpus(0)->mutable_registers();
  }

  // The call must succeed.
  v1::ConvertCheckpointResponse Convert(const v1::ConvertCheckpointRequest& request) {
    v1::ConvertCheckpointResponse response;
    EXPECT_EQ(Call(restore(), &RestoreStub::ConvertCheckpoint, request, &response), RpcResult());
    return response;
  }
  v1::RegisterReport Finding(const v1::ConvertCheckpointRequest& request, uint64_t id) {
    return FindingOf(Convert(request).report().vcpus(0), id);
  }
  // Returns what vCPU 0 must hold; unset if the answer lacks the register.
  static absl::optional<uint64_t> Held(const v1::ConvertCheckpointResponse& response, uint64_t id) {
    if (response.vcpus_size() == 0) return absl::nullopt;
    const auto& ids = response.vcpus(0).registers().ids();
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) return absl::nullopt;
    return ValueOf(response.vcpus(0).registers(), id);
  }
  RpcResult Refusal(const v1::ConvertCheckpointRequest& request) {
    return Call(restore(), &RestoreStub::ConvertCheckpoint, request);
  }
};

TEST_F(ConvertCheckpointTest, AStoredCheckpointIsNamedWithItsVersion) {
  v1::CreateCheckpointRequest stored;
  stored.set_parent("vms/web");
  *stored.mutable_checkpoint() = StateOf(Captured(kA57.Stream("7.2")));
  Create(stored);
  v1::ConvertCheckpointRequest request;
  request.set_checkpoint("vms/web/checkpoints/latest");
  request.mutable_target()->set_cpu_profile(kA57.Profile("11.1"));
  const v1::ConvertCheckpointResponse by_name = Convert(request);
  EXPECT_EQ(by_name.checkpoint(), "vms/web/checkpoints/1");
  EXPECT_EQ(by_name.report().verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  EXPECT_EQ(by_name.target().name(), kA57.Profile("11.1"));
  EXPECT_THAT(by_name.target().hypervisor_version(), StartsWith("11.1."));
  EXPECT_EQ(by_name.target().registers_size(), 0);
  // The result is the same for the state itself, and nothing was stored or changed.
  const v1::ConvertCheckpointResponse of_state = Convert(OfGuest(kA57, "7.2", kA57.Profile("11.1")));
  EXPECT_EQ(of_state.checkpoint(), "");
  ASSERT_EQ(of_state.vcpus_size(), 1);
  EXPECT_EQ(of_state.vcpus(0).SerializeAsString(), by_name.vcpus(0).SerializeAsString());
  EXPECT_EQ(LatestVersion("vms/web"), 1);

  request.set_checkpoint("vms/web/checkpoints/2");
  EXPECT_EQ(Refusal(request).code, StatusCode::NOT_FOUND);
}

TEST_F(ConvertCheckpointTest, WhatTheGuestWroteIsNotDroppedInSilence) {
  v1::ConvertCheckpointRequest request = OfGuest(kNewMax, "11.1", kNewMax.Profile("10.0"), {"feature-gone"});
  EXPECT_EQ(Convert(request).report().verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  EXPECT_EQ(Finding(request, kTcr2).tolerance(), "held-nothing");
  SetValue(ListOf(request), kTcr2, 0x10);
  const v1::ConvertCheckpointResponse refused = Convert(request);
  EXPECT_EQ(refused.report().verdict(), v1::VERDICT_REFUSED);
  EXPECT_THAT(refused.vcpus(), IsEmpty());
  const v1::RegisterReport finding = Finding(request, kTcr2);
  EXPECT_EQ(finding.accept_as(), "state-lost");
  EXPECT_EQ(finding.tolerance(), "");
  EXPECT_THAT(finding.reason(), HasSubstr("0x10"));
  request.add_accept("state-lost");
  const v1::ConvertCheckpointResponse accepted = Convert(request);
  EXPECT_EQ(accepted.report().verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  ASSERT_EQ(accepted.vcpus_size(), 1);
  EXPECT_THAT(accepted.vcpus(0).registers().ids(), Not(Contains(kTcr2)));
}

TEST_F(ConvertCheckpointTest, ARenamedRegisterKeepsItsValue) {
  v1::ConvertCheckpointRequest request = OfGuest(kA57, "7.2", kA57.Profile("10.0"));
  SetValue(ListOf(request), kPar32, 0x801);
  SetValue(ListOf(request), kPar64, 0xff00000000000801);
  EXPECT_EQ(Finding(request, kPar32).tolerance(), "kept-elsewhere");
  EXPECT_EQ(Held(Convert(request), kPar64), 0xff00000000000801);

  // A constant 0 in both releases is not reported.
  const v1::ConvertCheckpointResponse response = Convert(OfGuest(kA57, "10.0", kA57.Profile("11.1")));
  EXPECT_EQ(response.report().verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  EXPECT_EQ(FindingOf(response.report().vcpus(0), kWrongDtr).outcome(), 0);
  EXPECT_EQ(FindingOf(response.report().vcpus(0), kDtr).outcome(), 0);
  EXPECT_EQ(Held(response, kDtr), 0u);
  EXPECT_EQ(Held(response, kWrongDtr), absl::nullopt);
  // 7.2 lists it under neither name.
  EXPECT_EQ(Finding(OfGuest(kA57, "11.1", kA57.Profile("7.2")), kDtr).tolerance(), "held-nothing");
}

TEST_F(ConvertCheckpointTest, AFeatureThatIsGoneIsNamedByItsFields) {
  const v1::RegisterReport finding = Finding(OfGuest(kNewMax, "11.1", kNewMax.Profile("10.0")), kPfr1);
  EXPECT_EQ(finding.accept_as(), "feature-gone");
  // 0x0010101012000121 and 0x0000001001000121, as the two releases saved them.
  EXPECT_THAT(finding.reason(), AllOf(HasSubstr("GCS was 1 (implemented) and is 0 (not implemented)"),
                                      HasSubstr("SME was 2 (SME2) and is 1 (SME)")));
  std::map<std::string, std::pair<uint64_t, uint64_t>> fields;
  for (const v1::FieldDifference& field : finding.fields()) fields[field.field()] = {field.wanted(), field.got()};
  EXPECT_EQ(fields["GCS"], (std::pair<uint64_t, uint64_t>(1, 0)));
  EXPECT_EQ(fields["SME"], (std::pair<uint64_t, uint64_t>(2, 1)));
  EXPECT_EQ(fields.count("NMI"), 0u);  // 1 in both
}

TEST_F(ConvertCheckpointTest, TheMachineTypeChoosesTheProfileAndWithItTheCounter) {
  v1::ConvertCheckpointRequest request = OfGuest(kMax, "7.2", kMax.Profile("10.0"), {"feature-gone"});
  const v1::ConvertCheckpointResponse response = Convert(request);
  EXPECT_EQ(response.target().name(), "cpuProfiles/qemu-10.0.virt-9.0.max");
  EXPECT_EQ(response.report().cpu_profile(), "cpuProfiles/qemu-10.0.virt-9.0.max");
  EXPECT_EQ(response.report().verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  EXPECT_EQ(Held(response, kFrequency), 62500000u);

  request.mutable_state()->mutable_source()->clear_machine_type();
  const v1::ConvertCheckpointResponse newest = Convert(request);
  EXPECT_EQ(newest.target().name(), "cpuProfiles/qemu-10.0.virt.max");
  EXPECT_EQ(newest.report().verdict(), v1::VERDICT_REFUSED);
  const v1::RegisterReport finding = Finding(request, kFrequency);
  EXPECT_EQ(finding.accept_as(), "counter-frequency");
  EXPECT_THAT(
      finding.reason(),
      HasSubstr(
          "62.5 MHz and would run at 1 GHz, without the guest knowing: its clock would be wrong, 16 times as fast"));
  request.add_accept("counter-frequency");
  EXPECT_EQ(Convert(request).report().verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
}

TEST_F(ConvertCheckpointTest, AnotherCpuModelOnlyWhereItIsAskedFor) {
  // PARange: 44 bits, and 40 on a Cortex-A53.
  v1::ConvertCheckpointRequest request = OfGuest(kA57, "7.2", "cpuProfiles/qemu-7.2.virt.cortex-a53", {"feature-gone"});
  const v1::ConvertCheckpointResponse other = Convert(request);
  EXPECT_EQ(other.source_profile(), "cpuProfiles/qemu-7.2.virt.cortex-a57");
  EXPECT_EQ(other.report().verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  EXPECT_THAT(Finding(request, kMmfr0).reason(), HasSubstr("PARange was 4 (44 bits) and is 2 (40 bits)"));
  EXPECT_EQ(Held(other, kMmfr0), 0x1122u);

  request.set_same_cpu_model(true);
  const v1::ConvertCheckpointResponse same = Convert(request);
  EXPECT_EQ(same.report().verdict(), v1::VERDICT_REFUSED);
  EXPECT_THAT(same.vcpus(), IsEmpty());
  for (const v1::RegisterReport& finding : same.report().vcpus(0).registers()) EXPECT_EQ(finding.accept_as(), "");
  // Another release has the same model.
  request.mutable_target()->set_cpu_profile(kA57.Profile("11.1"));
  EXPECT_EQ(Convert(request).report().verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
}

TEST_F(ConvertCheckpointTest, ExceptionLevelsThatOneSideHas) {
  // The recorded guest with virtualization=on runs at EL2.
  const SavedGuest el2 = {"virt-7.2", "cortex-a57", "el2"};
  const Names all = {"feature-gone", "state-lost", "counter-frequency", "exception-levels"};
  const v1::ConvertCheckpointResponse nowhere = Convert(OfGuest(el2, "7.2", kA57.Profile("7.2"), all));
  EXPECT_EQ(nowhere.report().verdict(), v1::VERDICT_REFUSED);
  EXPECT_THAT(FindingOf(nowhere.report().vcpus(0), kHcr).reason(), HasSubstr("runs at EL2"));
  EXPECT_EQ(Finding(OfGuest(kA57, "7.2", el2.Profile("11.1")), kHcr).accept_as(), "exception-levels");
  EXPECT_EQ(Convert(OfGuest(kA57, "7.2", el2.Profile("11.1"), all)).report().verdict(),
            v1::VERDICT_ACCEPTED_WITH_CHANGES);
}

TEST_F(ConvertCheckpointTest, ListsAreATargetOfWhichTheReleaseIsRecognised) {
  v1::ConvertCheckpointRequest request = OfGuest(kA57, "7.2", "");
  const QemuCapture target = Captured(kA57.Stream("11.1"));
  v1::VcpuLists& lists = *request.mutable_target()->mutable_lists();
  lists.set_accelerator(v1::ACCELERATOR_TCG);
  lists.set_machine_type("virt-7.2");
  *lists.add_vcpus() = StateOf(target).vcpus(0).registers();
  request.set_same_cpu_model(true);
  const v1::ConvertCheckpointResponse response = Convert(request);
  EXPECT_EQ(response.report().verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  EXPECT_EQ(response.target().name(), "");
  EXPECT_EQ(response.target().cpu_model(), "cortex-a57");
  EXPECT_THAT(response.target().hypervisor_version(), StartsWith("11.1."));
  ASSERT_EQ(response.vcpus_size(), 1);
  const auto& ids = response.vcpus(0).registers().ids();
  EXPECT_TRUE(std::equal(ids.begin(), ids.end(), target.vcpus[0].registers.layout().raw_ids().begin(),
                         target.vcpus[0].registers.layout().raw_ids().end()));
}

TEST_F(ConvertCheckpointTest, WhatNobodyTriedIsUndetermined) {
  // Between 7.2 and 10.0, whose lists differ.
  const v1::ConvertCheckpointResponse response = Convert(OfGuest(kA57, "7.2", kA57.Profile("9.1")));
  EXPECT_EQ(response.report().verdict(), v1::VERDICT_UNDETERMINED);
  EXPECT_THAT(response.vcpus(), IsEmpty());
}

TEST_F(ConvertCheckpointTest, WhatIsNotSaidRight) {
  v1::ConvertCheckpointRequest request = OfGuest(kA57, "7.2", kA57.Profile("10.0"), {"features-gone"});
  EXPECT_EQ(Refusal(request), (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "accept"}}}));
  EXPECT_THAT(Refusal(request).message, HasSubstr("feature-gone, state-lost, counter-frequency"));
  request.clear_accept();
  request.mutable_target()->clear_cpu_profile();
  EXPECT_EQ(Refusal(request).code, StatusCode::INVALID_ARGUMENT);
  request.mutable_target()->set_cpu_profile("cpuProfiles/qemu-10.0.virt.cortex-a5700");
  EXPECT_EQ(Refusal(request).code, StatusCode::NOT_FOUND);
  request.mutable_target()->set_cpu_profile(kA57.Profile("10.0"));
  ListOf(request).mutable_values()->resize(8);
  EXPECT_EQ(Refusal(request).reason, "REGISTER_LIST_MALFORMED");
  request.clear_state();
  EXPECT_EQ(Refusal(request), (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "source"}}}));
  // A VM of KVM stays on KVM.
  *request.mutable_state() = Recorded("v", "cortex-a72@6.12", "pmu").checkpoint();
  EXPECT_EQ(Refusal(request), (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "target"}}}));
}

// The results of KVM_SET_ONE_REG when VMs of these hosts were restored, register by register.
TEST_F(ConvertCheckpointTest, WhatAKvmHostRefusedIsNamedAndNotInItsLists) {
  const Names hosts = {"cortex-a72@6.1", "cortex-a72@6.12", "cortex-a72@6.18"};
  for (const std::string& host : hosts) {
    const std::string name = AddHost(host == hosts[0] ? "h1" : host == hosts[1] ? "h12" : "h18", host);
    const std::vector<uint64_t> listed = ReadRecordedVms(host).at({"pmu", "ran"}).ids;
    for (const RecordedRestore& real : ReadRecordedRestores(host)) {
      const bool same_model = real.source.rfind("cortex-a72@", 0) == 0;
      if (real.feature_class != "pmu" || real.order != "clrfirst") continue;
      SCOPED_TRACE(absl::StrCat(real.source, " -> ", host));
      const RecordedVm source = ReadRecordedVms(real.source).at({"pmu", real.state});
      v1::ConvertCheckpointRequest request;
      *request.mutable_state() = Recorded("v", source).checkpoint();
      request.mutable_target()->set_host(name);
      const v1::ConvertCheckpointResponse response = Convert(request);
      // Between kernels on one CPU model no more is in the way than the physical timer, which 6.1 does not list: this
      // guest lets its user programs read it.
      std::set<std::string> in_the_way;
      for (const v1::RegisterReport& finding : response.report().vcpus(0).registers()) {
        if (!finding.accept_as().empty()) in_the_way.insert(finding.name());
      }
      const std::set<std::string> timer = {"CNTPCT_EL0", "CNTP_CTL_EL0", "CNTP_CVAL_EL0"};
      if (same_model) {
        EXPECT_TRUE(std::includes(timer.begin(), timer.end(), in_the_way.begin(), in_the_way.end()))
            << testing::PrintToString(in_the_way);
        EXPECT_EQ(response.report().verdict() == v1::VERDICT_REFUSED, !in_the_way.empty());
      }
      const bool accepted = response.vcpus_size() > 0;
      for (const auto& [key, finding] : real.findings) {
        if (finding.kind != "set") continue;
        const auto& [vcpu, id] = key;
        const v1::RegisterReport named = FindingOf(response.report().vcpus(vcpu), id);
        EXPECT_NE(named.outcome(), 0) << vcpu << " " << std::hex << id;
        if (!accepted) continue;
        EXPECT_NE(named.tolerance(), "") << named.ShortDebugString();
        const v1::RegisterList& list = response.vcpus(vcpu).registers();
        if (std::find(list.ids().begin(), list.ids().end(), id) == list.ids().end()) continue;
        const std::string read_back = FormatValue(named.got());
        EXPECT_EQ(read_back, finding.read_back) << named.ShortDebugString();
        EXPECT_NE(ValueOf(list, id), LowWord(*source.vcpus[vcpu].Find(*RegisterId::Create(id))));
      }
      if (accepted) {
        // What was made for Linux 6.12 is as good a source as the original, also for another kernel.
        v1::ConvertCheckpointRequest through = request;
        through.mutable_target()->set_host("hosts/h12");
        const v1::ConvertCheckpointResponse for_6_12 =
            host == hosts[0] ? v1::ConvertCheckpointResponse() : Convert(through);
        if (for_6_12.vcpus_size() > 0) {
          *through.mutable_state()->mutable_vcpus() = for_6_12.vcpus();
          *through.mutable_target() = request.target();
          const v1::ConvertCheckpointResponse onwards = Convert(through);
          for (const v1::VcpuState& vcpu : onwards.vcpus()) {
            for (const CounterPairIds& pair : kCounterPairs) {
              const uint64_t set = ValueOf(vcpu.registers(), pair.set.raw());
              EXPECT_EQ(ValueOf(vcpu.registers(), pair.clear.raw()), host == "cortex-a72@6.12" ? ~set : set);
            }
          }
        }
        v1::ConvertCheckpointRequest again = request;
        *again.mutable_state()->mutable_vcpus() = response.vcpus();
        const v1::ConvertCheckpointResponse same = Convert(again);
        EXPECT_THAT(same.report().verdict(), testing::AnyOf(v1::VERDICT_ACCEPTED, v1::VERDICT_ACCEPTED_WITH_CHANGES));
        ASSERT_EQ(same.vcpus_size(), response.vcpus_size());
        for (int i = 0; i < same.vcpus_size(); ++i) {
          EXPECT_EQ(same.vcpus(i).SerializeAsString(), response.vcpus(i).SerializeAsString()) << i;
        }
      }
      for (const v1::VcpuState& vcpu : response.vcpus()) {
        for (const uint64_t id : vcpu.registers().ids()) {
          EXPECT_NE(std::find(listed.begin(), listed.end(), id), listed.end()) << std::hex << id;
        }
        // The counters of the PMU stay on if QEMU writes this: scripts/kvm-linux-demo does it with a real QEMU.
        for (const CounterPairIds& pair : kCounterPairs) {
          const uint64_t set = ValueOf(vcpu.registers(), pair.set.raw());
          EXPECT_EQ(ValueOf(vcpu.registers(), pair.clear.raw()), host == "cortex-a72@6.12" ? ~set : set);
        }
      }
    }
  }
}

// With secure=on alone a CPU lists EL2's registers as constant zeros, which one with virtualization=on may hold as
// well.
TEST_F(ConvertCheckpointTest, ACpuWithoutEl2IsNotTakenForOneThatHasIt) {
  for (const std::string options : {"el3", "el2.el3"}) {
    SCOPED_TRACE(options);
    const std::string profile = "qemu-11.1.virt.cortex-a57." + options;
    CreateMachine(options, profile);
    v1::CaptureMachineRequest capture;
    capture.set_machine("machines/" + options);
    capture.set_parent("vms/" + options);
    ASSERT_EQ(Call(engine(), &EngineStub::CaptureMachine, capture), RpcResult());
    v1::ConvertCheckpointRequest request;
    request.set_checkpoint(capture.parent() + "/checkpoints/1");
    request.mutable_target()->set_cpu_profile("cpuProfiles/qemu-10.0");
    const v1::ConvertCheckpointResponse response = Convert(request);
    EXPECT_EQ(response.source_profile(), "cpuProfiles/" + profile);
    EXPECT_EQ(response.report().verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  }
}

}  // namespace
}  // namespace armstate
