// Recorded captures of KVM vCPUs, put into a real QEMU with emulation: QEMU takes every register that our restore
// writes, and holds what the engine said that it would hold.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "client/qemu/qmp/checkpoint.h"
#include "client/qemu/qmp/connection.h"
#include "client/qemu/restore.h"
#include "core/engine_vm.h"
#include "core/planned_value.h"
#include "core/tolerance_set.h"
#include "core/translate.h"
#include "server/profiles/registry.h"
#include "server/verdict/built_in_tolerances.h"
#include "tests/server/kvm_corpus.h"
#include "tests/testing/qemu_process.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

struct Move {
  const char* host;
  const char* feature_class;
  const char* cpu;
};

// A QEMU of two vCPUs that runs nothing.
class Qemu {
 public:
  // With the state of `stream`, unless that is empty.
  Qemu(const std::string& cpu, const std::string& stream) : process_("qemu-system-aarch64", Arguments(cpu, stream)) {}

  // A whole migration stream.
  std::string Stream() const {
    QmpCheckpointOptions options;
    options.keep_stream = folder_.path() + "/stream";
    const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp(process_.qmp_path(), options);
    EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
    std::ifstream file(options.keep_stream, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // The vCPUs once the stream is loaded. QEMU exits if it does not take it.
  absl::StatusOr<std::vector<VcpuState>> Vcpus() const {
    {
      absl::StatusOr<QmpConnection> qmp = QmpConnection::Open(process_.qmp_path(), absl::Now() + absl::Seconds(60));
      if (!qmp.ok()) return qmp.status();
      for (std::string status = "inmigrate"; status == "inmigrate";) {
        const absl::StatusOr<nlohmann::json> answer = qmp->Execute("query-status");
        if (!answer.ok()) return answer.status();
        status = (*answer)["status"];
      }
    }
    const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp(process_.qmp_path(), {});
    if (!checkpoint.ok()) return checkpoint.status();
    return checkpoint->capture.vcpus;
  }

 private:
  std::vector<std::string> Arguments(const std::string& cpu, const std::string& stream) const {
    std::vector<std::string> arguments = {
        "-M", "virt,gic-version=3", "-cpu", cpu, "-smp", "2", "-m", "16M", "-S", "-nic", "none"};
    if (!stream.empty()) {
      const std::string path = folder_.path() + "/incoming";
      std::ofstream(path, std::ios::binary) << stream;
      arguments.insert(arguments.end(), {"-incoming", "exec:cat " + path});
    }
    return arguments;
  }

  const TempDir folder_;
  const QemuProcess process_;
};

// What is written of a list, once its report is known.
RegisterList Planned(const RegisterList& list, const RestoreReport& report) {
  RegisterListBuilder builder;
  auto finding = report.findings.begin();
  for (size_t i = 0; i < list.size(); ++i) {
    while (finding != report.findings.end() && finding->id < list.id(i)) ++finding;
    const bool found = finding != report.findings.end() && finding->id == list.id(i);
    const absl::optional<absl::string_view> value = found ? PlannedValue(*finding, IdScheme::kTcg) : list.value(i);
    if (value) builder.AddBytes(list.id(i), *value);
  }
  return *std::move(builder).Build();
}

class AcrossQemuTest : public testing::TestWithParam<Move> {};

TEST_P(AcrossQemuTest, QemuHoldsWhatTheEngineSays) {
  static const ProfileRegistry* registry = ProfileRegistry::BuiltIn()->release();
  const auto profile = (*registry->Find(std::string("cpuProfiles/qemu-7.2.virt.") + GetParam().cpu))->profile;
  const ToleranceSet rules = *ToleranceSet::Create(*BuiltInTolerances(), IdScheme::kKvm, IdScheme::kTcg);
  for (const char* state : {"reset", "ran"}) {
    SCOPED_TRACE(state);
    const RecordedVm recorded = ReadRecordedVms(GetParam().host).at({GetParam().feature_class, state});
    std::vector<RegisterList> lists;
    std::vector<const RegisterList*> pointers;
    for (const RegisterList& list : recorded.vcpus) {
      lists.push_back(TranslateList(list, IdScheme::kKvm, IdScheme::kTcg, *profile->layout()).registers);
    }
    for (const RegisterList& list : lists) pointers.push_back(&list);
    std::vector<EngineVcpu> vcpus = MakeVcpus(profile, static_cast<int>(lists.size()));
    std::vector<RestoreReport> reports = *RestoreVcpus(pointers, absl::MakeSpan(vcpus));
    std::vector<VcpuState> planned;
    for (size_t i = 0; i < lists.size(); ++i) {
      rules.Apply(lists[i], profile->reset(), vcpus[i].ShownValues(), reports[i]);
      ASSERT_EQ(reports[i].verdict, Verdict::kAcceptedWithChanges);
      planned.push_back({static_cast<int>(i), Planned(lists[i], reports[i]), {}});
    }

    const std::string fresh = Qemu(GetParam().cpu, "").Stream();
    const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(planned, "", fresh);
    ASSERT_TRUE(restore.ok()) << restore.status();
    const Qemu qemu(GetParam().cpu, ApplyPatches(fresh, restore->patches));
    const absl::StatusOr<std::vector<VcpuState>> after = qemu.Vcpus();
    ASSERT_TRUE(after.ok()) << "QEMU refuses the state: " << after.status();
    for (size_t i = 0; i < vcpus.size(); ++i) {
      const RegisterList expected = *RegisterList::Create(profile->layout(), vcpus[i].ShownValues());
      for (size_t r = 0; r < expected.size(); ++r) {
        const absl::optional<absl::string_view> held = (*after)[i].registers.Find(expected.id(r));
        ASSERT_TRUE(held.has_value()) << expected.id(r).ToString();
        EXPECT_EQ(FormatValue(*held), FormatValue(expected.value(r)))
            << "vCPU " << i << " " << RegisterName(expected.id(r), IdScheme::kTcg);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Hosts, AcrossQemuTest,
                         testing::Values(Move{"cortex-a53@6.12", "pmu", "cortex-a53"},
                                         Move{"cortex-a57@6.12", "pmu", "cortex-a57"},
                                         Move{"cortex-a72@6.12", "pmu", "cortex-a72"},
                                         Move{"cortex-a72@6.18", "base", "cortex-a72"},
                                         Move{"neoverse-n1@6.18", "pmu", "neoverse-n1"}));

}  // namespace
}  // namespace armstate
