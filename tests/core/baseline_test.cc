#include "core/baseline.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace armstate {
namespace {

using Profile = std::shared_ptr<const CpuProfile>;
using Positions = std::vector<size_t>;

// Arm ARM: ID_AA64ISAR0_EL1 is S3_0_C0_C6_0 with SHA1 in bits 11-8 and AES in bits 7-4, both "lower is safe"; bits 3-0
// have no name.
constexpr uint64_t kMidr = 0x603000000013c000;
constexpr uint64_t kIsar0 = 0x603000000013c030;
constexpr uint64_t kTcr2 = 0x603000000013c103;
constexpr unsigned kAes = 4;
constexpr unsigned kSha1 = 8;

std::string Word(uint64_t word) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(word >> 8 * i);
  return bytes;
}

// A register which accepts, besides its reset value, these values of one field (a bitmap) and refuses its others.
struct Accepts {
  unsigned shift;
  uint32_t values;
};
RegisterRule Rule(uint64_t id, uint64_t reset, const std::vector<Accepts>& fields = {}) {
  RegisterRule rule{*RegisterId::Create(id), Word(reset), Word(~uint64_t{0})};
  rule.write.emplace();
  rule.write->error = "EINVAL";
  uint64_t refused = ~uint64_t{0};
  for (const Accepts& field : fields) {
    rule.write->fields.push_back({field.shift, 4, field.values, 0xffff & ~field.values, {}});
    refused &= ~(uint64_t{0xf} << field.shift);
  }
  rule.write->refused = {{refused, "EINVAL"}};
  return rule;
}

Profile Host(std::vector<RegisterRule> rules) { return *CpuProfile::Create("host", IdScheme::kKvm, std::move(rules)); }

Baseline Compute(const std::vector<Profile>& hosts, const std::vector<Tolerance>& tolerances = {}) {
  return *ComputeBaseline(hosts, *ToleranceSet::Create(tolerances, IdScheme::kKvm, IdScheme::kKvm));
}

TEST(Baseline, TheSafeValueOfEachField) {
  const Baseline baseline = Compute({Host({Rule(kIsar0, 0x120, {{kAes, 0x7}, {kSha1, 0x3}})}),
                                     Host({Rule(kIsar0, 0x110, {{kAes, 0x3}, {kSha1, 0x3}})}),
                                     Host({Rule(kIsar0, 0x010, {{kAes, 0x3}, {kSha1, 0x1}})})});
  EXPECT_TRUE(baseline.obstacles.empty());
  ASSERT_EQ(baseline.registers.size(), 1u);
  EXPECT_EQ(baseline.registers[0].id.raw(), kIsar0);
  EXPECT_EQ(baseline.registers[0].value, Word(0x010));
  EXPECT_EQ(baseline.registers[0].written_on, (Positions{0, 1}));
}

TEST(Baseline, EqualRegistersAreWrittenNowhere) {
  const Baseline baseline = Compute({Host({Rule(kIsar0, 0x120)}), Host({Rule(kIsar0, 0x120)})});
  EXPECT_TRUE(baseline.obstacles.empty());
  ASSERT_EQ(baseline.registers.size(), 1u);
  EXPECT_EQ(baseline.registers[0].value, Word(0x120));
  EXPECT_TRUE(baseline.registers[0].written_on.empty());
}

TEST(Baseline, TheNextValueThatAllAccept) {
  // AES 2 and 1: the safe value is 1, which the first host does not accept; both accept 0.
  const Baseline baseline =
      Compute({Host({Rule(kIsar0, 0x20, {{kAes, 0x5}})}), Host({Rule(kIsar0, 0x10, {{kAes, 0x3}})})});
  EXPECT_TRUE(baseline.obstacles.empty());
  ASSERT_EQ(baseline.registers.size(), 1u);
  EXPECT_EQ(baseline.registers[0].value, Word(0));
  EXPECT_EQ(baseline.registers[0].written_on, (Positions{0, 1}));
}

TEST(Baseline, AValueThatPromisesMoreThanAHostHasIsNoCandidate) {
  // The second host would accept 2, but its CPU has 1.
  const Baseline baseline =
      Compute({Host({Rule(kIsar0, 0x20, {{kAes, 0x4}})}), Host({Rule(kIsar0, 0x10, {{kAes, 0x6}})})});
  ASSERT_EQ(baseline.obstacles.size(), 1u);
  EXPECT_EQ(baseline.obstacles[0].id.raw(), kIsar0);
  EXPECT_EQ(baseline.obstacles[0].field, "AES");
  EXPECT_EQ(baseline.obstacles[0].profiles, (Positions{0}));
  EXPECT_NE(baseline.obstacles[0].reason.find("EINVAL"), std::string::npos);
  EXPECT_TRUE(baseline.registers.empty());
}

