// The service's verdicts about restores that were made between real KVM hosts, compared register by register with what
// the real hosts did: kind, errno and read-back of everything that was refused or changed, and that nothing else was.
//
// The service judges the order of our own restore. Compared are
// - the recorded restores in that order as far as it matters ("clrfirst" and "impid": the PMU's clear registers first);
// - of those recorded only in KVM's order ("list"), where there is none of the other kind: all but the PMU's SET and
//   CLR registers, on which the order of writing has an effect on Linux 6.12. What our order makes of these is in the
//   restores of the first kind: they have no finding there.
// SMCCC_WORKAROUND_2 is left out of both where the VM has no SSBS: all recorded orders write it before ID_AA64PFR1_EL1,
// which it follows from, and ours writes it after. tests/server/verdict/kvm_restores_test.cc predicts these, too, in
// the recorded orders.
#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/register_list.h"
#include "proto/enum_name.h"
#include "tests/server/restore_fixture.h"

namespace armstate {
namespace {

constexpr uint64_t kWorkaround2 = 0x6030000000140002;
constexpr uint64_t kPfr1 = 0x603000000013c021;  // ID_AA64PFR1_EL1; SSBS is bits 7-4

const std::set<uint64_t> kPmuPairs = {
    0x603000000013c4f1, 0x603000000013c4f2,  // PMINTENSET_EL1, PMINTENCLR_EL1
    0x603000000013dce1, 0x603000000013dce2,  // PMCNTENSET_EL0, PMCNTENCLR_EL0
    0x603000000013dcf3, 0x603000000013dce3,  // PMOVSSET_EL0, PMOVSCLR_EL0
};

struct Score {
  int64_t exact = 0, missed = 0, wrong = 0, left_out = 0, restores = 0;
};

// The outcome in the recording's words.
RecordedFinding InWords(const v1::RegisterReport& finding) {
  const std::string got = finding.got().empty() ? "" : FormatValue(finding.got());
  switch (finding.outcome()) {
    case v1::REGISTER_OUTCOME_UNKNOWN:
    case v1::REGISTER_OUTCOME_WRITE_REFUSED:
      return {"set", finding.error(), got};
    case v1::REGISTER_OUTCOME_IGNORED:
    case v1::REGISTER_OUTCOME_DIFFERS:
    case v1::REGISTER_OUTCOME_OVERWRITTEN:
      return {"differs", "0", got};
    case v1::REGISTER_OUTCOME_MOVING:
      return {"moving", "0", ""};
    default:
      return {EnumName(finding.outcome()), "", ""};
  }
}

bool Same(const RecordedFinding& real, const RecordedFinding& predicted) {
  if (real.kind != predicted.kind || real.error != predicted.error) return false;
  return real.kind == "moving" || real.error == "ENOENT" || real.read_back == predicted.read_back;
}

class HostVerdictsTest : public RestoreTest, public testing::WithParamInterface<std::string> {
 protected:
  void Compare(const RecordedRestore& real, const std::set<uint64_t>& left_out, const v1::RestoreReport& report,
               const std::string& what) {
    std::map<std::pair<int, uint64_t>, RecordedFinding> open = real.findings;
    for (const v1::VcpuRestoreReport& vcpu : report.vcpus()) {
      for (const v1::RegisterReport& finding : vcpu.registers()) {
        const std::pair<int, uint64_t> key(vcpu.vcpu_index(), finding.register_id());
        if (finding.outcome() == v1::REGISTER_OUTCOME_NOT_IN_CHECKPOINT) continue;
        if (left_out.count(finding.register_id()) > 0) {
          EXPECT_EQ(kPmuPairs.count(finding.register_id()), 0u) << what << ": " << finding.ShortDebugString();
          continue;
        }
        const auto found = open.find(key);
        if (found == open.end()) {
          ++score_.wrong;
          ADD_FAILURE() << what << ", vCPU " << key.first << ", " << finding.name() << ": was OK, predicted "
                        << EnumName(finding.outcome());
        } else if (Same(found->second, InWords(finding))) {
          ++score_.exact;
        } else {
          ++score_.missed;
          ADD_FAILURE() << what << ", vCPU " << key.first << ", " << finding.name() << ": was " << found->second.kind
                        << " " << found->second.error << " " << found->second.read_back << ", predicted "
                        << InWords(finding).kind << " " << InWords(finding).error << " " << InWords(finding).read_back;
        }
        if (found != open.end()) open.erase(found);
      }
    }
    for (const auto& [key, finding] : open) {
      if (left_out.count(key.second) > 0) {
        ++score_.left_out;
        continue;
      }
      ++score_.missed;
      ADD_FAILURE() << what << ", vCPU " << key.first << ", " << RegisterId::Create(key.second)->ToString() << ": was "
                    << finding.kind << " " << finding.error << ", predicted OK";
    }
  }

