// The service's verdicts about streams of real QEMU/KVM guests, both ways of restoring: QEMU's own load, which was
// recorded for each pair of hosts (tests/data/README.md), and armstate's.
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/qemu/capture.h"
#include "proto/enum_name.h"
#include "proto/register_list_conversion.h"
#include "tests/server/restore_fixture.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

constexpr uint64_t kPmcntenset = 0x603000000013dce1;
constexpr uint64_t kVendorHypercalls2 = 0x6030000000160003;
constexpr uint64_t kPsciVersion = 0x6030000000140000;
constexpr uint64_t kMidr = 0x603000000013c000;

bool Accepts(const v1::RestoreReport& report) {
  return report.verdict() == v1::VERDICT_ACCEPTED || report.verdict() == v1::VERDICT_ACCEPTED_WITH_CHANGES;
}

class QemuKvmTest : public RestoreTest {
 protected:
  // A checkpoint of the stream that a guest on the host left.
  v1::CreateCheckpointRequest Stream(const std::string& host, const std::string& qemu_version) {
    const std::string stream = ReadZstdFile(absl::StrCat("tests/data/qemu-kvm/", host, ".mig.zst"));
    absl::StatusOr<QemuCapture> capture = CaptureQemuStream(stream);
    EXPECT_TRUE(capture.ok()) << capture.status();
    v1::CreateCheckpointRequest request;
    request.set_parent("vms/v");
    v1::Source& source = *request.mutable_checkpoint()->mutable_source();
    source.set_accelerator(v1::ACCELERATOR_KVM);
    source.set_hypervisor("QEMU");
    source.set_hypervisor_version(qemu_version);
    for (VcpuState& state : capture->vcpus) {
      v1::VcpuState* vcpu = request.mutable_checkpoint()->add_vcpus();
      vcpu->set_vcpu_index(state.vcpu_index);
      *vcpu->mutable_registers() = RegisterListToProto(std::move(state.registers));
    }
    return request;
  }

  v1::RestoreReport Verdict(const std::string& stream, const std::string& host, v1::Restorer by,
                            const std::string& qemu_version = "7.2.22") {
    if (hosts_[host].empty()) hosts_[host] = AddHost(absl::StrCat("h", hosts_.size()), host);
    v1::ValidateCheckpointRequest request = OnHost(Create(Stream(stream, qemu_version)).name(), hosts_[host]);
    request.set_by(by);
    return Validate(request);
  }

 private:
  std::map<std::string, std::string> hosts_;
};

TEST_F(QemuKvmTest, QemusOwnLoadIsPredictedRowByRow) {
  std::ifstream matrix("tests/data/qemu-kvm/matrix.jsonl");
  int rows = 0;
  for (std::string line; std::getline(matrix, line); ++rows) {
    const nlohmann::json row = nlohmann::json::parse(line);
    SCOPED_TRACE(line);
    // "cortex-a53@6.12,pmu=off": QEMU's options do not matter to the host.
    const std::string target = row["dst"].get<std::string>();
    const v1::RestoreReport report = Verdict(row["src"], target.substr(0, target.find(',')), v1::RESTORER_QEMU);
    EXPECT_EQ(report.by(), v1::RESTORER_QEMU);
    EXPECT_EQ(Accepts(report), row["accepted"].get<bool>()) << EnumName(report.verdict());
    // What QEMU says is either about the length of the list, or nothing.
    const std::string length = "Failed to load cpu:cpreg_vmstate_array_len";
    const bool named = std::any_of(report.notes().begin(), report.notes().end(),
                                   [&](const std::string& note) { return absl::StrContains(note, length); });
    const bool options_known = !absl::StrContains(target, ",");  // otherwise a vCPU with another list may suit as well
    if (options_known) EXPECT_EQ(named, absl::StrContains(row["message"].get<std::string>(), length));
  }
  EXPECT_EQ(rows, 54);
}

TEST_F(QemuKvmTest, QemuTakesNoGuestOfAnotherCpuModel) {
  for (const std::string source : {"cortex-a72@6.1", "cortex-a72@6.12", "cortex-a72@6.18"}) {
    for (const std::string& host : KvmHosts()) {
      if (absl::StartsWith(host, "cortex-a72")) continue;
      EXPECT_EQ(Verdict(source, host, v1::RESTORER_QEMU).verdict(), v1::VERDICT_REFUSED) << source << " -> " << host;
    }
  }
  EXPECT_EQ(FindingOf(Verdict("cortex-a72@6.12", "cortex-a53@6.12", v1::RESTORER_QEMU).vcpus(0), kMidr).error(),
            "EINVAL");
}

// Rebuilt for the target's list, the guests of all three kernels went on under each (tests/data/README.md).
TEST_F(QemuKvmTest, ArmstateCarriesTheGuestOverEachKernel) {
  for (const std::string source : {"cortex-a72@6.1", "cortex-a72@6.12", "cortex-a72@6.18"}) {
    for (const std::string host : {"cortex-a72@6.1", "cortex-a72@6.12", "cortex-a72@6.18"}) {
      const v1::RestoreReport report = Verdict(source, host, v1::RESTORER_UNSPECIFIED);
      EXPECT_EQ(report.by(), v1::RESTORER_ARMSTATE);
      EXPECT_EQ(report.verdict(), source == host ? v1::VERDICT_ACCEPTED : v1::VERDICT_ACCEPTED_WITH_CHANGES)
          << source << " -> " << host;
      // The guest of 6.12 has cleared its counters.
      for (const v1::VcpuRestoreReport& vcpu : report.vcpus()) {
        EXPECT_EQ(FindingOf(vcpu, kPmcntenset).outcome(), v1::REGISTER_OUTCOME_UNSPECIFIED) << source << " -> " << host;
      }
    }
  }
}

