// Streams of machines that the decoded lists do not cover: ARMv8-M, SME, and dumps without a JSON description.
#include <string>

#include "client/qemu/capture.h"
#include "client/qemu/restore.h"
#include "client/qemu/stream/migration_stream.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/qemu/corpus.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

QemuCapture Captured(absl::string_view stream) {
  absl::StatusOr<QemuCapture> capture = CaptureQemuStream(stream);
  EXPECT_TRUE(capture.ok()) << capture.status();
  return capture.ok() ? *std::move(capture) : QemuCapture();
}

size_t SizeOf(const VcpuState& vcpu, const std::string& name) {
  for (const OpaqueField& field : vcpu.opaque_fields) {
    if (field.name == name) return field.data.size();
  }
  return 0;
}

TEST(MoreStreamsTest, Armv8M) {
  const QemuCapture capture = Captured(MoreStream("mps2-an505.cortex-m33.smp1.mig"));
  EXPECT_EQ(capture.machine_type, "mps2-an505");
  EXPECT_THAT(capture.notes, IsEmpty());
  ASSERT_THAT(capture.vcpus, SizeIs(1));
  const VcpuState& vcpu = capture.vcpus[0];
  EXPECT_EQ(vcpu.registers.size(), 17u + 32u + 7u);  // R0-R15 and xPSR, D0-D31, FPSID to FPINST2
  // Version and body: cpu/m with its six nested subsections (6 bytes, their name, their body), 16 MPU regions, 8 SAU
  // regions.
  EXPECT_EQ(SizeOf(vcpu, "cpu/m"), 4u + 44 + (29 + 8) + (18 + 8) + (15 + 4) + (20 + 4) + (15 + 16) + (14 + 36));
  EXPECT_EQ(SizeOf(vcpu, "cpu/pmsav8"), 4u + 136);
  EXPECT_EQ(SizeOf(vcpu, "cpu/m-security"), 4u + 276);
}

TEST(MoreStreamsTest, ScalableMatrixStateIsKeptAndLongVectorsAreAGap) {
  const QemuCapture capture = Captured(MoreStream("virt.max.sme.smp1.mig"));
  ASSERT_THAT(capture.vcpus, SizeIs(1));
  EXPECT_EQ(SizeOf(capture.vcpus[0], "cpu/sme"), 4u + 256 * 256);
  ASSERT_THAT(capture.gaps, SizeIs(32));
  EXPECT_EQ(capture.gaps[31].register_id->raw(), 0x60800000001503e0u);
  EXPECT_THAT(capture.gaps[31].reason, HasSubstr("only the low 1024 bits of Z31"));
}

class DumpTest : public testing::TestWithParam<const char*> {};

// A dump and a stream of the same stopped VM hold the same.
TEST_P(DumpTest, EqualsTheStreamOfTheSameVm) {
  const std::string name = GetParam();
  const QemuCapture from_dump = Captured(MoreStream(name + ".devices"));
  const QemuCapture from_stream = Captured(MoreStream(name + ".mig"));
  EXPECT_EQ(from_dump.machine_type, "");
  EXPECT_THAT(from_dump.notes, ElementsAre(HasSubstr("the cpu sections were searched"), HasSubstr("machine type")));
  ASSERT_EQ(from_dump.vcpus.size(), from_stream.vcpus.size());
  for (size_t i = 0; i < from_dump.vcpus.size(); ++i) {
    EXPECT_TRUE(from_dump.vcpus[i].registers == from_stream.vcpus[i].registers);
    ASSERT_EQ(from_dump.vcpus[i].opaque_fields.size(), from_stream.vcpus[i].opaque_fields.size());
    for (size_t k = 0; k < from_dump.vcpus[i].opaque_fields.size(); ++k) {
      EXPECT_EQ(from_dump.vcpus[i].opaque_fields[k].name, from_stream.vcpus[i].opaque_fields[k].name);
      EXPECT_TRUE(from_dump.vcpus[i].opaque_fields[k].data == from_stream.vcpus[i].opaque_fields[k].data);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, DumpTest, testing::Values("mps2-an505.cortex-m33.smp1", "virt.max.sme.smp1"),
                         [](const auto& info) { return info.param[0] == 'm' ? "CortexM33" : "MaxSme"; });

TEST(MoreStreamsTest, MveBoardsDump) {
  const QemuCapture capture = Captured(MoreStream("mps3-an547.cortex-m55.smp1.devices"));
  ASSERT_THAT(capture.vcpus, SizeIs(1));
  // One nested subsection more than Cortex-M33: cpu/m/mve, 8 bytes.
  EXPECT_EQ(SizeOf(capture.vcpus[0], "cpu/m"), 235u + (15 + 8));
}

TEST(MoreStreamsTest, SmeStateGoesIntoAVmThatHasItOff) {
  // The same CPU, without ZA: the section grows by the subsection, and back.
  const std::string with_za = MoreStream("virt.max.sme.smp1.mig");
  const std::string without = CorpusStream("virt.max.smp1");
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(Captured(with_za).vcpus, "virt-7.2", without);
  ASSERT_TRUE(restore.ok()) << restore.status();
  const std::string restored = ApplyPatches(without, restore->patches);
  const MigrationStream source = *ParseMigrationStream(with_za);
  const absl::StatusOr<MigrationStream> target = ParseMigrationStream(restored);
  ASSERT_TRUE(target.ok()) << target.status();
  EXPECT_TRUE(restored.substr(target->vcpus[0].header.payload, target->vcpus[0].cpu.size) ==
              with_za.substr(source.vcpus[0].header.payload, source.vcpus[0].cpu.size));
}

}  // namespace
}  // namespace armstate
