#include "core/translate.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace armstate {
namespace {

using Values = std::map<uint64_t, uint64_t>;

// Linux, Documentation/virt/kvm/api.rst: KVM's TIMER_CVAL has the encoding of CNTVCT_EL0, TIMER_CNT that of
// CNTV_CVAL_EL0.
constexpr uint64_t kEncodingOfCval = 0x603000000013df1a;
constexpr uint64_t kEncodingOfCount = 0x603000000013df02;
constexpr uint64_t kFpsr32 = 0x60200000001000d4;
constexpr uint64_t kFpsr64 = 0x603000000013da21;
constexpr uint64_t kParAarch32 = 0x40300000200f0380;
constexpr uint64_t kPar = 0x603000000013c3a0;
constexpr uint64_t kPmintenset = 0x603000000013c4f1;
constexpr uint64_t kPmintenclr = 0x603000000013c4f2;
constexpr uint64_t kSctlr = 0x603000000013c080;

RegisterList List(const Values& values) {
  RegisterListBuilder builder;
  for (const auto& [id, value] : values) builder.Add(*RegisterId::Create(id), value);
  return *std::move(builder).Build();
}

Values ValuesOf(const RegisterList& list) {
  Values values;
  for (size_t i = 0; i < list.size(); ++i) values[list.id(i).raw()] = LowWord(list.value(i));
  return values;
}

Translation ToKvm(const Values& list, const Values& target) {
  return TranslateList(List(list), IdScheme::kTcg, IdScheme::kKvm, List(target).layout());
}
Translation ToTcg(const Values& list, const Values& target) {
  return TranslateList(List(list), IdScheme::kKvm, IdScheme::kTcg, List(target).layout());
}

TEST(Translate, SameSchemeChangesNothing) {
  const Values list = {{kEncodingOfCval, 5}, {kFpsr64, 3}};
  const Translation translation = TranslateList(List(list), IdScheme::kKvm, IdScheme::kKvm, List({}).layout());
  EXPECT_EQ(ValuesOf(translation.registers), list);
  EXPECT_TRUE(translation.translated.empty());
}

TEST(Translate, TheTimersCompareValueGetsTheOtherId) {
  const Values timers = {{kEncodingOfCval, 0}, {kEncodingOfCount, 0}};
  const Translation translation = ToKvm({{kEncodingOfCval, 0x1234}}, timers);
  EXPECT_EQ(ValuesOf(translation.registers), (Values{{kEncodingOfCount, 0x1234}}));
  ASSERT_EQ(translation.translated.size(), 1u);
  EXPECT_EQ(translation.translated[0].to.raw(), kEncodingOfCount);
  EXPECT_EQ(translation.translated[0].from->raw(), kEncodingOfCval);
  EXPECT_NE(translation.translated[0].reason.find("swapped"), absl::string_view::npos);
}

TEST(Translate, TheTimersAreExchanged) {
  const Values timers = {{kEncodingOfCval, 0}, {kEncodingOfCount, 0}};
  const Values list = {{kEncodingOfCval, 0x1234}, {kEncodingOfCount, 0x99}};
  const Values exchanged = {{kEncodingOfCval, 0x99}, {kEncodingOfCount, 0x1234}};
  EXPECT_EQ(ValuesOf(ToKvm(list, timers).registers), exchanged);
  EXPECT_EQ(ValuesOf(ToTcg(list, timers).registers), exchanged);
}

// QEMU's emulation has no register for the counter. KVM's must not be taken for the compare value.
TEST(Translate, ACounterThatTheTargetLacksStillGetsItsNameThere) {
  const Translation translation = ToTcg({{kEncodingOfCval, 0x99}, {kEncodingOfCount, 0x1234}}, {{kEncodingOfCval, 0}});
  EXPECT_EQ(ValuesOf(translation.registers), (Values{{kEncodingOfCval, 0x1234}, {kEncodingOfCount, 0x99}}));
  EXPECT_EQ(ValuesOf(ToTcg({{kEncodingOfCval, 0x99}}, {{kEncodingOfCval, 0}}).registers),
            (Values{{kEncodingOfCount, 0x99}}));
}

TEST(Translate, TheSystemRegisterOfFpsrGoesBeforeTheCoreRegister) {
  const Translation translation = ToKvm({{kFpsr32, 1}, {kFpsr64, 0x8000001f}}, {{kFpsr32, 0}});
  EXPECT_EQ(ValuesOf(translation.registers), (Values{{kFpsr32, 0x8000001f}}));
}

TEST(Translate, ToQemuFpsrIsGivenUnderBothIds) {
  const Translation translation = ToTcg({{kFpsr32, 0x1f}}, {{kFpsr32, 0}, {kFpsr64, 0}});
  EXPECT_EQ(ValuesOf(translation.registers), (Values{{kFpsr32, 0x1f}, {kFpsr64, 0x1f}}));
}

TEST(Translate, AValueThatDoesNotFitIsLeftForTheRestoreToReport) {
  const Values list = {{kFpsr64, 0x100000000}};
  EXPECT_EQ(ValuesOf(ToKvm(list, {{kFpsr32, 0}}).registers), list);
}

TEST(Translate, RegistersUnderAnAarch32Id) {
  EXPECT_EQ(ValuesOf(ToKvm({{kParAarch32, 0x12345}}, {{kPar, 0}}).registers), (Values{{kPar, 0x12345}}));
  EXPECT_EQ(ValuesOf(ToTcg({{kPar, 0x12345}}, {{kParAarch32, 0}}).registers), (Values{{kParAarch32, 0x12345}}));
  EXPECT_EQ(ValuesOf(ToKvm({{kParAarch32, 0x12345}}, {}).registers), (Values{{kParAarch32, 0x12345}}));
}

TEST(Translate, ThePmuIsClearedBeforeItIsSet) {
  const Translation translation = ToKvm({{kPmintenset, 1}}, {{kPmintenset, 0}, {kPmintenclr, 0}});
  EXPECT_EQ(ValuesOf(translation.registers), (Values{{kPmintenset, 1}, {kPmintenclr, 0xffffffff}}));
  ASSERT_EQ(translation.translated.size(), 1u);
  EXPECT_FALSE(translation.translated[0].from.has_value());
  EXPECT_EQ(ValuesOf(ToKvm({{kPmintenset, 1}}, {{kPmintenset, 0}}).registers), (Values{{kPmintenset, 1}}));
}

TEST(Translate, AllElseStays) {
  const Values list = {{kSctlr, 0xc50838}, {0x40200000200f1800, 7}};
  EXPECT_EQ(ValuesOf(ToKvm(list, {{kSctlr, 0}}).registers), list);
  EXPECT_TRUE(ToKvm(list, {{kSctlr, 0}}).translated.empty());
}

TEST(Translate, OfTheRestOnlyThePowerStateCrosses) {
  const auto translate = [](const std::vector<OpaqueField>& fields, IdScheme from, IdScheme to) {
    std::string text;
    for (const OpaqueField& field : TranslateOpaqueFields(fields, from, to)) {
      text += field.name + "=" + std::to_string(field.data.size()) + ":" + std::to_string(int{field.data[0]}) + " ";
    }
    return text;
  };
  const std::string runnable(4, '\0'), stopped("\x05\0\0\0", 4);
  const OpaqueField marker{"cpu", std::string("\0\0\0\x16", 4)}, monitor{"env.exclusive_addr", std::string(8, 1)};
  EXPECT_EQ(translate({marker, monitor}, IdScheme::kTcg, IdScheme::kKvm), "kvm.mp_state=4:0 ");
  EXPECT_EQ(translate({marker, {"power_state", "\x01"}}, IdScheme::kTcg, IdScheme::kKvm), "kvm.mp_state=4:5 ");
  EXPECT_EQ(translate({{"power_state", "\x02"}}, IdScheme::kTcg, IdScheme::kKvm), "kvm.mp_state=4:5 ");
  EXPECT_EQ(
      translate({{"kvm.mp_state", stopped}, {"kvm.vcpu_events", std::string(64, 0)}}, IdScheme::kKvm, IdScheme::kTcg),
      "power_state=1:1 ");
  EXPECT_EQ(translate({{"kvm.mp_state", runnable}}, IdScheme::kKvm, IdScheme::kTcg), "");
  EXPECT_EQ(translate({monitor}, IdScheme::kTcg, IdScheme::kTcg), "env.exclusive_addr=8:1 ");
}

}  // namespace
}  // namespace armstate