TEST(Baseline, EachFieldInTheWayIsNamed) {
  const Baseline baseline = Compute({Host({Rule(kIsar0, 0x120)}), Host({Rule(kIsar0, 0x011)})});
  ASSERT_EQ(baseline.obstacles.size(), 3u);
  EXPECT_EQ(baseline.obstacles[0].field, "SHA1");
  EXPECT_EQ(baseline.obstacles[1].field, "AES");
  EXPECT_EQ(baseline.obstacles[2].field, "[3:0]");
}

TEST(Baseline, WhatIsNotKnownIsNotAccepted) {
  RegisterRule unknown = Rule(kIsar0, 0x20);
  unknown.write->refused.clear();
  unknown.write->undetermined = ~uint64_t{0};
  const Baseline baseline = Compute({Host({unknown}), Host({Rule(kIsar0, 0x10, {{kAes, 0x3}})})});
  ASSERT_EQ(baseline.obstacles.size(), 1u);
  EXPECT_EQ(baseline.obstacles[0].field, "AES");
  EXPECT_EQ(baseline.obstacles[0].profiles, (Positions{0}));
}

TEST(Baseline, AReadBackThatDiffersIsNotAccepted) {
  RegisterRule ignores = Rule(kIsar0, 0x20);
  ignores.write->refused.clear();
  ignores.writable = Word(0);
  const Baseline baseline = Compute({Host({ignores}), Host({Rule(kIsar0, 0x10, {{kAes, 0x3}})})});
  ASSERT_EQ(baseline.obstacles.size(), 1u);
  EXPECT_EQ(baseline.obstacles[0].profiles, (Positions{0}));
}

TEST(Baseline, WithoutSafeRulesAValueOfTheHostsIsTakenAsAWhole) {
  constexpr uint64_t kA72 = 0x410fd083, kN1 = 0x414fd0c1;
  RegisterRule takes_any{*RegisterId::Create(kMidr), Word(kA72), Word(~uint64_t{0})};
  RegisterRule takes_any_n1{*RegisterId::Create(kMidr), Word(kN1), Word(~uint64_t{0})};
  const Baseline writable = Compute({Host({takes_any}), Host({takes_any_n1})});
  ASSERT_EQ(writable.registers.size(), 1u);
  EXPECT_EQ(writable.registers[0].value, Word(kA72));
  EXPECT_EQ(writable.registers[0].written_on, (Positions{1}));
  // The first host takes no other value, so it must be its own.
  const Baseline one_fixed = Compute({Host({takes_any_n1}), Host({Rule(kMidr, kA72)})});
  ASSERT_EQ(one_fixed.registers.size(), 1u);
  EXPECT_EQ(one_fixed.registers[0].value, Word(kA72));
  const Baseline fixed = Compute({Host({Rule(kMidr, kA72)}), Host({Rule(kMidr, kN1)})});
  ASSERT_EQ(fixed.obstacles.size(), 1u);
  EXPECT_EQ(fixed.obstacles[0].field, "");
  EXPECT_EQ(fixed.obstacles[0].profiles, (Positions{1}));
}

TEST(Baseline, ARegisterThatSomeLackIsInTheWayUnlessTolerated) {
  const std::vector<Profile> hosts = {Host({Rule(kIsar0, 0x20), Rule(kTcr2, 0)}), Host({Rule(kIsar0, 0x20)})};
  const Baseline strict = Compute(hosts);
  ASSERT_EQ(strict.obstacles.size(), 1u);
  EXPECT_EQ(strict.obstacles[0].id.raw(), kTcr2);
  EXPECT_EQ(strict.obstacles[0].profiles, (Positions{1}));
  Tolerance hidden;
  hidden.name = "hidden";
  hidden.reason = "a test";
  hidden.registers = {"TCR2_EL1"};
  EXPECT_TRUE(Compute(hosts, {hidden}).obstacles.empty());
}

// Neither host accepts the other's value, but a rule says that it does not matter: each VM keeps its host's.
TEST(Baseline, ATolerableDifferenceIsNoObstacleAndHasNoValue) {
  const std::vector<Profile> hosts = {Host({Rule(kIsar0, 0x20)}), Host({Rule(kIsar0, 0x10)})};
  Tolerance aes;
  aes.name = "aes";
  aes.reason = "a test";
  aes.registers = {"ID_AA64ISAR0_EL1"};
  aes.fields = {"AES"};
  const Baseline baseline = Compute(hosts, {aes});
  EXPECT_TRUE(baseline.obstacles.empty());
  EXPECT_TRUE(baseline.registers.empty());
}

TEST(Baseline, OneHostIsItsOwnBaseline) {
  const Baseline baseline = Compute({Host({Rule(kMidr, 0x410fd083), Rule(kIsar0, 0x20)})});
  EXPECT_EQ(baseline.registers.size(), 2u);
  EXPECT_TRUE(baseline.obstacles.empty());
}

}  // namespace
}  // namespace armstate
