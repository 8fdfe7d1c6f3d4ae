// The fate of subsections in a release that does not know them. Each is made by hand, as QEMU writes it.
#include "client/qemu/release_fit.h"

#include <string>
#include <utility>
#include <vector>

#include "client/qemu/capture.h"
#include "client/qemu/restore.h"
#include "client/qemu/stream/cpu_fields.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/qemu/stream/cpu_sections.h"
#include "tests/client/qemu/stream/stream_builder.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint32_t kEl1h = 0x3c5;
constexpr uint32_t kSvc = 0x1d3;
constexpr uint64_t kIsar0 = 0x603000000013c030;
constexpr uint64_t kIsar2 = 0x603000000013c032;
constexpr QemuRelease k7_2 = {7, 2};
constexpr QemuRelease k10_0 = {10, 0};
constexpr QemuRelease k11_1 = {11, 1};

std::string OneCpu(const std::string& section) {
  return StreamHeader() + FullSection(0, "cpu_common", 0, 1, std::string(8, '\0')) +
         FullSection(1, "cpu", 0, 22, section) + std::string(1, '\0');
}

std::string Vfp(const std::string& nested = "") { return Subsection("cpu/vfp", 3, std::string(576, '\0')) + nested; }

VcpuState Captured(const std::string& section) {
  absl::StatusOr<QemuCapture> capture = CaptureQemuStream(OneCpu(section));
  EXPECT_TRUE(capture.ok()) << capture.status();
  return capture.ok() ? std::move(capture->vcpus.at(0)) : VcpuState();
}

std::string Aarch64(const std::string& subsections, uint64_t isar2 = 0) {
  return CpuSection22(kEl1h, {{kIsar0, 0}, {kIsar2, isar2}}) + subsections;
}

// What is left of the section, put into one without subsections.
std::string Fitted(const ReleaseFit& fit, const std::string& fresh) {
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream({fit.vcpu}, "", OneCpu(fresh));
  EXPECT_TRUE(restore.ok()) << restore.status();
  if (!restore.ok()) return "";
  EXPECT_EQ(restore->verdict, Verdict::kAccepted);
  return SectionBytes(ApplyPatches(OneCpu(fresh), restore->patches), 0);
}

struct FitCase {
  const char* what;
  std::string subsection;
  QemuRelease release;
  uint64_t isar2 = 0;
  bool is_kept = false;
  // Empty: nothing is lost.
  const char* loss = "";
};

class FitTest : public testing::TestWithParam<FitCase> {};

TEST_P(FitTest, Subsection) {
  const FitCase& fit_case = GetParam();
  const std::string section = Aarch64(fit_case.subsection, fit_case.isar2);
  const ReleaseFit fit = FitToRelease(Captured(section), fit_case.release);
  EXPECT_EQ(Fitted(fit, Aarch64("", fit_case.isar2)), fit_case.is_kept ? section : Aarch64("", fit_case.isar2));
  if (*fit_case.loss != '\0') {
    ASSERT_THAT(fit.losses, SizeIs(1));
    EXPECT_THAT(fit.losses[0].text, HasSubstr(fit_case.loss));
  } else {
    EXPECT_THAT(fit.losses, IsEmpty());
    EXPECT_THAT(fit.notes, SizeIs(fit_case.is_kept ? 0 : 1));
  }
}

const std::string kUnarmed(8, '\xff');
INSTANTIATE_TEST_SUITE_P(
    All, FitTest,
    testing::Values(
        FitCase{"TimerNotArmed", Subsection("cpu/wfxt-timer", 1, kUnarmed), k7_2},
        FitCase{"TimerArmed", Subsection("cpu/wfxt-timer", 1, BigEndian(0xabcd, 8)), k7_2, 2, false, "until 0xabcd"},
        FitCase{"TimerKnown", Subsection("cpu/wfxt-timer", 1, BigEndian(0xabcd, 8)), k10_0, 2, true},
        // 10.0 ends itself when a CPU without FEAT_WFxT gets one.
        FitCase{"TimerOfACpuWithout", Subsection("cpu/wfxt-timer", 1, kUnarmed), k10_0},
        FitCase{"TimerOfEveryCpu", Subsection("cpu/wfxt-timer", 1, kUnarmed), k11_1, 0, true},
        FitCase{"Zt0", Subsection("cpu/zt0", 1, BigEndian(0x77, 64)), k10_0, 0, false, "it held 64 bytes: 0000"},
        FitCase{"Zt0IsZero", Subsection("cpu/zt0", 1, std::string(64, '\0')), k10_0},
        FitCase{"Zt0Known", Subsection("cpu/zt0", 1, BigEndian(0x77, 64)), {10, 1}, 0, true},
        FitCase{"Fpmr", Subsection("cpu/fpmr", 1, BigEndian(0x77, 8)), k10_0, 0, false, "0000000000000077"},
        FitCase{"FpmrIsZero", Subsection("cpu/fpmr", 1, std::string(8, '\0')), k10_0},
        FitCase{"Event", Subsection("cpu/event", 1, "\1"), k10_0, 0, false, "WFE"},
        FitCase{"EventKnown", Subsection("cpu/event", 1, "\1"), k11_1, 0, true},
        FitCase{"Syndrome", Subsection("cpu/syndrome64", 1, BigEndian(0x1'9600'0000, 8)), k10_0},
        FitCase{"Iwmmxt", Subsection("cpu/iwmmxt", 1, BigEndian(9, 192)), {10, 2}, 0, false, "it held 192 bytes"},
        FitCase{"IwmmxtKnown", Subsection("cpu/iwmmxt", 1, BigEndian(9, 192)), {10, 1}, 0, true},
        FitCase{"IrqLines", Subsection("cpu/irq-line-state", 1, BigEndian(2, 4)), k7_2, 0, true},
        FitCase{"Pstate", Subsection("cpu/pstate64", 1, BigEndian(kEl1h, 8)), k10_0},
        FitCase{"PstateIsWide", Subsection("cpu/pstate64", 1, BigEndian(0x4'0000'0000 | kEl1h, 8)), k10_0, 0, false,
                "bits 0x400000000 of PSTATE"},
        FitCase{"PstateKnown", Subsection("cpu/pstate64", 1, BigEndian(0x4'0000'0000 | kEl1h, 8)), k11_1, 0, true}),
    [](const auto& info) { return std::string(info.param.what); });

