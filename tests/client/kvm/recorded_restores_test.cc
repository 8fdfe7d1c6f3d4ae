// Every restore that was made between real KVM hosts, made again by the client library: through the port and the
// restore of a whole VM, onto a fake that answers as the recorded host. The outcome of each register must be what the
// real host did: kind, errno, and what it read back.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/kvm/restore.h"
#include "tests/client/kvm/recorded_host.h"
#include "tests/server/kvm_corpus.h"

namespace armstate {
namespace {

using Findings = std::map<std::pair<int, uint64_t>, RecordedFinding>;

constexpr uint64_t kPmuClears[] = {0x603000000013c4f2, 0x603000000013dce2, 0x603000000013dce3};

// The order in which the recorded restore wrote a vCPU.
std::vector<uint64_t> RecordedOrder(std::vector<uint64_t> ids, const std::string& order) {
  if (order == "reverse") std::reverse(ids.begin(), ids.end());
  if (order == "clrfirst" || order == "impid") {
    std::stable_partition(ids.begin(), ids.end(), [](uint64_t id) {
      return std::find(std::begin(kPmuClears), std::end(kPmuClears), id) != std::end(kPmuClears);
    });
  }
  return ids;
}

// In the recording's words: what was not simply OK.
Findings InWords(const std::vector<RestoreReport>& reports) {
  Findings words;
  for (size_t vcpu = 0; vcpu < reports.size(); ++vcpu) {
    for (const RegisterFinding& finding : reports[vcpu].findings) {
      RecordedFinding& word = words[{static_cast<int>(vcpu), finding.id.raw()}];
      switch (finding.outcome) {
        case RegisterOutcome::kUnknown:
          word = {"set", "ENOENT", ""};
          break;
        case RegisterOutcome::kWriteRefused:
          word = {"set", finding.error, FormatValue(finding.got)};
          break;
        case RegisterOutcome::kIgnored:
        case RegisterOutcome::kDiffers:
          word = {"differs", "0", FormatValue(finding.got)};
          break;
        case RegisterOutcome::kMoving:
          word = {"moving", "0", ""};
          break;
        case RegisterOutcome::kNotInCheckpoint:
          words.erase({static_cast<int>(vcpu), finding.id.raw()});
          break;
        default:
          word = {"unexpected", finding.reason, ""};
      }
    }
  }
  return words;
}

bool Same(const RecordedFinding& real, const RecordedFinding& ours) {
  // A counter's value is the moment's, and an unknown register has none.
  const bool has_value = real.kind != "moving" && real.error != "ENOENT";
  return real.kind == ours.kind && real.error == ours.error && (!has_value || real.read_back == ours.read_back);
}

// Returns how many are the same.
int64_t Compare(const Findings& real, const Findings& ours, const std::string& what) {
  int64_t same = 0;
  for (const auto& [key, finding] : real) {
    const auto found = ours.find(key);
    const RecordedFinding own = found == ours.end() ? RecordedFinding{"OK", "", ""} : found->second;
    same += Same(finding, own);
    EXPECT_TRUE(Same(finding, own)) << what << ", vCPU " << key.first << ", "
                                    << RegisterId::Create(key.second)->ToString() << ": was " << finding.kind << " "
                                    << finding.error << " " << finding.read_back << ", is " << own.kind << " "
                                    << own.error << " " << own.read_back;
  }
  for (const auto& [key, finding] : ours) {
    EXPECT_EQ(real.count(key), 1u) << what << ", vCPU " << key.first << ", "
                                   << RegisterId::Create(key.second)->ToString() << ": was OK, is " << finding.kind
                                   << " " << finding.error;
  }
  return same;
}

class RecordedRestoresTest : public testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    for (const std::string& host : KvmHosts()) sources_[host] = ReadRecordedVms(host);
  }

  static std::map<std::string, std::map<std::pair<std::string, std::string>, RecordedVm>> sources_;
};

std::map<std::string, std::map<std::pair<std::string, std::string>, RecordedVm>> RecordedRestoresTest::sources_;

TEST_P(RecordedRestoresTest, EveryRegisterIsAsRecorded) {
  RecordedHost recorded(GetParam());
  int64_t findings = 0;
  int64_t same = 0;
  for (const RecordedRestore& real : ReadRecordedRestores(GetParam())) {
    const std::string what = real.source + " -> " + GetParam() + ", " + real.feature_class + ", " + real.order;
    const RecordedVm& source = sources_.at(real.source).at({real.feature_class, real.state});
    VcpuFeatures wanted;
    wanted.bits = static_cast<uint32_t>(source.features);
    wanted.memory_tagging = source.memory_tagging;
    wanted.writable_implementation_id = real.order == "impid";
    std::vector<VcpuState> states;
    for (const RegisterList& list : source.vcpus) {
      states.emplace_back();
      states.back().vcpu_index = static_cast<int>(states.size()) - 1;
      states.back().registers = list;
    }
    FakeKvm vm(recorded.host(), static_cast<int>(states.size()));
    KvmRestorer restorer(vm);
    restorer.Prepare(wanted);
    const absl::Status initialised = restorer.Init(vm.vcpus(), states);
    ASSERT_TRUE(initialised.ok()) << what << ": " << initialised;
    const std::vector<MissingKvmFeature>& missing = restorer.missing();
    EXPECT_EQ(missing.empty(), real.init_step == "ok") << what;
    if (!missing.empty()) {
      EXPECT_EQ(missing[0].call, real.init_step == "enable_mte" ? "KVM_ENABLE_CAP" : "KVM_ARM_VCPU_INIT") << what;
      EXPECT_EQ(missing[0].error, real.init_error) << what;
    }
    const std::vector<std::vector<uint64_t>> orders(states.size(), RecordedOrder(source.ids, real.order));
    const KvmRestoreResult result = restorer.Write(states, orders, CounterPairWrites::kAsListed);
    EXPECT_TRUE(result.problems.empty()) << what;
    same += Compare(real.findings, InWords(result.reports), what);
    findings += static_cast<int64_t>(real.findings.size());
  }
  EXPECT_EQ(same, findings);
  EXPECT_GT(findings, 0);
}

INSTANTIATE_TEST_SUITE_P(Hosts, RecordedRestoresTest, testing::ValuesIn(KvmHosts()), [](const auto& test) {
  std::string name = test.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '@' || c == '.' || c == '-'; }, '_');
  return name;
});

}  // namespace
}  // namespace armstate
