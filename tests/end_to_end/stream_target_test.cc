// A saved VM as the target of a restore, without a CPU profile: what the server says of a checkpoint of each CPU model
// on the stream of each other one, and what real QEMU says when it loads the patched stream.
#include "server/restores/stream_target.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "client/qemu/capture.h"
#include "client/qemu/qmp/checkpoint.h"
#include "client/qemu/qmp/connection.h"
#include "client/qemu/restore.h"
#include "proto/accelerator.h"
#include "proto/register_list_conversion.h"
#include "server/profiles/registry.h"
#include "server/verdict/judgement.h"
#include "tests/testing/qemu_process.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

std::vector<std::string> Arguments(const std::string& cpu) {
  return {"-M", "virt", "-cpu", cpu, "-m", "16M", "-S", "-nic", "none"};
}

// The stream of a VM that has not run.
const std::string& FreshStream(const std::string& cpu) {
  static auto* streams = new std::map<std::string, std::string>;
  std::string& stream = (*streams)[cpu];
  if (!stream.empty()) return stream;
  const TempDir folder;
  const QemuProcess qemu("qemu-system-aarch64", Arguments(cpu));
  QmpCheckpointOptions options;
  options.keep_stream = folder.path() + "/stream";
  const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp(qemu.qmp_path(), options);
  EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
  std::ifstream file(options.keep_stream, std::ios::binary);
  stream.assign(std::istreambuf_iterator<char>(file), {});
  return stream;
}

bool QemuTakes(const std::string& cpu, const std::string& stream) {
  const TempDir folder;
  const std::string path = folder.path() + "/incoming";
  std::ofstream(path, std::ios::binary) << stream;
  std::vector<std::string> arguments = Arguments(cpu);
  arguments.insert(arguments.end(), {"-incoming", "exec:cat " + path});
  const QemuProcess qemu("qemu-system-aarch64", arguments);
  absl::StatusOr<QmpConnection> qmp = QmpConnection::Open(qemu.qmp_path(), absl::Now() + absl::Seconds(60));
  for (std::string status = "inmigrate"; qmp.ok() && status == "inmigrate";) {
    const absl::StatusOr<nlohmann::json> answer = qmp->Execute("query-status");
    if (!answer.ok()) return false;  // QEMU ends when it refuses a stream
    status = (*answer)["status"];
  }
  return qmp.ok();
}

class StreamTargetTest : public testing::TestWithParam<const char*> {};

TEST_P(StreamTargetTest, TheVerdictIsQemus) {
  static const ProfileRegistry* registry = ProfileRegistry::BuiltIn()->release();
  const absl::StatusOr<TolerancesByScheme> strict = TolerancesByScheme::Create({});
  ASSERT_TRUE(strict.ok()) << strict.status();
  const std::string source = GetParam();
  const absl::StatusOr<QemuCapture> capture = CaptureQemuStream(FreshStream(source));
  ASSERT_TRUE(capture.ok()) << capture.status();
  VerdictInput checkpoint;
  checkpoint.loaded.vcpus = capture->vcpus;
  checkpoint.scheme = IdScheme::kTcg;
  int accepted = 0;
  for (const char* cpu : {"cortex-a7", "cortex-a15", "cortex-a35", "cortex-a53", "cortex-a57", "cortex-a72",
                          "cortex-a76", "neoverse-n1", "a64fx", "max"}) {
    SCOPED_TRACE(source + " into " + cpu);
    const absl::StatusOr<QemuTarget> stream = ReadQemuTarget(capture->vcpus, FreshStream(cpu));
    ASSERT_TRUE(stream.ok()) << stream.status();
    v1::VcpuLists lists;
    lists.set_accelerator(AcceleratorOf(stream->origin));
    for (const RegisterList& list : stream->registers) RegisterListToProto(list, *lists.add_vcpus());
    const absl::StatusOr<ResolvedTarget> target = TargetOfLists(lists, *registry);
    ASSERT_TRUE(target.ok()) << target.status();
    const Verdict verdict = Judge(checkpoint, *target, *strict)->verdict;

    const absl::StatusOr<QemuRestore> restore =
        RestoreIntoQemuStream(capture->vcpus, capture->machine_type, FreshStream(cpu));
    ASSERT_TRUE(restore.ok()) << restore.status();
    // QEMU fails on a register that it does not know, so there is no stream to try.
    const bool taken =
        restore->verdict != Verdict::kRefused && QemuTakes(cpu, ApplyPatches(FreshStream(cpu), restore->patches));
    EXPECT_EQ(verdict, taken ? Verdict::kAccepted : Verdict::kRefused);
    accepted += taken;
  }
  EXPECT_GE(accepted, 1);  // its own
}

INSTANTIATE_TEST_SUITE_P(Cpus, StreamTargetTest,
                         testing::Values("cortex-a7", "cortex-a15", "cortex-a35", "cortex-a53", "cortex-a57",
                                         "cortex-a72", "cortex-a76", "neoverse-n1", "a64fx", "max"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace armstate
