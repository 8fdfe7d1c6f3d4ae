// The CPUs that a probe is about. MIDR_EL1 of Cortex-A53 and Cortex-A72 as recorded hosts have it.
#include "client/kvm/tool/probed_cpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/cpu_list.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr uint64_t kLittle = 0x410fd034;
constexpr uint64_t kBig = 0x410fd083;

const CpuIds kOneKind = {{0, kBig}, {1, kBig}, {2, kBig}};
const CpuIds kBigLittle = {{0, kLittle}, {1, kLittle}, {2, kLittle}, {3, kLittle}, {4, kBig}, {5, kBig}};

TEST(ProbedCpusTest, AHostOfOneKindIsProbedAsAWhole) {
  const absl::StatusOr<ProbedCpus> probed = ChooseProbedCpus({0, 1}, /*is_chosen=*/false, kOneKind);
  ASSERT_TRUE(probed.ok()) << probed.status();
  EXPECT_THAT(probed->cpus, IsEmpty()) << "what two CPUs do, the third does, too";
  EXPECT_THAT(probed->others, IsEmpty());
  EXPECT_EQ(probed->midr, kBig);
}

TEST(ProbedCpusTest, WhatTheUserNamesIsRecorded) {
  EXPECT_EQ(ChooseProbedCpus({0, 1}, /*is_chosen=*/true, kOneKind)->cpus, "0-1");
  EXPECT_EQ(ChooseProbedCpus({4}, /*is_chosen=*/true, {})->cpus, "4");
}

TEST(ProbedCpusTest, OneKindOfSeveral) {
  const absl::StatusOr<ProbedCpus> probed = ChooseProbedCpus({4, 5}, /*is_chosen=*/false, kBigLittle);
  ASSERT_TRUE(probed.ok()) << probed.status();
  EXPECT_EQ(probed->cpus, "4-5");
  EXPECT_EQ(probed->others, "0-3");
  EXPECT_EQ(probed->midr, kBig);
}

TEST(ProbedCpusTest, SeveralKindsAtOnceAreRefused) {
  for (const bool is_chosen : {false, true}) {
    const absl::Status status = ChooseProbedCpus({0, 1, 2, 3, 4, 5}, is_chosen, kBigLittle).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(status.message(),
              "CPUs 0-5 are of several kinds: probe each kind on its own, with --cpus 0-3 (MIDR_EL1 0x410fd034) and "
              "with --cpus 4-5 (MIDR_EL1 0x410fd083)");
  }
}

TEST(ProbedCpusTest, ReadsWhatLinuxShows) {
  TempDir folder;
  for (const auto& [cpu, text] : std::map<std::string, std::string>{
           {"cpu0", "0x00000000410fd034\n"}, {"cpu11", "0x00000000410fd083\n"}, {"cpufreq", ""}}) {
    const std::string path = folder.path() + "/" + cpu + "/regs/identification";
    std::filesystem::create_directories(path);
    std::ofstream(path + "/midr_el1") << text;
  }
  std::filesystem::create_directories(folder.path() + "/cpu3");  // offline
  EXPECT_THAT(ReadCpuIds(folder.path()), UnorderedElementsAre(Pair(0, kLittle), Pair(11, kBig)));
  EXPECT_THAT(ReadCpuIds(folder.path() + "/none"), IsEmpty());
}

TEST(PinProbeTest, KeepsTheThreadOnTheCpus) {
  const int now = sched_getcpu();
  ASSERT_GE(now, 0);
  const absl::StatusOr<ProbedCpus> probed = PinProbe(FormatCpuList({now}));
  ASSERT_TRUE(probed.ok()) << probed.status();
  EXPECT_EQ(probed->cpus, std::to_string(now));
  cpu_set_t set;
  ASSERT_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
  EXPECT_EQ(CPU_COUNT(&set), 1);
  EXPECT_TRUE(CPU_ISSET(now, &set));
}

TEST(PinProbeTest, RefusesCpusThatThereAreNot) {
  const absl::Status status = PinProbe("0-4095").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "not all CPUs of the list 0-4095 are online and allowed to this process");
  EXPECT_THAT(PinProbe("four").status().message(), HasSubstr("is not a list of CPU numbers"));
}

}  // namespace
}  // namespace armstate
