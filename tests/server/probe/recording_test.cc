#include "server/probe/recording.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <map>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include "core/engine_vm.h"
#include "core/error.h"
#include "proto/cpu_profile_conversion.h"
#include "server/probe/infer_profiles.h"
#include "tests/server/kvm_corpus.h"
#include "tests/server/probe/probe_edits.h"

namespace armstate {
namespace {

constexpr char kHost[] = "neoverse-n1@6.12";
constexpr char kPfr0[] = "0x603000000013c020";

std::string Experiment(const std::string& kind, const std::string& cfg, const std::string& id) {
  return R"({"kind": ")" + kind + R"(", "cfg": ")" + cfg + R"(", "phase": "fresh", "reg": ")" + id + "\"";
}

std::string Compress(const std::string& text) {
  std::string compressed(ZSTD_compressBound(text.size()), '\0');
  compressed.resize(ZSTD_compress(&compressed[0], compressed.size(), text.data(), text.size(), 3));
  return compressed;
}

void ExpectRefused(const ProbeFiles& files, const std::string& file, const std::string& line,
                   const std::string& register_id, const std::string& what) {
  const absl::StatusOr<ProbeRecording> probe = ParseProbeRecording(files.list());
  ASSERT_EQ(probe.status().code(), absl::StatusCode::kInvalidArgument);
  const auto info = GetErrorInfo(probe.status());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason, ErrorReason::kCpuProfileMalformed);
  EXPECT_EQ(info->metadata.at("file"), file);
  EXPECT_EQ(info->metadata.at("line"), line);
  EXPECT_EQ(info->metadata.count("register_id") > 0 ? info->metadata.at("register_id") : "", register_id);
  EXPECT_NE(probe.status().message().find(what), absl::string_view::npos) << probe.status();
}

TEST(HostProbeTest, RecordedProbesGiveAProfileForEachClass) {
  const std::map<std::string, size_t> expected = {
      {"cortex-a53@6.12", 3}, {"cortex-a57@6.12", 3},  {"cortex-a72@6.1", 3},  {"cortex-a72@6.12", 3},
      {"cortex-a72@6.18", 6}, {"max7@6.1", 7},         {"max7@6.12", 7},       {"max7@6.18", 14},
      {"neoverse-n1@6.1", 2}, {"neoverse-n1@6.12", 2}, {"neoverse-n1@6.18", 4}};
  for (const auto& [host, count] : expected) {
    const absl::StatusOr<std::vector<v1::CpuProfile>> profiles = ProfilesFromProbe(ReadHostProbe(host));
    ASSERT_TRUE(profiles.ok()) << host << ": " << profiles.status();
    EXPECT_EQ(profiles->size(), count) << host;
  }
}

TEST(HostProbeTest, ProfileSaysHowItsVmIsMade) {
  const auto profiles = ProfilesFromProbe(ReadHostProbe("cortex-a72@6.18"));
  ASSERT_TRUE(profiles.ok());
  const v1::CpuProfile& profile = profiles->at(3);
  EXPECT_TRUE(
      std::regex_match(profile.name(), std::regex("cpuProfiles/kvm-6\\.18\\.15\\.cortex-a72\\.pmu-impid-[0-9a-f]{8}")))
      << profile.name();
  EXPECT_EQ(profile.accelerator(), v1::ACCELERATOR_KVM);
  EXPECT_EQ(profile.hypervisor_version(), "6.18.15+deb13-cloud-arm64");
  EXPECT_EQ(profile.vcpu_features(), 0xcu);
  EXPECT_TRUE(profile.writable_implementation_id());
  EXPECT_EQ(profile.register_count(), 331);
}

TEST(HostProbeTest, DamagedFileIsRefusedByLine) {
  ProbeFiles files = ReadProbeFiles(kHost);
  files.experiments.resize(files.experiments.size() - 20);
  ExpectRefused(files, "experiments", "1370", "", "is not a JSON object");
  files = ReadProbeFiles(kHost);
  files.lists.resize(1000);
  ExpectRefused(files, "lists", "1", "", "is not a JSON object");
  files.lists.clear();
  ExpectRefused(files, "lists", "1", "", "there is no list");
  files = ReadProbeFiles(kHost);
  files.meta.resize(files.meta.size() / 2);
  ExpectRefused(files, "meta", "1", "", "is not a JSON object");
}

// The distribution of a probe's lines over files does not matter, nor does compression.
TEST(HostProbeTest, OneFileSaysTheSameAsThree) {
  const ProbeFiles files = ReadProbeFiles(kHost);
  std::string one_line_meta = files.meta;
  one_line_meta.erase(std::remove(one_line_meta.begin(), one_line_meta.end(), '\n'), one_line_meta.end());
  const std::string all = files.experiments + one_line_meta + "\n" + files.lists;
  const auto expected = ProfilesFromProbe(ReadHostProbe(kHost));
  ASSERT_TRUE(expected.ok());
  for (const std::string& content : {all, Compress(all)}) {
    const absl::StatusOr<ProbeRecording> probe = ParseProbeRecording({{"probe", content}});
    ASSERT_TRUE(probe.ok()) << probe.status();
    const auto profiles = ProfilesFromProbe(*probe);
    ASSERT_TRUE(profiles.ok());
    ASSERT_EQ(profiles->size(), expected->size());
    for (size_t i = 0; i < profiles->size(); ++i) {
      EXPECT_EQ(profiles->at(i).SerializeAsString(), expected->at(i).SerializeAsString()) << i;
    }
  }
}

