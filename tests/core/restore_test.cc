#include "core/restore.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/capture.h"
#include "core/merge.h"

namespace armstate {
namespace {

constexpr uint64_t kA = 0x6030000000130001;
constexpr uint64_t kB = 0x6030000000130002;
constexpr uint64_t kC = 0x6030000000130003;
constexpr uint64_t kD = 0x6030000000130004;

RegisterList List(const std::map<uint64_t, uint64_t>& values) {
  RegisterListBuilder builder;
  for (const auto& [id, value] : values) builder.Add(*RegisterId::Create(id), value);
  return *std::move(builder).Build();
}

// A target of 64-bit registers that misbehaves as told.
class FakePort : public VcpuRegisterPort {
 public:
  explicit FakePort(const std::map<uint64_t, uint64_t>& values) : list_(List(values)), state_(values) {
    order_.resize(list_.size());
    std::iota(order_.begin(), order_.end(), 0);
  }

  const std::shared_ptr<const RegisterLayout>& layout() const override { return list_.shared_layout(); }
  absl::Span<const uint32_t> restore_order() const override { return order_; }
  bool is_required(size_t index) const override { return required.count(Id(index)) > 0; }
  absl::Status Read(size_t index, absl::Span<char> value) override {
    if (unreadable.count(Id(index)) > 0) return absl::InternalError("unreadable");
    const uint64_t word = state_[Id(index)];
    for (size_t i = 0; i < 8; ++i) value[i] = static_cast<char>(word >> 8 * i);
    return absl::OkStatus();
  }
  absl::Status Write(size_t index, absl::string_view value) override {
    log.push_back(absl::StrCat(Id(index) & 0xf, "=", LowWord(value)));
    if (refuse.count({Id(index), LowWord(value)}) > 0) return absl::InvalidArgumentError("EINVAL");
    const uint64_t mask = writable.count(Id(index)) > 0 ? writable[Id(index)] : ~uint64_t{0};
    state_[Id(index)] = (state_[Id(index)] & ~mask) | (LowWord(value) & mask);
    if (mirror.count(Id(index)) > 0) state_[mirror[Id(index)]] = state_[Id(index)];
    return absl::OkStatus();
  }
  const std::map<uint64_t, uint64_t>& state() const { return state_; }

  std::set<uint64_t> required, unreadable;
  std::set<std::pair<uint64_t, uint64_t>> refuse;
  std::map<uint64_t, uint64_t> writable, mirror;
  std::vector<std::string> log;

