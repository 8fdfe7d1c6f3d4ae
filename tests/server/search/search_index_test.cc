// Compares the index with a plain evaluation: it must find what Filter::Matches finds in the same checkpoints.
#include "server/search/search_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace armstate {
namespace {

constexpr RegisterId kSctlr = RegisterId::System(3, 0, 1, 0, 0);
constexpr RegisterId kTtbr0 = RegisterId::System(3, 0, 2, 0, 0);
constexpr RegisterId kMpidr = RegisterId::System(3, 0, 0, 0, 5);
constexpr RegisterId kX0 = RegisterId::Core(RegisterArchitecture::kArm64, 3, 0);
// TIMER_CNT in KVM's lists, CNTV_CVAL_EL0 in those of QEMU's emulation (docs/register-lists.md).
constexpr RegisterId kTimer = RegisterId::Known<0x6030'0000'0013'df1a>();

struct ModelVm {
  IndexedMetadata metadata;
  std::vector<RegisterList> vcpus;
};

RegisterList List(const std::vector<std::pair<RegisterId, uint64_t>>& registers) {
  RegisterListBuilder builder;
  for (const auto& [id, value] : registers) builder.Add(id, value);
  return *std::move(builder).Build();
}

IndexedMetadata Facts(const std::string& vm, IdScheme scheme, const std::string& team) {
  v1::Checkpoint basic;
  basic.set_version(1);
  basic.mutable_source()->set_accelerator(scheme == IdScheme::kKvm ? v1::ACCELERATOR_KVM : v1::ACCELERATOR_TCG);
  (*basic.mutable_labels())["team"] = team;
  return IndexedMetadataOf(vm, basic, scheme);
}

void Put(SearchIndex& index, const ModelVm& vm) {
  std::vector<SearchIndex::Vcpu> vcpus;
  for (size_t i = 0; i < vm.vcpus.size(); ++i) vcpus.push_back({static_cast<int>(i), &vm.vcpus[i]});
  index.Put(vm.metadata, vcpus);
}

std::string Found(const SearchIndex& index, absl::string_view text, MatchedVcpus which = MatchedVcpus::kAny) {
  std::string found;
  for (const MatchingCheckpoint& match : index.Find(*Filter::Parse(text), which).matches) {
    absl::StrAppend(&found, match.vm, ":");
    for (const MatchingVcpu& vcpu : match.vcpus) absl::StrAppend(&found, vcpu.vcpu_index, ",");
    absl::StrAppend(&found, " ");
  }
  return found;
}

TEST(SearchIndexTest, FindsByVcpu) {
  SearchIndex index;
  Put(index, {Facts("b", IdScheme::kKvm, "web"), {List({{kSctlr, 1}}), List({{kSctlr, 0}})}});
  Put(index, {Facts("a", IdScheme::kKvm, "db"), {List({{kSctlr, 0}}), List({{kSctlr, 0}})}});
  EXPECT_EQ(Found(index, "SCTLR_EL1.M = 0"), "a:0,1, b:1, ");
  EXPECT_EQ(Found(index, "SCTLR_EL1.M = 0", MatchedVcpus::kAll), "a:0,1, ");
  EXPECT_EQ(Found(index, "SCTLR_EL1.M = 0 AND vcpu = 0"), "a:0, ");
  EXPECT_EQ(Found(index, "SCTLR_EL1.M = 1 AND labels.team = db"), "");
  EXPECT_EQ(Found(index, "NOT SCTLR_EL1.M = 1"), "a:0,1, b:1, ");
  EXPECT_EQ(Found(index, "TTBR0_EL1 != 5"), "");
}

// The same ID is another register under another accelerator.
TEST(SearchIndexTest, ReadsIdsByTheAcceleratorsScheme) {
  SearchIndex index;
  Put(index, {Facts("kvm", IdScheme::kKvm, ""), {List({{kTimer, 7}})}});
  Put(index, {Facts("tcg", IdScheme::kTcg, ""), {List({{kTimer, 7}})}});
  EXPECT_EQ(Found(index, "TIMER_CNT = 7"), "kvm:0, ");
  EXPECT_EQ(Found(index, "CNTV_CVAL_EL0 = 7"), "tcg:0, ");
  EXPECT_EQ(Found(index, "0x603000000013df1a = 7"), "kvm:0, tcg:0, ");
}

TEST(SearchIndexTest, SaysWhatMustBeRead) {
  SearchIndex index;
  Put(index, {Facts("a", IdScheme::kKvm, ""), {List({{kX0, 1}, {kSctlr, 1}})}});
  Put(index, {Facts("b", IdScheme::kKvm, ""), {List({{kX0, 2}, {kSctlr, 0}})}});
  const IndexAnswer answer = index.Find(*Filter::Parse("X0 = 2 AND SCTLR_EL1.M = 0"), MatchedVcpus::kAny);
  EXPECT_TRUE(answer.must_be_read);
  ASSERT_EQ(answer.matches.size(), 1u);  // the indexed part of the filter excludes the other one
  EXPECT_EQ(answer.matches[0].vm, "b");
  EXPECT_FALSE(index.Find(*Filter::Parse("X5 = 2"), MatchedVcpus::kAny).must_be_read);  // no vCPU has it
}

TEST(SearchIndexTest, GivesTheValuesOfAllNamedRegisters) {
  SearchIndex index;
  Put(index, {Facts("a", IdScheme::kKvm, ""), {List({{kSctlr, 1}, {kMpidr, 0x8000'0001}})}});
  const IndexAnswer answer =
      index.Find(*Filter::Parse("SCTLR_EL1.M = 1 OR MPIDR_EL1 = 3 OR TTBR0_EL1 = 3"), MatchedVcpus::kAny);
  ASSERT_EQ(answer.matches.size(), 1u);
  std::vector<std::string> values;
  for (const MatchingValue& matching : answer.matches[0].vcpus[0].values) values.push_back(matching.value);
  EXPECT_THAT(values,
              testing::ElementsAre(std::string("\1\0\0\0\0\0\0\0", 8), std::string("\1\0\0\x80\0\0\0\0", 8), ""));
}

// DDI 0487, SCTLR: it is mapped to SCTLR_EL1[31:0].
TEST(SearchIndexTest, AnAArch32NameFindsTheAArch64RegisterOfAVcpuWithoutTheOther) {
  const RegisterId sctlr = *ParseRegisterName("SCTLR", IdScheme::kTcg);
  SearchIndex index;
  Put(index, {Facts("both", IdScheme::kTcg, ""), {List({{kSctlr, 1}, {sctlr, 0}})}});
  Put(index, {Facts("wide", IdScheme::kTcg, ""), {List({{kSctlr, 1}})}});
  Put(index, {Facts("none", IdScheme::kTcg, ""), {List({{kMpidr, 1}})}});
  EXPECT_EQ(Found(index, "SCTLR.M = 1"), "wide:0, ");
  EXPECT_EQ(Found(index, "SCTLR.M = 0"), "both:0, ");
  EXPECT_EQ(Found(index, "SCTLR = 1"), "wide:0, ");
  EXPECT_EQ(Found(index, "SCTLR:*"), "both:0, wide:0, ");
  EXPECT_EQ(Found(index, "NOT SCTLR.M = 1"), "both:0, none:0, ");
  const IndexAnswer answer = index.Find(*Filter::Parse("SCTLR.M = 1"), MatchedVcpus::kAny);
  ASSERT_EQ(answer.matches.size(), 1u);
  EXPECT_EQ(answer.matches[0].vcpus[0].values.at(0).value, std::string("\1\0\0\0\0\0\0\0", 8));
}

// Puts and removes at random; columns go through all their forms, as TTBR0_EL1 takes over 256 values.
TEST(SearchIndexTest, AgreesWithReadingEveryCheckpoint) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  const auto below = [&random](unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random); };
  SearchIndex index;
  std::map<std::string, ModelVm> model;
  for (int step = 0; step < 3000; ++step) {
    const std::string name = absl::StrCat("vm-", below(500));
    if (below(5) == 0) {
      index.Remove(name);
      model.erase(name);
      continue;
    }
    const IdScheme scheme = below(2) == 0 ? IdScheme::kKvm : IdScheme::kTcg;
    ModelVm vm{Facts(name, scheme, below(3) == 0 ? "web" : "db"), {}};
    for (unsigned i = 0; i <= below(3); ++i) {
      std::vector<std::pair<RegisterId, uint64_t>> registers = {{kSctlr, below(4)}, {kMpidr, i}};
      if (below(4) != 0) registers.emplace_back(kTtbr0, below(2) == 0 ? below(1000) : 5);
      if (below(2) != 0) registers.emplace_back(kTimer, below(300));
      vm.vcpus.push_back(List(registers));
    }
    Put(index, vm);
    model[name] = vm;
  }
  EXPECT_EQ(index.vm_count(), model.size());
  for (const char* text : {"SCTLR_EL1.M = 0", "TTBR0_EL1 = 5", "TTBR0_EL1 > 500 OR SCTLR_EL1 = 3", "TIMER_CNT < 20",
                           "CNTV_CVAL_EL0 >= 280", "NOT TTBR0_EL1:*", "-(SCTLR_EL1.A = 1 AND labels.team = web)",
                           "vcpu = 1 MPIDR_EL1 = 1", "TTBR0_EL1 != 5 AND source.accelerator = TCG", "vm = vm-1*"}) {
    const Filter filter = *Filter::Parse(text);
    for (const MatchedVcpus which : {MatchedVcpus::kAny, MatchedVcpus::kAll}) {
      std::string expected;
      for (const auto& [name, vm] : model) {
        std::string vcpus;
        size_t count = 0;
        for (size_t i = 0; i < vm.vcpus.size(); ++i) {
          if (!filter.Matches(vm.metadata, static_cast<int>(i), vm.vcpus[i])) continue;
          absl::StrAppend(&vcpus, i, ",");
          ++count;
        }
        if (count == 0 || (which == MatchedVcpus::kAll && count < vm.vcpus.size())) continue;
        absl::StrAppend(&expected, name, ":", vcpus, " ");
      }
      EXPECT_EQ(Found(index, text, which), expected) << text;
    }
  }
}

}  // namespace
}  // namespace armstate
