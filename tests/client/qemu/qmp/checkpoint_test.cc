// Checkpoints of real QEMUs over real sockets.
#include "client/qemu/qmp/checkpoint.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

#include "absl/time/clock.h"
#include "client/files/mapped_file.h"
#include "client/qemu/qmp/connection.h"
#include "client/qemu/restore.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/qemu_process.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr RegisterId kX0 = RegisterId::Known<0x6030000000100000>();
constexpr RegisterId kPc = RegisterId::Known<0x6030000000100040>();

// add x0, x0, #1; b .-4 at 0x40200000, where vCPU 0 begins.
const std::vector<std::string> kCounter = {"-device", "loader,addr=0x40200000,data=0x17ffffff91000400,data-len=8",
                                           "-device", "loader,addr=0x40200000,cpu-num=0"};

std::vector<std::string> With(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<std::string> Virt(const std::string& cpu) {
  return With({"-M", "virt", "-cpu", cpu, "-m", "64"}, kCounter);
}

std::vector<std::string> VirtWithSharedRam(const std::string& file) {
  return With({"-M", "virt,memory-backend=ram", "-cpu", "cortex-a57", "-m", "64", "-object",
               "memory-backend-file,id=ram,size=64M,share=on,mem-path=" + file},
              kCounter);
}

class QmpCheckpointTest : public testing::Test {
 protected:
  // Asks QEMU over the second socket.
  json Ask(const QemuProcess& qemu, const std::string& command, json arguments = json::object()) {
    absl::StatusOr<QmpConnection> qmp = QmpConnection::Open(qemu.second_qmp_path(), absl::Now() + absl::Seconds(20));
    EXPECT_TRUE(qmp.ok()) << qmp.status();
    if (!qmp.ok()) return json();
    const absl::StatusOr<json> answer = qmp->Execute(command, std::move(arguments));
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : json();
  }
  std::string StateOf(const QemuProcess& qemu) { return Ask(qemu, "query-status")["status"]; }

  std::string Path(const std::string& file) const { return folder_.path() + "/" + file; }

 private:
  TempDir folder_;
};

TEST_F(QmpCheckpointTest, RunningGuestGoesOn) {
  const QemuProcess qemu("qemu-system-aarch64", Virt("cortex-a57"));
  const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp(qemu.qmp_path(), {});
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(StateOf(qemu), "running");
  EXPECT_TRUE(checkpoint->was_running);
  EXPECT_FALSE(checkpoint->is_kvm);
  EXPECT_EQ(checkpoint->cpu_model, "cortex-a57");
  EXPECT_THAT(checkpoint->capture.machine_type, StartsWith("virt-"));
  const json version = Ask(qemu, "query-version");
  EXPECT_THAT(checkpoint->qemu_version, StartsWith(version["qemu"]["major"].dump() + "."));
  EXPECT_THAT(checkpoint->qemu_version, HasSubstr(version["package"].get<std::string>()));
  ASSERT_THAT(checkpoint->capture.vcpus, SizeIs(1));
  const RegisterList& registers = checkpoint->capture.vcpus[0].registers;
  EXPECT_THAT(LowWord(*registers.Find(kPc)), testing::AnyOf(0x40200000u, 0x40200004u));

  const absl::StatusOr<QmpCheckpoint> later = CheckpointByQmp(qemu.qmp_path(), {});
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_GE(LowWord(*later->capture.vcpus[0].registers.Find(kX0)), LowWord(*registers.Find(kX0)));
  EXPECT_THAT(Ask(qemu, "query-fdsets"), IsEmpty());  // nothing is left behind in QEMU
}

// Up to QEMU 10.0, xen-save-devices-state ends a VM with such a device by SIGSEGV.
TEST_F(QmpCheckpointTest, AVmThatQemuCannotSaveIsLeftAlone) {
  const QemuProcess qemu("qemu-system-aarch64",
                         With(Virt("cortex-a57"), {"-drive", "if=none,id=d,file=null-co://,format=raw", "-device",
                                                   "nvme,drive=d,serial=1"}));
  const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp(qemu.qmp_path(), {});
  EXPECT_EQ(checkpoint.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(checkpoint.status().message()), HasSubstr("nvme"));
  EXPECT_EQ(StateOf(qemu), "running");
}

TEST_F(QmpCheckpointTest, AllVcpusOfA32BitMachine) {
  const QemuProcess qemu("qemu-system-arm", {"-M", "sabrelite", "-cpu", "cortex-a9", "-smp", "2", "-m", "64"});
  const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp(qemu.qmp_path(), {});
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(checkpoint->cpu_model, "cortex-a9");
  EXPECT_EQ(checkpoint->capture.machine_type, "sabrelite");
  EXPECT_THAT(checkpoint->capture.vcpus, SizeIs(2));
}

TEST_F(QmpCheckpointTest, GuestThatDidNotRunIsNotStarted) {
  const QemuProcess qemu("qemu-system-aarch64", With(Virt("cortex-a53"), {"-S"}));
  for (const std::string& keep : {std::string(), Path("kept.mig")}) {
    QmpCheckpointOptions options;
    options.keep_stream = keep;
    const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp(qemu.qmp_path(), options);
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
    EXPECT_FALSE(checkpoint->was_running);
    EXPECT_FALSE(Ask(qemu, "query-status")["running"]);
    EXPECT_EQ(LowWord(*checkpoint->capture.vcpus[0].registers.Find(kX0)), 0u);
  }
}

TEST_F(QmpCheckpointTest, LeavePaused) {
  const QemuProcess qemu("qemu-system-aarch64", Virt("cortex-a57"));
  QmpCheckpointOptions options;
  options.leave_paused = true;
  const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp(qemu.qmp_path(), options);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(StateOf(qemu), "paused");
  // It stands where the checkpoint is.
  const absl::StatusOr<QmpCheckpoint> again = CheckpointByQmp(qemu.qmp_path(), {});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(StateOf(qemu), "paused");
  EXPECT_TRUE(again->capture.vcpus[0].registers == checkpoint->capture.vcpus[0].registers);
}

TEST_F(QmpCheckpointTest, KeptStreamHasNoSharedRam) {
  const QemuProcess qemu("qemu-system-aarch64", VirtWithSharedRam(Path("ram")));
  QmpCheckpointOptions options;
  options.keep_stream = Path("kept.mig");
  const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp(qemu.qmp_path(), options);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(StateOf(qemu), "running");
  const absl::StatusOr<MappedFile> kept = MappedFile::Open(options.keep_stream);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_LT(kept->bytes().size(), 8u << 20);  // 64 MiB of RAM are not in it
  EXPECT_THAT(std::string(kept->bytes().substr(0, 200)), HasSubstr("x-ignore-shared"));
  const absl::StatusOr<QemuCapture> capture = CaptureQemuStream(kept->bytes());
  ASSERT_TRUE(capture.ok()) << capture.status();
  EXPECT_TRUE(capture->vcpus[0].registers == checkpoint->capture.vcpus[0].registers);
  for (const json& capability : Ask(qemu, "query-migrate-capabilities")) {
    EXPECT_FALSE(capability["state"]) << capability;  // as before
  }
}

// The whole way: the state of one QEMU goes into the stream of another, is loaded by a third, and is the same there.
TEST_F(QmpCheckpointTest, RestoredIntoAnotherQemu) {
  QmpCheckpointOptions options;
  options.leave_paused = true;
  options.keep_stream = Path("source.mig");
  const QemuProcess source("qemu-system-aarch64", With(Virt("max"), {"-smp", "2"}));
  const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp(source.qmp_path(), options);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();

  QmpCheckpointOptions fresh_options;
  fresh_options.keep_stream = Path("fresh.mig");
  const QemuProcess fresh("qemu-system-aarch64", With(Virt("max"), {"-smp", "2", "-S"}));
  ASSERT_TRUE(CheckpointByQmp(fresh.qmp_path(), fresh_options).ok());
  const absl::StatusOr<MappedFile> target = MappedFile::Open(fresh_options.keep_stream);
  ASSERT_TRUE(target.ok()) << target.status();
  const absl::StatusOr<QemuRestore> restore =
      RestoreIntoQemuStream(checkpoint->capture.vcpus, checkpoint->capture.machine_type, target->bytes());
  ASSERT_TRUE(restore.ok()) << restore.status();
  std::ofstream(Path("restored.mig"), std::ios::binary) << ApplyPatches(target->bytes(), restore->patches);

  const QemuProcess third("qemu-system-aarch64",
                          With(Virt("max"), {"-smp", "2", "-S", "-incoming", "exec:cat " + Path("restored.mig")}));
  absl::StatusOr<QmpConnection> qmp = QmpConnection::Open(third.second_qmp_path(), absl::Now() + absl::Seconds(30));
  ASSERT_TRUE(qmp.ok()) << qmp.status();
  while (true) {
    const absl::StatusOr<json> status = qmp->Execute("query-status");
    ASSERT_TRUE(status.ok()) << status.status();  // QEMU ends if it refuses the stream
    if ((*status)["status"] != "inmigrate") break;
  }
  const absl::StatusOr<QmpCheckpoint> restored = CheckpointByQmp(third.qmp_path(), {});
  ASSERT_TRUE(restored.ok()) << restored.status();
  ASSERT_THAT(restored->capture.vcpus, SizeIs(2));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(restored->capture.vcpus[i].registers == checkpoint->capture.vcpus[i].registers) << "vCPU " << i;
  }
}