std::string WithFpscr(uint32_t fpscr) {
  std::string vfp = Vfp();
  return vfp.replace(vfp.size() - 4, 4, BigEndian(fpscr, 4));
}

TEST(ReleaseFitTest, FpcrAndFpsrGoOnInFpscr) {
  // AHP and IDE of FPCR, QC and IDC of FPSR: all are in FPSCR. And AH (bit 1) of FPCR, which is not.
  for (const uint64_t ah : {0, 2}) {
    const std::string split =
        Subsection("cpu/vfp/fpcr_fpsr", 1, BigEndian(0x04008000 | ah, 8) + BigEndian(0x08000080, 8));
    const ReleaseFit fit = FitToRelease(Captured(Aarch64(Vfp(split))), k7_2);
    EXPECT_EQ(Fitted(fit, Aarch64(Vfp())), Aarch64(WithFpscr(0x0c008080)));
    ASSERT_THAT(fit.losses, SizeIs(ah == 0 ? 0 : 1));
    if (ah != 0) {
      EXPECT_EQ(fit.losses[0].subsection, "cpu/vfp/fpcr_fpsr");
      EXPECT_THAT(fit.losses[0].text, HasSubstr("bits 0x2 of FPCR"));
    }
  }
}

TEST(ReleaseFitTest, InAarch32State) {
  const std::string split = Subsection("cpu/vfp/fpcr_fpsr", 1, BigEndian(0x04008002, 8) + BigEndian(0x08000080, 8));
  const auto section = [](const std::string& subsections) {
    return CpuSection22(kSvc, {{0x40200000200f0800, 0}}) + subsections;
  };
  // In the form of an SPSR_EL1, with PSTATE.SS.
  const std::string pstate = Subsection("cpu/pstate64", 1, BigEndian(1 << 21 | kSvc, 8));
  const ReleaseFit fit = FitToRelease(Captured(section(Vfp(split) + pstate)), k7_2);
  EXPECT_EQ(Fitted(fit, section(Vfp())), section(WithFpscr(0x0c008080)));
  ASSERT_THAT(fit.losses, SizeIs(2));
  EXPECT_THAT(fit.losses[0].text, HasSubstr("bits 0x2 of FPCR"));
  EXPECT_THAT(fit.losses[1].text, HasSubstr("bits 0x200000 of PSTATE"));
}

TEST(ReleaseFitTest, APmsav8rWithinItsParent) {
  const std::string mpu = Subsection("cpu/pmsav8", 1, std::string(8 + 2 * 8, '\7'));
  const std::string nested = Subsection("cpu/pmsav8/pmsav8r", 1, std::string(2 * 8, '\3'));
  const std::string irqs = Subsection("cpu/irq-line-state", 1, BigEndian(0, 4));
  const std::string section = CpuSection22(kSvc, {}) + Vfp() + mpu;
  const VcpuState vcpu = Captured(section + nested + irqs);
  const ReleaseFit fit = FitToRelease(vcpu, k7_2);
  EXPECT_EQ(Fitted(fit, section + irqs), section + irqs);
  ASSERT_THAT(fit.losses, SizeIs(1));
  EXPECT_EQ(fit.losses[0].subsection, "cpu/pmsav8/pmsav8r");
  EXPECT_THAT(FitToRelease(vcpu, {8, 0}).losses, IsEmpty());
}

TEST(ReleaseFitTest, ASubsectionOfALaterQemu) {
  VcpuState vcpu = Captured(Aarch64(""));
  vcpu.opaque_fields.push_back({"cpu/new", std::string("\0\0\0\1\0\0", 6)});
  vcpu.opaque_fields.push_back({"cpu/new/part", std::string("\0\0\0\1\5", 5)});
  vcpu.opaque_fields.push_back({"cpu/new", ""});  // no capture has one twice
  const ReleaseFit fit = FitToRelease(vcpu, k11_1);
  EXPECT_EQ(Fitted(fit, Aarch64("")), Aarch64(""));
  ASSERT_THAT(fit.losses, SizeIs(2));  // even if it is all zeros: nobody knows what that means
  EXPECT_EQ(fit.losses[0].subsection, "cpu/new");
  EXPECT_EQ(fit.losses[1].subsection, "cpu/new/part");
}

TEST(ReleaseFitTest, ARestoreIntoAStreamOfAnotherRelease) {
  const VcpuState vcpu = Captured(Aarch64(Subsection("cpu/fpmr", 1, BigEndian(0x77, 8))));
  const std::string fresh = OneCpu(Aarch64(""));
  const absl::StatusOr<QemuRestore> restore = RestoreIntoQemuStream({vcpu}, "", fresh, k10_0);
  ASSERT_TRUE(restore.ok()) << restore.status();
  EXPECT_TRUE(ApplyPatches(fresh, restore->patches) == fresh);
  ASSERT_THAT(restore->losses, SizeIs(1));
  EXPECT_EQ(restore->losses[0].subsection, "cpu/fpmr");
}

}  // namespace
}  // namespace armstate
