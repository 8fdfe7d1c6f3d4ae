// An internal snapshot that armstate has patched, in a real QEMU: it loads, with the value that was written.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/open_state_file.h"
#include "client/qemu/qmp/connection.h"
#include "client/qemu/stream/migration_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/qemu_process.h"
#include "tests/testing/run_shell.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> Virt(const std::string& disk, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {
      "-M", "virt", "-cpu", "cortex-a57", "-m", "64", "-S", "-drive", "if=none,id=d,format=qcow2,file=" + disk};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::string Monitor(const QemuProcess& qemu, const std::string& line) {
  absl::StatusOr<QmpConnection> qmp = QmpConnection::Open(qemu.second_qmp_path(), absl::Now() + absl::Seconds(20));
  EXPECT_TRUE(qmp.ok()) << qmp.status();
  if (!qmp.ok()) return "";
  const absl::StatusOr<nlohmann::json> answer = qmp->Execute("human-monitor-command", {{"command-line", line}});
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() ? answer->get<std::string>() : "";
}

class SnapshotTest : public testing::TestWithParam<const char*> {};

TEST_P(SnapshotTest, QemuLoadsWhatWasPatched) {
  const TempDir dir;
  const std::string disk = dir.path() + "/a.qcow2";
  const std::string patched = dir.path() + "/b.qcow2";
  RunShell(absl::StrCat("qemu-img create -q -f qcow2 -o ", GetParam(), " ", disk, " 8M"));
  {
    const QemuProcess qemu("qemu-system-aarch64", Virt(disk, {}));
    ASSERT_EQ(Monitor(qemu, "savevm one"), "");
    EXPECT_THAT(Monitor(qemu, "info registers"), HasSubstr("X05=0000000000000000"));
  }
  {
    const absl::StatusOr<std::unique_ptr<StateFile>> file = OpenStateFile(*InputFile::Open(disk), disk, {});
    ASSERT_TRUE(file.ok()) << file.status();
    const absl::StatusOr<MigrationStream> stream = ParseMigrationStream((*file)->stream());
    ASSERT_TRUE(stream.ok()) << stream.status();
    const size_t x5 = stream->vcpus[0].header.payload + 64 + 5 * 8;  // docs/qemu-stream.md
    absl::StatusOr<OutputFile> out = OutputFile::Create(patched, IfExists::kRefuse);
    ASSERT_EQ((*file)->Write({{x5, 8, "\x11\x22\x33\x44\x55\x66\x77\x88"}}, *out), absl::OkStatus());
    ASSERT_EQ(out->Commit(), absl::OkStatus());
  }
  // The first QEMU was killed, so reference counts may be late; the patch changes nothing about them.
  EXPECT_EQ(RunShell("qemu-img check " + patched + " 2>&1 || true"),
            RunShell("qemu-img check " + disk + " 2>&1 || true"));
  const QemuProcess qemu("qemu-system-aarch64", Virt(patched, {"-loadvm", "one"}));
  EXPECT_THAT(Monitor(qemu, "info registers"), HasSubstr("X05=1122334455667788"));
}

INSTANTIATE_TEST_SUITE_P(All, SnapshotTest,
                         testing::Values("cluster_size=512", "cluster_size=64K", "cluster_size=2M",
                                         "cluster_size=64K,extended_l2=on", "compat=0.10"),
                         [](const auto& info) { return absl::StrCat("Image", info.index); });

}  // namespace
}  // namespace armstate
