#include "core/engine_vcpu.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/capture.h"
#include "core/error.h"
#include "core/restore.h"

namespace armstate {
namespace {

// As QEMU 7.2's cortex-a15 has them: IFSR's copies, FAR_EL1 whose halves are DFAR and IFAR, a constant, a partly
// writable one.
constexpr uint64_t kDfar = 0x40200000200f3000;
constexpr uint64_t kIfar = 0x40200000200f3002;
constexpr uint64_t kIdPfr0 = 0x603000000013c008;
constexpr uint64_t kFar = 0x603000000013c300;
constexpr uint64_t kVbar = 0x603000000013c600;
constexpr uint64_t kV0 = 0x6040000000100054;

std::string Bytes(uint64_t word, size_t width) {
  std::string bytes(width, '\0');
  for (size_t i = 0; i < width && i < 8; ++i) bytes[i] = static_cast<char>(word >> 8 * i);
  return bytes;
}

RegisterRule Rule(uint64_t raw, uint64_t reset, uint64_t writable,
                  absl::optional<RegisterRule::View> view = absl::nullopt) {
  const RegisterId id = *RegisterId::Create(raw);
  std::string mask = Bytes(writable, id.width());
  if (id.width() > 8 && writable != 0) mask.assign(id.width(), '\xff');
  return {id, Bytes(reset, id.width()), mask, view};
}

std::vector<RegisterRule> Rules() {
  const RegisterId far = RegisterId::Known<kFar>();
  return {Rule(kDfar, 0x22222222, ~0u, RegisterRule::View{far, 0}),
          Rule(kIfar, 0x11111111, ~0u, RegisterRule::View{far, 32}),
          Rule(kIdPfr0, 0x1131, 0),
          Rule(kFar, 0x1111111122222222, ~uint64_t{0}),
          Rule(kVbar, 0, 0xffffffffffffffe0),
          Rule(kV0, 0, ~uint64_t{0})};
}

EngineVcpu MakeVcpu() { return EngineVcpu(*CpuProfile::Create("test", IdScheme::kTcg, Rules())); }

uint64_t Value(EngineVcpu& vcpu, uint64_t id) {
  return LowWord(*CaptureRegisters(vcpu).registers.Find(*RegisterId::Create(id)));
}

RestoreReport RestoreOne(EngineVcpu& vcpu, const std::map<uint64_t, uint64_t>& values,
                         OnRefusal mode = OnRefusal::kPutBack) {
  RegisterListBuilder builder;
  builder.Add(RegisterId::Known<kIdPfr0>(), 0x1131);
  for (const auto& [id, value] : values) {
    if (id != kIdPfr0) builder.Add(*RegisterId::Create(id), value);
  }
  return RestoreRegisters(*std::move(builder).Build(), vcpu, mode);
}

TEST(EngineVcpuTest, StartsInResetState) {
  EngineVcpu vcpu = MakeVcpu();
  EXPECT_EQ(Value(vcpu, kFar), 0x1111111122222222u);
  EXPECT_EQ(Value(vcpu, kIdPfr0), 0x1131u);
}

TEST(EngineVcpuTest, OwnerShowsInItsViews) {
  EngineVcpu vcpu = MakeVcpu();
  EXPECT_EQ(RestoreOne(vcpu, {{kFar, 0xcafef00cdeadbea0}}).findings.size(), 4u);  // only what the list does not bring
  EXPECT_EQ(Value(vcpu, kDfar), 0xdeadbea0u);
  EXPECT_EQ(Value(vcpu, kIfar), 0xcafef00cu);
}

TEST(EngineVcpuTest, WriteToAViewReachesTheOwnerAndTheOtherViews) {
  EngineVcpu vcpu = MakeVcpu();
  RestoreOne(vcpu, {{kIfar, 0xcafef00c}});
  EXPECT_EQ(Value(vcpu, kFar), 0xcafef00c22222222u);
  EXPECT_EQ(Value(vcpu, kDfar), 0x22222222u);
}

// QEMU writes in ascending order: FAR_EL1 has the last word, and the value of DFAR alone is lost.
TEST(EngineVcpuTest, HighestIdWinsOverItsViews) {
  EngineVcpu vcpu = MakeVcpu();
  const RestoreReport report = RestoreOne(vcpu, {{kDfar, 0x5}, {kFar, 0x1111111133333333}});
  EXPECT_EQ(report.verdict, Verdict::kAcceptedWithChanges);
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.findings[0].id.raw(), kDfar);
  EXPECT_EQ(report.findings[0].outcome, RegisterOutcome::kOverwritten);
  EXPECT_EQ(LowWord(report.findings[0].got), 0x33333333u);
  EXPECT_EQ(Value(vcpu, kFar), 0x1111111133333333u);
}

TEST(EngineVcpuTest, PartlyWritableRegisterRefusesOtherBits) {
  EngineVcpu vcpu = MakeVcpu();
  EXPECT_EQ(RestoreOne(vcpu, {{kVbar, 0x40200800}}).verdict, Verdict::kAcceptedWithChanges);
  const RestoreReport report = RestoreOne(vcpu, {{kVbar, 0x40201001}});
  EXPECT_EQ(report.verdict, Verdict::kRefused);
  EXPECT_EQ(Value(vcpu, kVbar), 0x40200800u) << "put back";
}

TEST(EngineVcpuTest, ConstantIsRequiredAndMustBeEqual) {
  EngineVcpu vcpu = MakeVcpu();
  RegisterListBuilder other;
  other.Add(RegisterId::Known<kIdPfr0>(), 0x1031);
  const RestoreReport changed = RestoreRegisters(*std::move(other).Build(), vcpu, OnRefusal::kKeepGoing);
  EXPECT_EQ(changed.findings[2].id.raw(), kIdPfr0);
  EXPECT_EQ(changed.findings[2].outcome, RegisterOutcome::kIgnored);
  RegisterListBuilder none;
  const RestoreReport missing = RestoreRegisters(*std::move(none).Build(), vcpu, OnRefusal::kKeepGoing);
  EXPECT_EQ(missing.findings[2].outcome, RegisterOutcome::kRequired);
  EXPECT_EQ(missing.verdict, Verdict::kRefused);
}

// Against a model: every register a bit mask, views by the definition "value = owner >> shift".
TEST(EngineVcpuTest, RandomWritesMatchAModel) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  EngineVcpu vcpu = MakeVcpu();
  uint64_t far = 0x1111111122222222, vbar = 0;
  for (int round = 0; round < 2000; ++round) {
    const uint64_t value = random();
    switch (random() % 4) {
      case 0:
        ASSERT_TRUE(vcpu.Write(0, Bytes(value, 4)).ok());
        far = (far & 0xffffffff00000000) | (value & 0xffffffff);
        break;
      case 1:
        ASSERT_TRUE(vcpu.Write(1, Bytes(value, 4)).ok());
        far = (far & 0xffffffff) | value << 32;
        break;
      case 2:
        ASSERT_TRUE(vcpu.Write(3, Bytes(value, 8)).ok());
        far = value;
        break;
      default:
        ASSERT_TRUE(vcpu.Write(4, Bytes(value, 8)).ok());
        vbar = value & ~uint64_t{31};
    }
    ASSERT_EQ(Value(vcpu, kFar), far);
    ASSERT_EQ(Value(vcpu, kDfar), far & 0xffffffff);
    ASSERT_EQ(Value(vcpu, kIfar), far >> 32);
    ASSERT_EQ(Value(vcpu, kVbar), vbar);
    ASSERT_EQ(Value(vcpu, kIdPfr0), 0x1131u);
  }
}

