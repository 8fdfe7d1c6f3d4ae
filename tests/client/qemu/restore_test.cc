#include "client/qemu/restore.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/qemu/capture.h"
#include "client/qemu/stream/migration_stream.h"
#include "core/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/qemu/corpus.h"
#include "tests/client/qemu/stream/cpu_sections.h"

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

class CorpusTest : public testing::TestWithParam<std::string> {};

TEST_P(CorpusTest, RestoredSectionsEqualTheSourceByteForByte) {
  const std::string source = CorpusStream(GetParam());
  const QemuCapture capture = Captured(source);
  const std::string target = WithOtherCpuState(source);
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(capture.vcpus, capture.machine_type, target);
  ASSERT_TRUE(restore.ok()) << restore.status();
  EXPECT_EQ(restore->verdict, Verdict::kAccepted);
  for (const RestoreReport& report : restore->reports) EXPECT_THAT(report.findings, IsEmpty());
  // All but the cpu sections was the same before.
  const std::string restored = ApplyPatches(target, restore->patches);
  EXPECT_NE(target, source);
  EXPECT_TRUE(restored == source);
}

INSTANTIATE_TEST_SUITE_P(All, CorpusTest, testing::ValuesIn(CorpusNames()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (!isalnum(c)) c = '_';
  }
  return name;
});

TEST(QemuRestoreTest, IntoTheStreamOfAnotherMomentOfTheSameVm) {
  // Same CPU and machine, other RAM and devices: the x-ignore-shared stream.
  const std::string source = CorpusStream("virt.cortex-a57.smp1");
  const std::string target = CorpusStream("virt.cortex-a57.ignore-shared.smp1");
  ASSERT_NE(SectionBytes(source, 0), SectionBytes(target, 0));
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(Captured(source).vcpus, "virt-7.2", target);
  ASSERT_TRUE(restore.ok()) << restore.status();
  const std::string restored = ApplyPatches(target, restore->patches);
  EXPECT_TRUE(SectionBytes(restored, 0) == SectionBytes(source, 0));
  const size_t begin = Outline(target).vcpus[0].header.payload;
  const size_t end = begin + SectionBytes(target, 0).size();
  EXPECT_TRUE(restored.substr(0, begin) == target.substr(0, begin));
  EXPECT_TRUE(restored.substr(end) == target.substr(end));
}

TEST(QemuRestoreTest, RegistersThatTheCheckpointLacksKeepTheTargetsValues) {
  const std::string stream = CorpusStream("virt.cortex-a57.smp1");
  VcpuState vcpu;
  RegisterListBuilder builder;
  builder.Add(RegisterId::Known<0x6030000000100002>(), 0x0123456789abcdef);  // X1
  vcpu.registers = *std::move(builder).Build();
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream({vcpu}, "", stream);
  ASSERT_TRUE(restore.ok()) << restore.status();
  std::string expected = stream;
  Overwrite(expected, Outline(stream).vcpus[0].header.payload + 64 + 8, "\x01\x23\x45\x67\x89\xab\xcd\xef");
  EXPECT_TRUE(ApplyPatches(stream, restore->patches) == expected);
}

TEST(QemuRestoreTest, StackPointersFollowTheModeOfTheCheckpoint) {
  // The recorded vCPU is in EL1h: SP_EL1 is in xregs[31]. A checkpoint in EL0t has SP_EL0 there.
  const std::string stream = CorpusStream("virt.cortex-a57.smp1");
  RegisterListBuilder builder;
  builder.Add(RegisterId::Known<0x603000000010003e>(), 0x1111111111111111);  // SP_EL0
  builder.Add(RegisterId::Known<0x6030000000100042>(), 0x3c0);               // PSTATE
  builder.Add(RegisterId::Known<0x6030000000100044>(), 0x2222222222222222);  // SP_EL1
  VcpuState vcpu;
  vcpu.registers = *std::move(builder).Build();
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream({vcpu}, "", stream);
  ASSERT_TRUE(restore.ok()) << restore.status();
  const std::string section = SectionBytes(ApplyPatches(stream, restore->patches), 0);
  EXPECT_EQ(section.substr(64 + 8 * 31, 8), std::string(8, 0x11));  // xregs[31]
  EXPECT_EQ(section.substr(536 + 8, 8), std::string(8, 0x22));      // sp_el[1]
  EXPECT_EQ(section.substr(328, 4), std::string("\0\0\x03\xc0", 4));
}

