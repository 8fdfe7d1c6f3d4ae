// Tests probes as `armstate-kvm probe` writes them: checksums, and experiments that recorded probes lack.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <string>

#include "core/error.h"
#include "server/probe/infer_profiles.h"
#include "server/probe/recording.h"
#include "tests/server/probe/probe_edits.h"
#include "tests/testing/zstd_file.h"

namespace armstate {
namespace {

// Returns the text that armstate-kvm wrote on a host.
std::string ProbeText() { return ReadZstdFile("tests/data/kvm/armstate-kvm/neoverse-n1@6.12.probe.zst"); }

void ExpectProbeRefused(const std::string& text, const std::string& line, const std::string& register_id,
                        const std::string& what) {
  const absl::StatusOr<ProbeRecording> probe = ParseProbeRecording({{"n1.probe", text}});
  ASSERT_EQ(probe.status().code(), absl::StatusCode::kInvalidArgument) << what;
  const auto info = GetErrorInfo(probe.status());
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->reason, ErrorReason::kCpuProfileMalformed);
  EXPECT_EQ(info->metadata.at("file"), "n1.probe");
  EXPECT_EQ(info->metadata.at("line"), line) << probe.status();
  EXPECT_EQ(info->metadata.count("register_id") > 0 ? info->metadata.at("register_id") : "", register_id);
  EXPECT_NE(probe.status().message().find(what), absl::string_view::npos) << probe.status();
}

// One character is changed in a line of each kind so that the line alone still makes sense.
TEST(ArmstateKvmProbeTest, HandEditedLineOfAnyKindIsRefused) {
  constexpr char kChanged[] = "its checksum does not match";
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

// A CPU without AArch32, with vectors of 1, 2 and 4 quadwords.
TEST(ArmstateKvmProbeTest, HostWithGapsInItsVectorLengths) {
  const std::string content = ReadZstdFile("tests/data/kvm/armstate-kvm/a64fx@6.12.probe.zst");
  const auto probe = ParseProbeRecording({{"a64fx.probe", content}});
  ASSERT_TRUE(probe.ok()) << probe.status();
  ASSERT_EQ(probe->classes.size(), 3u);
  EXPECT_EQ(probe->classes[2].name, "sve");
  const auto profile = ProfileFromProbe(*probe, probe->classes[2], ImplementationId::kFixed);
  ASSERT_TRUE(profile.ok()) << profile.status();
  for (const v1::RegisterRule& rule : profile->registers()) {
    if (rule.id() == 0x606000000015ffff) {  // SVE_VLS
      EXPECT_TRUE(rule.has_vector_lengths());
      EXPECT_EQ(rule.reset(0), 0xbu);
    } else if (rule.id() == 0x603000000013c008) {  // ID_PFR0_EL1: any value is taken, and reads as 0
      EXPECT_EQ(rule.error(), "");
      ASSERT_EQ(rule.fields_size(), 16);
      EXPECT_EQ(rule.fields(0).refused(), 0u);
      ASSERT_EQ(rule.fields(0).read_back_size(), 15);
      EXPECT_EQ(rule.fields(0).read_back(14).wrote(), 15u);
      EXPECT_EQ(rule.fields(0).read_back(14).reads(), 0u);
    }
  }
}

// The lines alone, as if somebody had recorded them by other means.
std::string WithoutChecksums(const std::string& probe) {
  std::string text = std::regex_replace(probe, std::regex(R"re(,"crc":"[0-9a-f]{8}"\})re"), "}");
  text.erase(0, text.find('\n') + 1);
  return text.substr(0, text.rfind(R"({"end")"));
}

TEST(ArmstateKvmProbeTest, LinesAreTakenWithoutTheirFrame) {
  const std::string text = WithoutChecksums(ProbeText());
  const absl::StatusOr<ProbeRecording> probe = ParseProbeRecording({{"n1.probe", text}});
  ASSERT_TRUE(probe.ok()) << probe.status();
  EXPECT_EQ(probe->host, "neoverse-n1@6.12");
  EXPECT_FALSE(probe->complete);
  EXPECT_EQ(probe->classes.at(1).counter_pairs.size(), 3u);
}

// Input that contradicts itself or has no rule is refused with line and register, even without checksums.
TEST(ArmstateKvmProbeTest, LineThatMakesNoSenseIsRefused) {
  const std::string probe = WithoutChecksums(ReadZstdFile("tests/data/kvm/armstate-kvm/max7@6.12.probe.zst"));
  const auto line = [](const std::string& kind, const std::string& id) {
    return R"({"kind":")" + kind + R"(","cfg":"full","phase":"fresh")" + (id.empty() ? "" : R"(,"reg":")" + id + "\"");
  };
  const std::string pstate = "0x6030000000100042";
  const std::string set = "0x603000000013c4f1";
  const std::string timer = "0x603000000013df19";
  const std::string lengths = "0x606000000015ffff";
  const std::string level = "0x6030000000140002";
  const struct {
    std::string line, from, to, register_id, what;
  } edits[] = {
      {line("range", pstate), R"("width":5)", R"("width":60)", pstate, "not in the register"},
      {line("range", pstate), R"("shift":0)", R"("shift":60)", pstate, "not in the register"},
      {line("range", pstate), "0x00010031", "0x00010011", pstate, "does not accept its current value"},
      {line("range", pstate), "0x00010031", "0x0001003", pstate, "8 hexadecimal digits"},
      {line("range", pstate), R"(["EINVAL"])", "[]", pstate, "its errnos contradict its bitmap"},
      {line("range", "0x603000000013dce0"), R"("readback":"0x3000")", R"("readback":"0x3001")", "0x603000000013dce0",
       "bits outside the range"},
      {line("pair", set), R"(["clear","0xffffffffffffffff",)", R"(["clear","0xfffffffffffffff",1,)", set,
       "not a list of 6 texts"},
      {line("pair", set), R"("0xffffffffffffffff","")", R"("0xffffffffffffffff","EPERM")", set, "refused step"},
      {line("pair", set), "0x603000000013c4f2", "0x603000000013c4f8", "0x603000000013c4f8", "not in the list"},
      {line("timer", timer), R"(["0x0","0x0","0x4"])", R"(["0x0","0x0"])", timer, "not a list of 3"},
      {line("vls", lengths), R"("0x3":"ok")", R"("0x3":"EINVAL")", lengths, "no rule for vector lengths 0x3"},
      {line("vls", lengths), R"("0x2":"EINVAL")", R"("0x2":"ok")", lengths, "no rule for vector lengths 0x2"},
      {line("vls", lengths), R"("value":"0xffff")", R"("value":"0x7fff")", lengths, "other vector lengths"},
      {line("short_vectors", ""), R"("lengths":"0x1")", R"("lengths":"0x3")", "0x6080000000150000", "all ones"},
      {line("moving", ""), "0x603000000013df1a", "0x603000000013ffff", "0x603000000013ffff", "not in the list"},
      {line("vm_wide", ""), R"("shared":["0x603000000013c008")", R"("shared":["no")", "", "not a hexadecimal number"},
      {line("effect", "0x603000000013c008"), R"("changed":[])", R"("changed":[["0x603000000013c008"]])",
       "0x603000000013c008", "[id, before, after]"},
      {line("fw", level) + R"(,"value":"0x3","with")", R"("0":"->3")", R"("0":"ok")", level, "0x0 at level 0x3"},
      {line("fw", level) + R"(,"value":"0x3","with")", R"("value":"0x1")", R"("value":"0x121")", level,
       "one field to 0"},
      {line("fw", level) + R"(,"value":"0x3","with")", "0x603000000013c021", "0x603000000013c0ff", level,
       "that the list lacks"},
  };
  for (const auto& edit : edits) {
    std::string text = probe;
    const std::string number = LineNumber(text, edit.line);
    Edit(text, edit.line, edit.from, edit.to);
    ExpectProbeRefused(text, number, edit.register_id, edit.what);
  }
  for (const std::string& start : {line("pair", set), line("timer", timer), line("range", pstate)}) {
    const std::string text = probe + LineOf(probe, start);
    ExpectProbeRefused(text, std::to_string(std::count(text.begin(), text.end(), '\n')),
                       start.substr(start.size() - 19, 18), "second experiment");
  }
}

// No rule is guessed for a register that changes with another one in an unknown way.
TEST(ArmstateKvmProbeTest, UnexplainedEffectIsUndetermined) {
  std::string text = WithoutChecksums(ProbeText());
  const std::string effect = R"({"kind":"effect","cfg":"pmu","phase":"fresh","reg":"0x603000000013c008")";
  // ID_PFR0_EL1 is said to change VBAR_EL1.
  Edit(text, effect, R"("changed":[])",
       R"("changed":[["0x603000000013c600","0x0000000000000000","0x0000000000000001"]])");
  const auto probe = ParseProbeRecording({{"n1.probe", text}});
  ASSERT_TRUE(probe.ok()) << probe.status();
  const auto profile = ProfileFromProbe(*probe, probe->classes.at(1), ImplementationId::kFixed);
  ASSERT_TRUE(profile.ok());
  for (const v1::RegisterRule& rule : profile->registers()) {
    if (rule.id() == 0x603000000013c600) {
      EXPECT_EQ(rule.undetermined(), ~uint64_t{0});
    } else if (rule.id() != 0x603000000013c021) {
      EXPECT_EQ(rule.undetermined(), 0u) << std::hex << rule.id();
    }
  }
}

TEST(ArmstateKvmProbeTest, LinesThatAreMissingDoubleOrMovedAreRefused) {
  const std::string probe = ProbeText();
  ASSERT_TRUE(ParseProbeRecording({{"n1.probe", probe}}).ok());
  const std::string pstate = R"({"kind":"bits","cfg":"pmu","phase":"fresh","reg":"0x6030000000100042")";
  const std::string range = R"({"kind":"range","cfg":"pmu","phase":"fresh","reg":"0x6030000000100042")";
  const std::string line = LineNumber(probe, pstate);
  const std::string bits = LineOf(probe, pstate);
  const std::string ranges = LineOf(probe, range);
  std::string text = probe;
  Edit(text, pstate, bits, "");
  ExpectProbeRefused(text, line, "0x6030000000100042", "missing, duplicated or moved");
  text = probe;
  Edit(text, pstate, bits, bits + bits);
  ExpectProbeRefused(text, std::to_string(std::stoi(line) + 1), "0x6030000000100042", "missing, duplicated or moved");
  text = probe;
  Edit(text, pstate, bits + ranges, ranges + bits);
  ExpectProbeRefused(text, line, "0x6030000000100042", "missing, duplicated or moved");
  text = probe + bits;
  ExpectProbeRefused(text, std::to_string(std::count(text.begin(), text.end(), '\n')), "", "follows the last line");
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
  ExpectProbeRefused(probe + probe, std::to_string(lines + 1), "", "follows the last line");
}

// Behaviours that recorded probes do not show, from a host's own experiments.
TEST(ArmstateKvmProbeTest, ExperimentsBecomeRules) {
  const std::string content = ProbeText();
  const auto probe = ParseProbeRecording({{"n1.probe", content}});
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
  EXPECT_EQ(rules.at(0x603000000013c4f1).counter_bits().write(), v1::RegisterRule::CounterBits::WRITE_SET);
  EXPECT_EQ(rules.at(0x603000000013c4f2).counter_bits().write(), v1::RegisterRule::CounterBits::WRITE_CLEAR);
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