TEST_F(QemuKvmTest, WhatQemuDoesNotSeeIsAChange) {
  // Linux 6.12 clears what was set by the register before: the guest of 6.1 loses the counters that it had switched on.
  const v1::RestoreReport report = Verdict("cortex-a72@6.1", "cortex-a72@6.12", v1::RESTORER_QEMU);
  EXPECT_EQ(report.verdict(), v1::VERDICT_ACCEPTED_WITH_CHANGES);
  const v1::RegisterReport counters = FindingOf(report.vcpus(0), kPmcntenset);
  EXPECT_EQ(counters.tolerance(), "qemu-does-not-read-back");
  EXPECT_EQ(LowWord(counters.wanted()), 0x8000001eu);
  EXPECT_EQ(LowWord(counters.got()), 0u);
}

TEST_F(QemuKvmTest, AReportIsComparedWithTheVerdictAboutItsRestorer) {
  v1::CreateRestoreRequest request;
  request.set_parent(Create(Stream("cortex-a72@6.1", "7.2.22")).name());
  request.mutable_restore()->mutable_target()->set_host(AddHost("h", "cortex-a72@6.12"));
  for (int i = 0; i < 2; ++i) {
    v1::VcpuRestoreReport& vcpu = *request.mutable_restore()->mutable_report()->add_vcpus();
    vcpu.set_vcpu_index(i);
    v1::RegisterReport& counters = *vcpu.add_registers();
    counters.set_register_id(kPmcntenset);
    counters.set_outcome(v1::REGISTER_OUTCOME_IGNORED);
    counters.set_got(std::string(8, '\0'));
  }
  const auto differs_in_counters = [&](v1::Restorer by) {
    request.mutable_restore()->mutable_report()->set_by(by);
    v1::Restore record;
    EXPECT_EQ(Call(restore(), &RestoreStub::CreateRestore, request, &record), RpcResult());
    EXPECT_EQ(record.report().by(), by);
    return std::any_of(record.differences().begin(), record.differences().end(),
                       [](const v1::PredictionDifference& d) { return d.register_id() == kPmcntenset; });
  };
  EXPECT_FALSE(differs_in_counters(v1::RESTORER_QEMU));
  EXPECT_TRUE(differs_in_counters(v1::RESTORER_ARMSTATE));
}

TEST_F(QemuKvmTest, WhoRestoresMustHaveAName) {
  v1::ValidateCheckpointRequest request =
      OnHost(Create(Stream("cortex-a72@6.12", "7.2.22")).name(), AddHost("h", "cortex-a72@6.12"));
  request.set_by(static_cast<v1::Restorer>(3));
  v1::ValidateCheckpointResponse response;
  EXPECT_EQ(Call(restore(), &RestoreStub::ValidateCheckpoint, request, &response).code, grpc::INVALID_ARGUMENT);
}

TEST_F(QemuKvmTest, ARegisterThatSortsLastIsDroppedBeforeQemu11) {
  for (const auto& [version, tolerance] : {std::pair("7.2.22", "qemu-drops-last"), std::pair("", "qemu-drops-last"),
                                           std::pair("10.2.0", "qemu-drops-last"), std::pair("11.1.3", "")}) {
    const v1::RestoreReport report = Verdict("cortex-a72@6.18", "cortex-a72@6.12", v1::RESTORER_QEMU, version);
    const v1::RegisterReport last = FindingOf(report.vcpus(0), kVendorHypercalls2);
    EXPECT_EQ(last.outcome(), v1::REGISTER_OUTCOME_UNKNOWN);
    EXPECT_EQ(last.tolerance(), tolerance) << version;
    EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED) << "for PSCI's version";
    EXPECT_EQ(FindingOf(report.vcpus(0), kPsciVersion).error(), "EINVAL");
  }
}

TEST_F(QemuKvmTest, TolerancesDoNotMoveQemu) {
  v1::CreateCheckpointRequest checkpoint = Stream("cortex-a72@6.18", "7.2.22");
  v1::ValidateCheckpointRequest request = OnHost(Create(checkpoint).name(), AddHost("h", "cortex-a72@6.12"));
  v1::Tolerance& any = *request.add_tolerances();
  any.set_name("any-psci");
  any.set_reason("whatever it is");
  any.add_registers("PSCI_VERSION");
  request.set_by(v1::RESTORER_QEMU);
  const v1::RestoreReport report = Validate(request);
  EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED);
  EXPECT_EQ(FindingOf(report.vcpus(0), kPsciVersion).tolerance(), "");
  bool other_way = false;
  for (const std::string& note : report.notes()) other_way = other_way || absl::StrContains(note, "armstate's own");
  EXPECT_TRUE(other_way);
}

}  // namespace
}  // namespace armstate