TEST(QemuRestoreTest, AVcpuInAarch32StateGoesIntoA64BitCpu) {
  const std::string stream = CorpusStream("virt.cortex-a57.smp1");
  RegisterListBuilder builder;
  builder.Add(RegisterId::Known<0x4020000000100001>(), 0x11111111);  // R1
  builder.Add(RegisterId::Known<0x402000000010000d>(), 0x22222222);  // SP_usr
  builder.Add(RegisterId::Known<0x4020000000100010>(), 0x10);        // CPSR: User mode
  VcpuState vcpu;
  vcpu.registers = *std::move(builder).Build();
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream({vcpu}, "", stream);
  ASSERT_TRUE(restore.ok()) << restore.status();
  const std::string section = SectionBytes(ApplyPatches(stream, restore->patches), 0);
  EXPECT_EQ(section.substr(4, 4), std::string(4, 0x11));
  EXPECT_EQ(section.substr(4 * 13, 4), std::string(4, 0x22));
  EXPECT_EQ(section.substr(328, 4), std::string("\0\0\0\x10", 4));
}

TEST(QemuRestoreTest, UnknownRegisterRefusesAndIsNamed) {
  const std::string stream = CorpusStream("virt.cortex-a57.smp1");
  QemuCapture capture = Captured(stream);
  const absl::StatusOr<QemuRestore> restore =
      RestoreIntoQemuStream(capture.vcpus, "virt-7.2", CorpusStream("virt.cortex-a15.q64.smp1"));
  ASSERT_TRUE(restore.ok()) << restore.status();
  EXPECT_EQ(restore->verdict, Verdict::kRefused);
  EXPECT_THAT(restore->patches, IsEmpty());
  ASSERT_THAT(restore->reports, SizeIs(1));
  bool named = false;  // ID_AA64ISAR0_EL1, which a Cortex-A15 has not
  for (const RegisterFinding& finding : restore->reports[0].findings) {
    named |= finding.outcome == RegisterOutcome::kUnknown && finding.id.raw() == 0x603000000013c030;
  }
  EXPECT_TRUE(named);
}

TEST(QemuRestoreTest, AModeThatDoesNotExist) {
  const std::string stream = CorpusStream("virt.cortex-a15.smp1");
  RegisterListBuilder builder;
  builder.Add(RegisterId::Known<0x4020000000100010>(), 0x1e);  // CPSR
  VcpuState vcpu;
  vcpu.registers = *std::move(builder).Build();
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream({vcpu}, "", stream);
  EXPECT_EQ(restore.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(GetErrorInfo(restore.status())->metadata.at("field"), "cpsr");
}

TEST(QemuRestoreTest, AValueThatTheStreamHasNoRoomForIsRefused) {
  const std::string stream = CorpusStream("virt.max.smp1");
  RegisterListBuilder builder;
  builder.AddBytes(RegisterId::Known<0x6080000000150000>(), std::string(128, '\0') + std::string(128, '\x01'));  // Z0
  builder.Add(RegisterId::Known<0x60200000001000d5>(), 0x4);  // FPCR.NEP, which is a flag of FPSR in FPSCR
  VcpuState vcpu;
  vcpu.registers = *std::move(builder).Build();
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream({vcpu}, "", stream);
  ASSERT_TRUE(restore.ok()) << restore.status();
  EXPECT_EQ(restore->verdict, Verdict::kRefused);
  EXPECT_THAT(restore->patches, IsEmpty());
  std::vector<uint64_t> refused;
  for (const RegisterFinding& finding : restore->reports.at(0).findings) {
    if (finding.outcome == RegisterOutcome::kWriteRefused) refused.push_back(finding.id.raw());
  }
  EXPECT_THAT(refused, ElementsAre(0x60200000001000d5, 0x6080000000150000));
}

TEST(QemuRestoreTest, SubsectionsComeAndGoWithTheCheckpoint) {
  const std::string stream = CorpusStream("virt.cortex-a57.smp1");
  QemuCapture capture = Captured(stream);
  // An SError is pending: cpu/serror, version 1, 10 bytes.
  std::vector<OpaqueField>& fields = capture.vcpus[0].opaque_fields;
  ASSERT_EQ(fields.back().name, "cpu/irq-line-state");
  fields.insert(fields.end() - 1, {"cpu/serror", std::string("\0\0\0\1", 4) + std::string(10, 0x77)});
  absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(capture.vcpus, "virt-7.2", stream);
  ASSERT_TRUE(restore.ok()) << restore.status();
  EXPECT_THAT(restore->notes, IsEmpty());
  const std::string longer = ApplyPatches(stream, restore->patches);
  const std::string section = SectionBytes(longer, 0);
  EXPECT_EQ(section.size(), SectionBytes(stream, 0).size() + 1 + 1 + 10 + 4 + 10);
  // In the order of the fields: before cpu/irq-line-state.
  const std::string serror = std::string(
                                 "\x05\x0a"
                                 "cpu/serror\0\0\0\1",
                                 16) +
                             std::string(10, 0x77);
  EXPECT_EQ(section.substr(section.size() - 28 - 26, 26), serror);
  // The description has it, too: QEMU's own names of its fields it does not know.
  EXPECT_NE(longer.find("{\"vmsd_name\": \"cpu/serror\", \"version\": 1, \"fields\": [{\"name\": \"cpu/serror\", "
                        "\"type\": \"buffer\", \"size\": 10}]}, {\"vmsd_name\": \"cpu/irq-line-state\""),
            std::string::npos);
  EXPECT_THAT(Captured(longer).notes, IsEmpty());
  EXPECT_THAT(Captured(longer).gaps, IsEmpty());
  // And back again.
  restore = RestoreIntoQemuStream(Captured(stream).vcpus, "virt-7.2", longer);
  ASSERT_TRUE(restore.ok()) << restore.status();
  EXPECT_TRUE(ApplyPatches(longer, restore->patches) == stream);
}

TEST(QemuRestoreTest, OtherNumberOfVcpus) {
  const QemuCapture capture = Captured(CorpusStream("virt.cortex-a15.smp2"));
  const absl::StatusOr<QemuRestore> restore =
      RestoreIntoQemuStream(capture.vcpus, capture.machine_type, CorpusStream("virt.cortex-a15.smp1"));
  EXPECT_EQ(restore.status().code(), absl::StatusCode::kFailedPrecondition);
  const absl::optional<ErrorInfo> info = GetErrorInfo(restore.status());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason, ErrorReason::kVcpuCountDiffers);
  EXPECT_EQ(info->metadata.at("checkpoint_vcpus"), "2");
  EXPECT_EQ(info->metadata.at("target_vcpus"), "1");
}

