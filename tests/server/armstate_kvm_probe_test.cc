// Probes as `armstate-kvm probe` writes them: checksums, and experiments that recorded probes lack.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "core/error.h"
#include "server/host_probe.h"
#include "server/probe_profiles.h"
#include "tests/server/probe_edits.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

// The text of what armstate-kvm wrote on a host.
std::string ProbeText() { return ReadZstdFile("tests/data/kvm/armstate-kvm/neoverse-n1@6.12.probe.zst"); }

void ExpectProbeRefused(const std::string& text, const std::string& line, const std::string& register_id,
                        const std::string& what) {
  const absl::StatusOr<HostProbe> probe = ParseHostProbe({{"n1.probe", text}});
  ASSERT_EQ(probe.status().code(), absl::StatusCode::kInvalidArgument) << what;
  const auto info = GetErrorInfo(probe.status());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason, ErrorReason::kCpuProfileMalformed);
  EXPECT_EQ(info->metadata.at("file"), "n1.probe");
  EXPECT_EQ(info->metadata.at("line"), line) << probe.status();
  EXPECT_EQ(info->metadata.count("register_id") > 0 ? info->metadata.at("register_id") : "", register_id);
  EXPECT_NE(probe.status().message().find(what), absl::string_view::npos) << probe.status();
}

// One character of a line of each kind, changed so that the line alone still makes sense.
TEST(ArmstateKvmProbeTest, HandEditedLineOfAnyKindIsRefused) {
  constexpr char kChanged[] = "its checksum does not fit";
  const struct {
    std::string line, from, to, register_id;
  } edits[] = {
      {R"({"host":)", "neoverse-n1", "neoverse-n2", ""},
      {R"({"kind":"errno","label":"init.feature4")", "EINVAL", "ENOENT", ""},
      {R"({"host":"neoverse-n1@6.12","cpu")", "0x603000000013c080\",8,\"0x0", "0x603000000013c080\",8,\"0x1",
       "0x603000000013c080"},
      {R"({"kind":"bits","cfg":"pmu","phase":"fresh","reg":"0x603000000013c080")", "0xffffffffffffffff",
       "0xfffffffffffffff0", "0x603000000013c080"},
      {R"({"kind":"nibbles","cfg":"pmu","phase":"fresh","reg":"0x603000000013c020")", "\"EINVAL\"", "\"EPERM\"",
       "0x603000000013c020"},
      {R"({"kind":"range","cfg":"pmu","phase":"fresh","reg":"0x6030000000100042")", "0x00010031", "0x00010033",
       "0x6030000000100042"},
      {R"({"kind":"fw","cfg":"pmu","phase":"fresh","reg":"0x6030000000140001")", "->2", "->1", "0x6030000000140001"},
      {R"({"kind":"moving","cfg":"pmu")", "013df1a", "013df02", ""},
      {R"({"kind":"vm_wide","cfg":"pmu")", "\"own\":[\"0x60", "\"own\":[\"0x61", ""},
      {R"({"kind":"vectors","cfg":"pmu")", "100054", "100058", ""},
      {R"({"kind":"effect","cfg":"pmu","phase":"fresh","reg":"0x603000000013c021")", "ok", "no", "0x603000000013c021"},
      {R"({"kind":"pair","cfg":"pmu","phase":"fresh","reg":"0x603000000013c4f1")", "0x8000003e", "0x8000002e",
       "0x603000000013c4f1"},
      {R"({"kind":"timer","cfg":"pmu","phase":"fresh","reg":"0x603000000013df19")", "0x5", "0x1",
       "0x603000000013df19"}};
  for (const auto& edit : edits) {
    std::string text = ProbeText();
    const std::string line = LineNumber(text, edit.line);
    Edit(text, edit.line, edit.from, edit.to);
    ExpectProbeRefused(text, line, edit.register_id, kChanged);
  }
}

TEST(ArmstateKvmProbeTest, LinesThatAreMissingDoubleOrMovedAreRefused) {
  const std::string probe = ProbeText();
  ASSERT_TRUE(ParseHostProbe({{"n1.probe", probe}}).ok());
  const std::string pstate = R"({"kind":"bits","cfg":"pmu","phase":"fresh","reg":"0x6030000000100042")";
  const std::string range = R"({"kind":"range","cfg":"pmu","phase":"fresh","reg":"0x6030000000100042")";
  const std::string line = LineNumber(probe, pstate);
  const std::string bits = LineOf(probe, pstate);
  const std::string ranges = LineOf(probe, range);
  std::string text = probe;
  Edit(text, pstate, bits, "");
  ExpectProbeRefused(text, line, "0x6030000000100042", "missing, double or moved");
  text = probe;
  Edit(text, pstate, bits, bits + bits);
  ExpectProbeRefused(text, std::to_string(std::stoi(line) + 1), "0x6030000000100042", "missing, double or moved");
  text = probe;
  Edit(text, pstate, bits + ranges, ranges + bits);
  ExpectProbeRefused(text, line, "0x6030000000100042", "missing, double or moved");
  text = probe + bits;
  ExpectProbeRefused(text, std::to_string(std::count(text.begin(), text.end(), '\n')), "",
                     "stands behind the last line");
}