 protected:
  uint64_t Id(size_t index) const { return list_.id(index).raw(); }
  RegisterList list_;
  std::map<uint64_t, uint64_t> state_;
  std::vector<uint32_t> order_;
};

std::map<uint64_t, RegisterOutcome> Findings(const RestoreReport& report) {
  std::map<uint64_t, RegisterOutcome> findings;
  for (const RegisterFinding& finding : report.findings) findings[finding.id.raw()] = finding.outcome;
  return findings;
}

TEST(RestoreTest, WritesEveryRegister) {
  FakePort port({{kA, 1}, {kB, 2}, {kC, 3}});
  const RestoreReport report = RestoreRegisters(List({{kA, 10}, {kB, 2}, {kC, 30}}), port, OnRefusal::kPutBack);
  EXPECT_EQ(report.verdict, Verdict::kAccepted);
  EXPECT_EQ(report.outcomes, (std::vector<RegisterOutcome>{RegisterOutcome::kWritten, RegisterOutcome::kUnchanged,
                                                           RegisterOutcome::kWritten}));
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(port.state(), (std::map<uint64_t, uint64_t>{{kA, 10}, {kB, 2}, {kC, 30}}));
}

// QEMU's cpu_post_load stops looking when its own list ends: an unknown register that sorts last is dropped without a
// word.
TEST(RestoreTest, NamesUnknownRegistersWhereverTheySort) {
  for (const uint64_t unknown : {kA, kC, kD}) {
    std::map<uint64_t, uint64_t> own = {{kA, 1}, {kB, 2}, {kC, 3}, {kD, 4}};
    const RegisterList incoming = List(own);
    own.erase(unknown);
    FakePort port(own);
    const RestoreReport report = RestoreRegisters(incoming, port, OnRefusal::kPutBack);
    EXPECT_EQ(report.verdict, Verdict::kRefused);
    EXPECT_EQ(Findings(report), (std::map<uint64_t, RegisterOutcome>{{unknown, RegisterOutcome::kUnknown}}));
    EXPECT_TRUE(port.log.empty()) << "nothing may be written before the whole list was checked";
  }
}

TEST(RestoreTest, MissingRegisterKeepsTheTargetsValue) {
  FakePort port({{kA, 1}, {kB, 2}});
  const RestoreReport report = RestoreRegisters(List({{kA, 10}}), port, OnRefusal::kPutBack);
  EXPECT_EQ(report.verdict, Verdict::kAcceptedWithChanges);
  ASSERT_EQ(Findings(report), (std::map<uint64_t, RegisterOutcome>{{kB, RegisterOutcome::kNotInCheckpoint}}));
  EXPECT_EQ(LowWord(report.findings[0].got), 2u);
  EXPECT_EQ(port.state(), (std::map<uint64_t, uint64_t>{{kA, 10}, {kB, 2}}));
}

TEST(RestoreTest, MissingRequiredRegisterRefuses) {
  FakePort port({{kA, 1}, {kB, 2}});
  port.required = {kB};
  const RestoreReport report = RestoreRegisters(List({{kA, 10}}), port, OnRefusal::kPutBack);
  EXPECT_EQ(report.verdict, Verdict::kRefused);
  EXPECT_EQ(Findings(report), (std::map<uint64_t, RegisterOutcome>{{kB, RegisterOutcome::kRequired}}));
  EXPECT_TRUE(port.log.empty());
}

TEST(RestoreTest, FindsEveryRefusalAndPutsEverythingBack) {
  FakePort port({{kA, 1}, {kB, 2}, {kC, 3}, {kD, 0xff}});
  port.refuse = {{kA, 10}};
  port.writable = {{kB, 0}, {kD, 0x0f}};
  const RestoreReport report =
      RestoreRegisters(List({{kA, 10}, {kB, 20}, {kC, 30}, {kD, 0x00}}), port, OnRefusal::kPutBack);
  EXPECT_EQ(report.verdict, Verdict::kRefused);
  EXPECT_EQ(report.outcomes, (std::vector<RegisterOutcome>{RegisterOutcome::kWriteRefused, RegisterOutcome::kIgnored,
                                                           RegisterOutcome::kWritten, RegisterOutcome::kDiffers}));
  ASSERT_EQ(report.findings.size(), 3u);
  EXPECT_EQ(report.findings[0].reason, "EINVAL");
  EXPECT_EQ(LowWord(report.findings[2].wanted), 0u);
  EXPECT_EQ(LowWord(report.findings[2].got), 0xf0u);
  EXPECT_TRUE(report.rolled_back);
  EXPECT_EQ(port.state(), (std::map<uint64_t, uint64_t>{{kA, 1}, {kB, 2}, {kC, 3}, {kD, 0xff}}));
}

// KVM refuses some registers even with the value that they hold; a refused write is never a success.
TEST(RestoreTest, ARefusedWriteOfTheSameValueIsARefusal) {
  FakePort port({{kA, 1}, {kB, 2}});
  port.refuse = {{kA, 1}};
  const RestoreReport report = RestoreRegisters(List({{kA, 1}, {kB, 2}}), port, OnRefusal::kKeepGoing);
  EXPECT_EQ(report.verdict, Verdict::kRefused);
  EXPECT_EQ(report.outcomes[0], RegisterOutcome::kWriteRefused);
  EXPECT_EQ(report.outcomes[1], RegisterOutcome::kUnchanged);
}

TEST(RestoreTest, KeepGoingLeavesWhatWasAccepted) {
  FakePort port({{kA, 1}, {kB, 2}});
  port.refuse = {{kA, 10}};
  const RestoreReport report = RestoreRegisters(List({{kA, 10}, {kB, 20}, {kC, 30}}), port, OnRefusal::kKeepGoing);
  EXPECT_EQ(report.verdict, Verdict::kRefused);
  EXPECT_FALSE(report.rolled_back);
  EXPECT_EQ(Findings(report), (std::map<uint64_t, RegisterOutcome>{{kA, RegisterOutcome::kWriteRefused},
                                                                   {kC, RegisterOutcome::kUnknown}}));
  EXPECT_EQ(port.state(), (std::map<uint64_t, uint64_t>{{kA, 1}, {kB, 20}}));
}

TEST(RestoreTest, SaysWhatCouldNotBePutBack) {
  FakePort port({{kA, 1}, {kB, 2}});
  port.refuse = {{kA, 1}, {kB, 20}};  // kA takes the new value, but not its old one again
  const RestoreReport report = RestoreRegisters(List({{kA, 10}, {kB, 20}}), port, OnRefusal::kPutBack);
  EXPECT_EQ(report.verdict, Verdict::kRefused);
  EXPECT_FALSE(report.rolled_back);
  ASSERT_EQ(report.findings.size(), 2u);
  EXPECT_EQ(report.findings[0].id.raw(), kA);
  EXPECT_EQ(report.findings[0].put_back_error, "holds 0x000000000000000a instead of 0x0000000000000001: EINVAL");
}

TEST(RestoreTest, RegisterThatCannotBeReadBackIsNotRestored) {
  FakePort port({{kA, 1}, {kB, 2}});
  port.unreadable = {kB};
  const RestoreReport report = RestoreRegisters(List({{kA, 10}, {kB, 20}}), port, OnRefusal::kKeepGoing);
  EXPECT_EQ(report.verdict, Verdict::kRefused);
  ASSERT_EQ(Findings(report), (std::map<uint64_t, RegisterOutcome>{{kB, RegisterOutcome::kWriteRefused}}));
  EXPECT_EQ(report.findings[0].reason, "unreadable");
}

TEST(RestoreTest, TellsARegisterThatALaterWriteChanges) {
  FakePort port({{kA, 1}, {kB, 1}});
  port.mirror = {{kA, kB}, {kB, kA}};
  EXPECT_EQ(RestoreRegisters(List({{kA, 5}, {kB, 5}}), port, OnRefusal::kPutBack).verdict, Verdict::kAccepted);
  const RestoreReport report = RestoreRegisters(List({{kA, 7}, {kB, 8}}), port, OnRefusal::kPutBack);
  EXPECT_EQ(report.verdict, Verdict::kAcceptedWithChanges);
  ASSERT_EQ(Findings(report), (std::map<uint64_t, RegisterOutcome>{{kA, RegisterOutcome::kOverwritten}}));
  EXPECT_EQ(LowWord(report.findings[0].wanted), 7u);
  EXPECT_EQ(LowWord(report.findings[0].got), 8u);
}

TEST(CaptureTest, GoesOnAfterARegisterThatCannotBeRead) {
  FakePort port({{kA, 1}, {kB, 2}, {kC, 3}});
  port.unreadable = {kB};
  const Capture capture = CaptureRegisters(port);
  ASSERT_EQ(capture.errors.size(), 1u);
  EXPECT_EQ(capture.errors[0].index, 1u);
  EXPECT_EQ(capture.registers, List({{kA, 1}, {kC, 3}}));
}

TEST(MergeTest, FindsWhatOnlyOneSideHas) {
  const LayoutMerge merge = MergeLayouts(List({{kA, 0}, {kB, 0}}).layout(), List({{kB, 0}, {kC, 0}, {kD, 0}}).layout());
  EXPECT_EQ(merge.common_own, std::vector<uint32_t>{1});
  EXPECT_EQ(merge.common_incoming, std::vector<uint32_t>{0});
  EXPECT_EQ(merge.only_own, std::vector<uint32_t>{0});
  EXPECT_EQ(merge.only_incoming, (std::vector<uint32_t>{1, 2}));
}

}  // namespace
}  // namespace armstate