TEST(HostProbeTest, DamagedCompressionIsRefused) {
  ProbeFiles files = ReadProbeFiles(kHost);
  const std::string compressed = Compress(files.lists);
  files.lists = compressed.substr(0, compressed.size() - 1);
  ExpectRefused(files, "lists", "1", "", "is truncated");
  files.lists = compressed;
  files.lists[4] = static_cast<char>(files.lists[4] ^ 8);  // a reserved bit
  ExpectRefused(files, "lists", "1", "", "zstd compression");
  files.lists = Compress(std::string(65 << 20, '\n'));
  ASSERT_LT(files.lists.size(), 10000u);
  ExpectRefused(files, "lists", "1", "", "more than 67108864 bytes");
  files.lists = Compress(std::string(2 << 20, ' '));
  ExpectRefused(files, "lists", "1", "", "longer than 1048576 bytes");
}

TEST(HostProbeTest, EditedListIsRefusedByRegister) {
  ProbeFiles files = ReadProbeFiles(kHost);
  Edit(files.lists, kPfr0, "\"0x1", "\"0x");
  ExpectRefused(files, "lists", "1", kPfr0, "16 hexadecimal digits");
  files = ReadProbeFiles(kHost);
  Edit(files.lists, kPfr0, " 8,", " 4,");
  ExpectRefused(files, "lists", "1", kPfr0, "4 bytes");
  files = ReadProbeFiles(kHost);
  Edit(files.lists, "0x603000000013c021", "0x603000000013c021", kPfr0);
  ExpectRefused(files, "lists", "1", kPfr0, "listed twice");
  // The experiments were made on the real value.
  files = ReadProbeFiles(kHost);
  Edit(files.lists, kPfr0, "\"0x1100000", "\"0x1200000");
  ExpectRefused(files, "experiments", LineNumber(files.experiments, Experiment("nibbles", "base", kPfr0)), kPfr0,
                "but the list has 0x1200000");
}

