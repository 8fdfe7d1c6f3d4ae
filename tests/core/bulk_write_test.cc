#include "core/bulk_write.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/engine_vcpu.h"
#include "core/restore.h"

namespace armstate {
namespace {

constexpr uint64_t kView = 0x40200000200f3000;  // DFAR: the low half of FAR_EL1
constexpr uint64_t kConstant = 0x603000000013c008;
constexpr uint64_t kOwner = 0x603000000013c300;  // FAR_EL1
constexpr uint64_t kVector = 0x6040000000100054;

std::string Bytes(uint64_t word, size_t width) {
  std::string bytes(width, '\0');
  for (size_t i = 0; i < std::min<size_t>(width, 8); ++i) bytes[i] = static_cast<char>(word >> 8 * i);
  return bytes;
}

RegisterRule Rule(uint64_t raw, uint64_t reset, uint64_t writable,
                  absl::optional<RegisterRule::View> view = absl::nullopt) {
  const RegisterId id = *RegisterId::Create(raw);
  std::string mask = Bytes(writable, id.width());
  for (size_t i = 8; i < mask.size(); ++i) mask[i] = static_cast<char>(writable >> 8 * (i % 8));
  return {id, Bytes(reset, id.width()), mask, view};
}

std::shared_ptr<const CpuProfile> Profile(std::vector<RegisterRule> rules) {
  return *CpuProfile::Create("test", IdScheme::kTcg, std::move(rules));
}

EngineVcpu FourRegisters() {
  return EngineVcpu(
      Profile({Rule(kView, 0x22222222, ~0u, RegisterRule::View{RegisterId::Known<kOwner>(), 0}),
               Rule(kConstant, 0x1131, 0), Rule(kOwner, 0x1111111122222222, ~uint64_t{0}), Rule(kVector, 0, ~0ull)}));
}

std::string Values(uint64_t view, uint64_t constant, uint64_t owner, uint64_t vector) {
  return Bytes(view, 4) + Bytes(constant, 8) + Bytes(owner, 8) + Bytes(vector, 16);
}

TEST(BulkWriteTest, WritesWhatNothingStandsAgainst) {
  EngineVcpu vcpu = FourRegisters();
  const std::string values = Values(0x33333333, 0x1131, 0x1111111133333333, 0);
  std::vector<RegisterOutcome> outcomes;
  ASSERT_TRUE(vcpu.TryBulkWrite(values, outcomes));
  EXPECT_EQ(outcomes, (std::vector<RegisterOutcome>{RegisterOutcome::kWritten, RegisterOutcome::kUnchanged,
                                                    RegisterOutcome::kWritten, RegisterOutcome::kUnchanged}));
  EXPECT_EQ(vcpu.values(), values);
}

TEST(BulkWriteTest, LeavesTheRestToWritesOneByOne) {
  const struct {
    const char* name;
    std::string values;
  } kCases[] = {
      {"another constant", Values(0x33333333, 0x1031, 0x1111111133333333, 5)},
      {"view and owner disagree", Values(0x44444444, 0x1131, 0x1111111133333333, 5)},
  };
  for (const auto& c : kCases) {
    EngineVcpu vcpu = FourRegisters();
    std::vector<RegisterOutcome> outcomes;
    EXPECT_FALSE(vcpu.TryBulkWrite(c.values, outcomes)) << c.name;
    EXPECT_EQ(vcpu.values(), Values(0x22222222, 0x1131, 0x1111111122222222, 0)) << c.name;
  }
}

TEST(BulkWriteTest, IsNotForTargetsWhoseRegistersDependOnMore) {
  RegisterRule shared = Rule(kConstant, 0x1131, ~uint64_t{0});
  shared.vm_wide = true;
  RegisterRule judged = Rule(kConstant, 0x1131, ~uint64_t{0});
  judged.write = WriteRule{};
  EXPECT_EQ(Profile({shared})->bulk_write(), nullptr);
  EXPECT_EQ(Profile({judged})->bulk_write(), nullptr);
  EXPECT_EQ(Profile({Rule(0x6010000000130001, 0, 0)})->bulk_write(), nullptr) << "16 bits";
  EXPECT_NE(Profile({Rule(kConstant, 0x1131, 0)})->bulk_write(), nullptr);
}

// Against writes of one register after the other: random profiles, random lists.
class RandomTest {
 public:
  explicit RandomTest(uint32_t seed) : random_(seed) {}