TEST(QemuRestoreTest, OtherMachineType) {
  const QemuCapture capture = Captured(CorpusStream("vexpress-a9.cortex-a9.smp1"));
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(
      capture.vcpus, capture.machine_type, CorpusStream("realview-pbx-a9.cortex-a9.realview.smp1"));
  EXPECT_EQ(restore.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(restore.status().message()), HasSubstr("vexpress-a9"));
  EXPECT_EQ(GetErrorInfo(restore.status())->metadata.at("field"), "machine_type");
}

struct BadField {
  const char* what;
  OpaqueField field;
};

class OpaqueFieldTest : public testing::TestWithParam<BadField> {};

TEST_P(OpaqueFieldTest, IsRefusedByName) {
  const std::string stream = CorpusStream("virt.cortex-a57.smp1");
  QemuCapture capture = Captured(stream);
  std::vector<OpaqueField>& fields = capture.vcpus[0].opaque_fields;
  const OpaqueField& bad = GetParam().field;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == bad.name) fields.erase(fields.begin() + i--);
  }
  fields.push_back(bad);
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream(capture.vcpus, "virt-7.2", stream);
  EXPECT_EQ(restore.status().code(), absl::StatusCode::kInvalidArgument);
  const absl::optional<ErrorInfo> info = GetErrorInfo(restore.status());
  ASSERT_TRUE(info.has_value()) << restore.status();
  EXPECT_EQ(info->reason, ErrorReason::kFieldInvalid);
  EXPECT_EQ(info->metadata.at("field"), bad.name);
}

INSTANTIATE_TEST_SUITE_P(All, OpaqueFieldTest,
                         testing::Values(BadField{"UnknownField", {"env.nothing", "x"}},
                                         BadField{"TooShort", {"env.exclusive_addr", std::string(7, 'x')}},
                                         BadField{"TooLong", {"env.exclusive_addr", std::string(9, 'x')}},
                                         BadField{"IndexTooLarge", {"env.sp_el[4]", std::string(8, 'x')}},
                                         BadField{"IndexNegative", {"env.sp_el[-1]", std::string(8, 'x')}},
                                         BadField{"IndexEmpty", {"env.sp_el[]", std::string(8, 'x')}},
                                         BadField{"UnknownSubsectionWithoutVersion", {"cpu/nothing", "\1"}},
                                         BadField{"SubsectionWithoutVersion", {"cpu/serror", "\1"}},
                                         BadField{"SubsectionOfOtherVersion", {"cpu/vfp", std::string("\0\0\0\2", 4)}},
                                         BadField{"SubsectionIsNotThere",
                                                  {"cpu/sve:env.vfp.pregs[0]", std::string(32, 'x')}},
                                         BadField{"SectionOfOtherVersion", {"cpu", std::string("\0\0\0\x0c", 4)}},
                                         BadField{"NestedAtTop", {"cpu/m/scr", std::string("\0\0\0\1abcd", 8)}}),
                         [](const auto& info) { return std::string(info.param.what); });

}  // namespace
}  // namespace armstate