TEST(HostProbeTest, EditedExperimentIsRefusedByLineAndRegister) {
  const std::string bits = Experiment("bits", "pmu", kPfr0);
  const std::string fields = Experiment("nibbles", "pmu", kPfr0);
  ProbeFiles files = ReadProbeFiles(kHost);
  const std::string bits_line = LineNumber(files.experiments, bits);
  const std::string fields_line = LineNumber(files.experiments, fields);
  Edit(files.experiments, bits, R"("ignored": "0x0")", R"("ignored": "0x1")");
  ExpectRefused(files, "experiments", bits_line, kPfr0, "bits 0x1 have two results");
  files = ReadProbeFiles(kHost);
  Edit(files.experiments, bits, R"("EINVAL": "0x)", R"("EINVAL": "0x0)");
  ExpectRefused(files, "experiments", bits_line, kPfr0, "at most 64 bits");
  files = ReadProbeFiles(kHost);
  Edit(files.experiments, fields, R"("accepted": [")", R"("accepted": ["0001", ")");
  ExpectRefused(files, "experiments", fields_line, kPfr0, "16 bitmaps");
  files = ReadProbeFiles(kHost);
  Edit(files.experiments, fields, R"("errnos": ["EINVAL"])", R"("errnos": [])");
  ExpectRefused(files, "experiments", fields_line, kPfr0, "without an errno");
  files = ReadProbeFiles(kHost);
  Edit(files.experiments, fields, "\"pmu\"", "\"pmu2\"");
  ExpectRefused(files, "experiments", fields_line, kPfr0, "no list of class \"pmu2\"");
  files = ReadProbeFiles(kHost);
  files.experiments += LineOf(files.experiments, fields);
  ExpectRefused(files, "experiments", "1371", kPfr0, "second experiment of this kind");
  files = ReadProbeFiles(kHost);
  Edit(files.experiments, fields, kPfr0, "0x603000000013c0ff");
  ExpectRefused(files, "experiments", fields_line, "0x603000000013c0ff", "not in the list of class \"pmu\"");
}

// Restores the VM's own reset state with one register changed.
RegisterFinding RestoreChanged(const ProbeFiles& files, uint64_t id, uint64_t value) {
  const auto probe = ParseProbeRecording(files.list());
  EXPECT_TRUE(probe.ok()) << probe.status();
  const auto message = ProfileFromProbe(*probe, probe->classes.at(0), ImplementationId::kFixed);
  EXPECT_TRUE(message.ok()) << message.status();
  std::vector<EngineVcpu> vcpus = MakeVcpus(*CpuProfileFromProto(*message), 1);
  RegisterListBuilder builder;
  builder.Add(*RegisterId::Create(id), value);
  const RegisterList list = *std::move(builder).Build();
  const RestoreReport report = RestoreRegisters(list, vcpus[0], OnRefusal::kKeepGoing, ListScope::kSomeRegisters);
  return report.findings.empty() ? RegisterFinding{*RegisterId::Create(id), RegisterOutcome::kWritten, "", "", "", ""}
                                 : report.findings[0];
}

TEST(HostProbeTest, WhatWasNotTriedIsUndetermined) {
  constexpr uint64_t kPfr0Id = 0x603000000013c020;
  constexpr uint64_t kCsv2Is0 = 0x1000000011110112;  // reset has 1
  ProbeFiles files = ReadProbeFiles(kHost);
  EXPECT_EQ(RestoreChanged(files, kPfr0Id, kCsv2Is0 | 3).outcome, RegisterOutcome::kWriteRefused);  // EL0 = 3
  // Without the values of the fields the flips of single bits are left: EL0 = 2 with bit 0 flipped was refused ...
  const std::string fields = LineOf(files.experiments, Experiment("nibbles", "base", kPfr0));
  Edit(files.experiments, fields, fields, "\n");
  EXPECT_EQ(RestoreChanged(files, kPfr0Id, 0x1100000011110113).outcome, RegisterOutcome::kWriteRefused);
  // ... and of CSV3 = 1 that 0 was accepted, but of 2 nothing is known.
  EXPECT_EQ(RestoreChanged(files, kPfr0Id, 0x0100000011110112).outcome, RegisterOutcome::kWritten);
  // Without these experiments nothing is known.
  const std::string bits = LineOf(files.experiments, Experiment("bits", "base", kPfr0));
  Edit(files.experiments, bits, bits, "\n");
  EXPECT_EQ(RestoreChanged(files, kPfr0Id, 0x0100000011110112).outcome, RegisterOutcome::kWriteUndetermined);
  EXPECT_EQ(RestoreChanged(files, kPfr0Id, 0x1100000011110112).outcome, RegisterOutcome::kWritten);
}

// CTR_EL0 was flipped bit by bit only. Its IminLine is 4: 5, 6 and 12 were refused, 0 was accepted.
TEST(HostProbeTest, FieldOfWhichOnlyFlipsAreKnown) {
  constexpr uint64_t kCtr = 0x603000000013d801;
  const ProbeFiles files = ReadProbeFiles("cortex-a72@6.12");
  EXPECT_EQ(RestoreChanged(files, kCtr, 0x8444c000).outcome, RegisterOutcome::kWritten);
  EXPECT_EQ(RestoreChanged(files, kCtr, 0x8444c005).outcome, RegisterOutcome::kWriteRefused);
  EXPECT_EQ(RestoreChanged(files, kCtr, 0x8444c003).outcome, RegisterOutcome::kWriteUndetermined);
}

TEST(HostProbeTest, ModesThatNobodyTriedAreUndetermined) {
  constexpr uint64_t kPstate = 0x6030000000100042;
  const ProbeFiles files = ReadProbeFiles(kHost);
  const std::pair<uint64_t, RegisterOutcome> modes[] = {
      {0x0, RegisterOutcome::kWritten},        {0x3c4, RegisterOutcome::kWritten},
      {0x80000005, RegisterOutcome::kWritten}, {0x3c9, RegisterOutcome::kWriteRefused},
      {0x1d3, RegisterOutcome::kWriteRefused}, {0x3c2, RegisterOutcome::kWriteUndetermined}};
  for (const auto& [pstate, outcome] : modes) {
    EXPECT_EQ(RestoreChanged(files, kPstate, pstate).outcome, outcome) << std::hex << pstate;
  }
}

// Whatever a character is changed to, the file is accepted, or refused with the name of file and line.
TEST(HostProbeTest, AnyOneCharacterMayBeWrong) {
  constexpr uint32_t kSeed = 6;
  std::mt19937 random(kSeed);
  const std::string characters = "0123456789abcdefx\"[]{},:- \n";
  const ProbeFiles files = ReadProbeFiles(kHost);
  int refused = 0;
  for (int round = 0; round < 60; ++round) {
    ProbeFiles damaged = files;
    std::string& text = round % 3 == 0 ? damaged.meta : round % 3 == 1 ? damaged.lists : damaged.experiments;
    const size_t at = random() % text.size();
    text[at] = characters[random() % characters.size()];
    const absl::StatusOr<ProbeRecording> probe = ParseProbeRecording(damaged.list());
    const absl::Status status = probe.ok() ? ProfilesFromProbe(*probe).status() : probe.status();
    if (status.ok()) continue;
    ++refused;
    const auto info = GetErrorInfo(status);
    ASSERT_TRUE(info.has_value()) << "seed " << kSeed << ", round " << round << ", at " << at;
    EXPECT_EQ(info->reason, ErrorReason::kCpuProfileMalformed) << "seed " << kSeed << ", round " << round;
    if (!probe.ok()) {
      EXPECT_EQ(info->metadata.count("line"), 1u) << "seed " << kSeed << ", round " << round;
    }
  }
  EXPECT_GT(refused, 20) << "seed " << kSeed;
}

}  // namespace
}  // namespace armstate