TEST(ArmstateKvmProbeTest, CutOffProbeIsRefusedByLine) {
  const std::string probe = ProbeText();
  const auto lines = std::count(probe.begin(), probe.end(), '\n');
  const std::string last = R"({"end":)" + std::to_string(lines - 1);
  EXPECT_EQ(LineNumber(probe, last), std::to_string(lines));
  ExpectProbeRefused(probe.substr(0, probe.find(last)), std::to_string(lines), "", "is missing");
  ExpectProbeRefused(probe.substr(0, probe.size() - 10), std::to_string(lines), "", "is not a JSON object");
  ExpectProbeRefused(probe.substr(0, probe.find('\n') + 1), "2", "", "is missing");
  ExpectProbeRefused(probe.substr(0, 20), "1", "", "is not a JSON object");
  ExpectProbeRefused(probe + probe, std::to_string(lines + 1), "", "stands behind the last line");
}

// Behaviours that recorded probes do not show, from a host's own experiments.
TEST(ArmstateKvmProbeTest, ExperimentsBecomeRules) {
  const std::string content = ProbeText();
  const auto probe = ParseHostProbe({{"n1.probe", content}});
  ASSERT_TRUE(probe.ok()) << probe.status();
  const auto profile = ProfileFromProbe(*probe, probe->classes.at(1), ImplementationId::kFixed);
  ASSERT_TRUE(profile.ok()) << profile.status();
  std::map<uint64_t, v1::RegisterRule> rules;
  for (const v1::RegisterRule& rule : profile->registers()) rules[rule.id()] = rule;
  // SMCCC_WORKAROUND_2 with SSBS = 0.
  const v1::RegisterRule::FirmwareLevel& level = rules.at(0x6030000000140002).firmware_level();
  EXPECT_EQ(level.id(), 0x603000000013c021u);
  EXPECT_EQ(level.mask(), 0xf0u);
  EXPECT_EQ(level.level(), 3u);
  ASSERT_EQ(level.ignored_size(), 1);
  EXPECT_EQ(level.ignored(0), 0x12u);
  // PSTATE: EL0t, EL1t, EL1h and AArch32 user mode (0x10), which this CPU has.
  const v1::RegisterRule& pstate = rules.at(0x6030000000100042);
  ASSERT_EQ(pstate.fields_size(), 1);
  EXPECT_EQ(pstate.fields(0).width(), 5u);
  EXPECT_EQ(pstate.fields(0).accepted(), 0x10031u);
  EXPECT_EQ(pstate.fields(0).refused(), 0xfffeffceu);
  // PMINTENSET, PMINTENCLR, PMCR, the counters, TIMER_CTL.
  EXPECT_EQ(rules.at(0x603000000013c4f1).counter_bits().write(), v1::RegisterRule::CounterBits::SET);
  EXPECT_EQ(rules.at(0x603000000013c4f2).counter_bits().write(), v1::RegisterRule::CounterBits::CLEAR);
  EXPECT_TRUE(rules.at(0x603000000013dce0).has_counter_control());
  EXPECT_TRUE(rules.at(0x603000000013df1a).has_moving_counter());
  EXPECT_TRUE(rules.at(0x603000000013df19).has_timer_control());
  // CTR_EL0 by value: IminLine, which is 4, may not be above it.
  EXPECT_EQ(rules.at(0x603000000013d801).fields(0).accepted(), 0x1fu);
  EXPECT_TRUE(rules.at(0x603000000013d801).vm_wide());
  EXPECT_FALSE(rules.at(0x603000000013c080).vm_wide());  // SCTLR_EL1
}

TEST(ArmstateKvmProbeTest, FormatOfAnotherVersionIsRefused) {
  // Its checksum: printf '{"format":"armstate-probe","version":2' | crc32 /dev/stdin
  ExpectProbeRefused(R"({"format":"armstate-probe","version":2,"crc":"48f7055b"})", "1", "", "version 2");
}

}  // namespace
}  // namespace armstate