TEST_F(QmpCheckpointTest, MigrationThatFails) {
  const QemuProcess qemu("qemu-system-aarch64", Virt("cortex-a57"));
  QmpCheckpointOptions options;
  options.keep_stream = "/dev/full";
  const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp(qemu.qmp_path(), options);
  EXPECT_EQ(checkpoint.status().code(), absl::StatusCode::kFailedPrecondition) << checkpoint.status();
  // QEMU 8.2 and later begin by truncating the file, which this one does not take.
  EXPECT_THAT(std::string(checkpoint.status().message()),
              testing::AnyOf(HasSubstr("QEMU's migration into the file failed"),
                             HasSubstr("failed to truncate migration file to offset 0")));
  EXPECT_EQ(StateOf(qemu), "running");
}

TEST_F(QmpCheckpointTest, StreamThatCannotBeKept) {
  const QemuProcess qemu("qemu-system-aarch64", Virt("cortex-a57"));
  QmpCheckpointOptions options;
  options.keep_stream = Path("no/such/folder");
  const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp(qemu.qmp_path(), options);
  EXPECT_EQ(checkpoint.status().code(), absl::StatusCode::kInvalidArgument) << checkpoint.status();
  EXPECT_EQ(StateOf(qemu), "running");
}

TEST_F(QmpCheckpointTest, DeadlineInTheMiddleOfTheMigration) {
  const QemuProcess qemu("qemu-system-aarch64", Virt("cortex-a57"));
  Ask(qemu, "migrate-set-parameters", {{"max-bandwidth", 1000}});  // bytes a second: it takes minutes
  QmpCheckpointOptions options;
  options.keep_stream = Path("kept.mig");
  options.timeout = absl::Seconds(1);
  const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp(qemu.qmp_path(), options);
  EXPECT_EQ(checkpoint.status().code(), absl::StatusCode::kDeadlineExceeded) << checkpoint.status();
  EXPECT_EQ(StateOf(qemu), "running");
  EXPECT_EQ(Ask(qemu, "query-migrate")["status"], "cancelled");
}