  Score score_;
};

TEST_P(HostVerdictsTest, AreWhatTheRealHostDid) {
  const std::string host = AddHost("h", GetParam());
  const std::vector<RecordedRestore> restores = ReadRecordedRestores(GetParam());
  std::set<std::pair<std::string, std::string>> in_our_order;
  for (const RecordedRestore& real : restores) {
    if (real.order == "clrfirst") in_our_order.insert({real.source, real.feature_class});
  }
  for (const RecordedRestore& real : restores) {
    const bool ours = real.order == "clrfirst" || real.order == "impid";
    if (!ours && (real.order != "list" || in_our_order.count({real.source, real.feature_class}) > 0)) continue;
    const std::string what = real.source + " -> " + GetParam() + ", " + real.feature_class + ", " + real.order;
    const RecordedVm source = ReadRecordedVms(real.source).at({real.feature_class, real.state});
    v1::CreateCheckpointRequest checkpoint = Recorded("v", source);
    if (real.order == "impid") {
      checkpoint.mutable_checkpoint()->mutable_source()->add_vcpu_features("writable_implementation_id");
    }
    std::set<uint64_t> left_out;
    if (!ours) left_out = kPmuPairs;
    const auto pfr1 = source.vcpus[0].Find(*RegisterId::Create(kPfr1));
    if (pfr1 && (LowWord(*pfr1) & 0xf0) == 0) left_out.insert(kWorkaround2);
    v1::ValidateCheckpointRequest request = OnHost(Create(checkpoint).name(), host);
    request.set_ignore_server_tolerances(true);
    const v1::RestoreReport report = Validate(request);
    ++score_.restores;
    if (real.init_step == "ok") {
      EXPECT_EQ(report.missing_vcpu_features_size(), 0) << what;
    } else {
      EXPECT_EQ(report.verdict(), v1::VERDICT_REFUSED) << what;
      ASSERT_GT(report.missing_vcpu_features_size(), 0) << what;
      EXPECT_EQ(report.missing_vcpu_features(0).call(),
                real.init_step == "enable_mte" ? "KVM_ENABLE_CAP" : "KVM_ARM_VCPU_INIT")
          << what;
      EXPECT_EQ(report.missing_vcpu_features(0).error(), real.init_error) << what;
    }
    Compare(real, left_out, report, what);
  }
  std::cout << GetParam() << ": " << score_.restores << " restores, exact " << score_.exact << ", missed "
            << score_.missed << ", false " << score_.wrong << ", left out for their order " << score_.left_out << "\n";
  EXPECT_GT(score_.restores, 0);
  EXPECT_GT(score_.exact, 0);
}

INSTANTIATE_TEST_SUITE_P(Hosts, HostVerdictsTest, testing::ValuesIn(KvmHosts()), [](const auto& test) {
  std::string name = test.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '@' || c == '.' || c == '-'; }, '_');
  return name;
});

}  // namespace
}  // namespace armstate