  // Up to 12 registers of each width, in ascending order of IDs; those of the first two groups show others.
  std::shared_ptr<const CpuProfile> RandomProfile() {
    std::vector<RegisterRule> owners;
    for (const uint64_t group : {0x6020000000130000, 0x6030000000130000, 0x6040000000130000, 0x6050000000130000}) {
      const uint64_t count = random_() % 12;
      for (uint64_t i = 0; i < count; ++i) owners.push_back(Rule(group + i, random_(), Mask()));
    }
    std::vector<RegisterRule> rules;
    for (const uint64_t group : {0x4020000020000000, 0x4030000020000000}) {
      const uint64_t count = random_() % 12;
      for (uint64_t i = 0; i < count; ++i) rules.push_back(RandomView(group + i, owners));
    }
    rules.insert(rules.end(), owners.begin(), owners.end());
    return Profile(std::move(rules));
  }

  // What some writes to a copy lead to; now and then with a bit that they do not lead to.
  RegisterList RandomList(EngineVcpu vcpu) {
    const RegisterLayout& layout = *vcpu.layout();
    for (uint64_t writes = layout.size() == 0 ? 0 : random_() % 8; writes > 0; --writes) {
      const size_t index = random_() % layout.size();
      std::string value(layout.width(index), '\0');
      for (char& byte : value) byte = static_cast<char>(random_());
      EXPECT_TRUE(vcpu.Write(index, value).ok());
    }
    std::string values(vcpu.values());
    if (!values.empty() && random_() % 3 == 0)
      values[random_() % values.size()] ^= static_cast<char>(1 << random_() % 8);
    return *RegisterList::Create(vcpu.layout(), std::move(values));
  }

  uint64_t Next() { return random_(); }

 private:
  // Constants and partly writable registers are few: else every list would be refused something.
  uint64_t Mask() {
    const uint64_t kind = random_() % 10;
    return kind == 0 ? 0 : kind == 1 ? random_() : ~uint64_t{0};
  }

  RegisterRule RandomView(uint64_t raw, const std::vector<RegisterRule>& owners) {
    if (owners.empty()) return Rule(raw, random_(), Mask());
    const RegisterRule& owner = owners[random_() % owners.size()];
    if (owner.id.width() > 8) return Rule(raw, random_(), Mask());
    const auto shift = static_cast<uint32_t>(random_() % (8 * owner.id.width()));
    return Rule(raw, LowWord(owner.reset) >> shift, Mask(), RegisterRule::View{owner.id, shift});
  }

  std::mt19937_64 random_;
};

RestoreReport RestoreOneByOne(const RegisterList& list, EngineVcpu& vcpu, OnRefusal on_refusal) {
  // A copy of the port's own order: the restore does not take it for that.
  const std::vector<uint32_t> order(vcpu.restore_order().begin(), vcpu.restore_order().end());
  RegisterRestore restore(list, vcpu);
  restore.Write(order);
  RestoreReport report = restore.Judge();
  if (report.verdict == Verdict::kRefused && on_refusal == OnRefusal::kPutBack) restore.PutBack(report);
  return report;
}

void ExpectSame(const RestoreReport& a, const RestoreReport& b) {
  ASSERT_EQ(a.verdict, b.verdict);
  ASSERT_EQ(a.outcomes, b.outcomes);
  ASSERT_EQ(a.rolled_back, b.rolled_back);
  ASSERT_EQ(a.findings.size(), b.findings.size());
  for (size_t i = 0; i < a.findings.size(); ++i) {
    ASSERT_EQ(a.findings[i].id, b.findings[i].id);
    ASSERT_EQ(a.findings[i].outcome, b.findings[i].outcome);
    ASSERT_EQ(a.findings[i].wanted, b.findings[i].wanted);
    ASSERT_EQ(a.findings[i].got, b.findings[i].got);
    ASSERT_EQ(a.findings[i].reason, b.findings[i].reason);
    ASSERT_EQ(a.findings[i].put_back_error, b.findings[i].put_back_error);
  }
}

TEST(BulkWriteTest, GivesWhatWritesOneByOneGive) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  RandomTest random(seed);
  int at_once = 0;
  int one_by_one = 0;
  for (int round = 0; round < 300; ++round) {
    EngineVcpu vcpu(random.RandomProfile());
    EngineVcpu model = vcpu;
    for (int restores = 0; restores < 10; ++restores) {
      SCOPED_TRACE(testing::Message() << "round " << round << ", restore " << restores);
      const RegisterList list = random.RandomList(vcpu);
      const OnRefusal on_refusal = random.Next() % 2 == 0 ? OnRefusal::kPutBack : OnRefusal::kKeepGoing;
      std::vector<RegisterOutcome> outcomes;
      ++(EngineVcpu(vcpu).TryBulkWrite(list.values(), outcomes) ? at_once : one_by_one);
      ExpectSame(RestoreRegisters(list, vcpu, on_refusal), RestoreOneByOne(list, model, on_refusal));
      if (testing::Test::HasFatalFailure()) return;
      ASSERT_EQ(vcpu.values(), model.values());
    }
  }
  EXPECT_GT(at_once, 300) << "of 3000";
  EXPECT_GT(one_by_one, 300) << "of 3000";
}

}  // namespace
}  // namespace armstate