// Ctrl-C while the guest stands still: it goes on before the process ends.
TEST_F(QmpCheckpointTest, SignalWhileTheGuestIsStopped) {
  const QemuProcess qemu("qemu-system-aarch64", Virt("cortex-a57"));
  Ask(qemu, "migrate-set-parameters", {{"max-bandwidth", 1000}});
  const pid_t child = fork();
  if (child == 0) {
    QmpCheckpointOptions options;
    options.keep_stream = Path("kept.mig");
    options.timeout = absl::Seconds(2);
    CheckpointByQmp(qemu.qmp_path(), options).status().IgnoreError();
    _exit(0);
  }
  absl::StatusOr<QmpConnection> qmp = QmpConnection::Open(qemu.second_qmp_path(), absl::Now() + absl::Seconds(30));
  ASSERT_TRUE(qmp.ok()) << qmp.status();
  ASSERT_TRUE(qmp->WaitForEvent("STOP").ok());
  kill(child, SIGTERM);
  ASSERT_TRUE(qmp->WaitForEvent("RESUME").ok());
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
}

// A client that dies while the guest stands still, in a checkpoint without a stream: QEMU itself has the guest go on.
TEST_F(QmpCheckpointTest, KilledClientLeavesNoStoppedGuest) {
  const QemuProcess qemu("qemu-system-aarch64", Virt("cortex-a57"));
  for (int turn = 0; turn < 20; ++turn) {
    absl::StatusOr<QmpConnection> qmp = QmpConnection::Open(qemu.second_qmp_path(), absl::Now() + absl::Seconds(30));
    ASSERT_TRUE(qmp.ok()) << qmp.status();
    const pid_t child = fork();
    if (child == 0) {
      while (true) CheckpointByQmp(qemu.qmp_path(), {}).status().IgnoreError();
    }
    for (int stops = 0; stops <= turn; ++stops) ASSERT_TRUE(qmp->WaitForEvent("STOP").ok());
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const absl::StatusOr<json> status = qmp->Execute("query-status");
    ASSERT_TRUE(status.ok()) << status.status();
    EXPECT_EQ((*status)["status"], "running");
  }
}

TEST_F(QmpCheckpointTest, NobodyAtTheSocket) {
  const absl::StatusOr<QmpCheckpoint> checkpoint = CheckpointByQmp("/nowhere/vm.qmp", {});
  EXPECT_EQ(checkpoint.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(checkpoint.status().message()), HasSubstr("/nowhere/vm.qmp"));
}

}  // namespace
}  // namespace armstate