TEST(CpuProfileTest, RefusesRulesThatContradictThemselves) {
  const RegisterId far = RegisterId::Known<kFar>();
  const struct {
    const char* name;
    std::vector<RegisterRule> rules;
    uint64_t names;
  } kCases[] = {
      {"unsorted", {Rule(kFar, 0, 0), Rule(kDfar, 0, 0)}, kDfar},
      {"twice", {Rule(kFar, 0, 0), Rule(kFar, 0, 0)}, kFar},
      {"owner missing", {Rule(kDfar, 0, 0, RegisterRule::View{far, 0})}, kDfar},
      {"owner below", {Rule(kFar, 0, 0), Rule(kVbar, 0, 0, RegisterRule::View{far, 0})}, kVbar},
      {"shift too large", {Rule(kDfar, 0, 0, RegisterRule::View{far, 64}), Rule(kFar, 0, 0)}, kDfar},
      {"reset differs", {Rule(kDfar, 1, 0, RegisterRule::View{far, 0}), Rule(kFar, 2, 0)}, kDfar},
      {"narrow value", {{far, "abc", std::string(8, '\0'), absl::nullopt}}, kFar},
  };
  for (const auto& c : kCases) {
    const auto profile = CpuProfile::Create("test", IdScheme::kTcg, c.rules);
    ASSERT_EQ(profile.status().code(), absl::StatusCode::kInvalidArgument) << c.name;
    EXPECT_EQ(GetErrorInfo(profile.status())->reason, ErrorReason::kCpuProfileMalformed) << c.name;
    EXPECT_EQ(GetErrorInfo(profile.status())->metadata.at("register_id"), RegisterId::Create(c.names)->ToString())
        << c.name;
  }
}

}  // namespace
}  // namespace armstate
