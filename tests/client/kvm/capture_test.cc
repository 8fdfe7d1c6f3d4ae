// The capture, with right and wrong answers of KVM.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "core/error.h"
#include "tests/client/kvm/port_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t kSctlr = 0x603000000013c080;

TEST_F(KvmPortTest, TheListIsSortedWhateverKvmsOrder) {
  FakeKvm vm(recorded_.host(), 1);
  KvmRestorer restorer = Start(vm);
  const absl::Span<const uint64_t> ids = restorer.vcpus()[0].layout()->raw_ids();
  EXPECT_EQ(ids.size(), 333u);  // Linux 6.12 with a PMU: tests/data/README.md
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  const absl::StatusOr<std::vector<uint64_t>> as_listed = ListKvmRegisters(*vm.vcpus()[0]);
  ASSERT_TRUE(as_listed.ok());
  EXPECT_FALSE(std::is_sorted(as_listed->begin(), as_listed->end())) << "the fake does not show what is tested here";
}

TEST_F(KvmPortTest, VcpusOfAVmShareTheirLayout) {
  FakeKvm vm(recorded_.host(), 3);
  KvmRestorer restorer = Start(vm);
  EXPECT_EQ(restorer.vcpus()[0].layout(), restorer.vcpus()[1].layout());
  EXPECT_EQ(restorer.vcpus()[0].layout(), restorer.vcpus()[2].layout());
}

TEST_F(KvmPortTest, PendingExitsAreCompletedBeforeAnythingIsRead) {
  FakeKvm vm(recorded_.host(), 2);
  Start(vm);
  vm.calls.clear();
  StatesOf(vm);
  EXPECT_THAT(vm.calls, ElementsAre("0 run", "1 run"));
}

TEST_F(KvmPortTest, ARegisterThatCannotBeReadIsAGap) {
  FakeKvm vm(recorded_.host(), 2);
  Start(vm);
  vm.faults.get[kSctlr] = EINVAL;
  vm.faults.get_events = ENOTTY;
  const absl::StatusOr<KvmCapture> capture = CaptureKvmVcpus(vm.vcpus());
  ASSERT_TRUE(capture.ok()) << capture.status();
  ASSERT_EQ(capture->gaps.size(), 4u);
  EXPECT_EQ(capture->gaps[2].vcpu_index, 1);
  ASSERT_TRUE(capture->gaps[2].register_id.has_value());
  EXPECT_EQ(capture->gaps[2].register_id->raw(), kSctlr);
  EXPECT_EQ(capture->gaps[2].reason, "KVM_GET_ONE_REG: EINVAL");
  EXPECT_EQ(capture->gaps[3].reason, "KVM_GET_VCPU_EVENTS: ENOTTY");
  EXPECT_EQ(capture->vcpus[1].registers.size(), 332u);
  EXPECT_FALSE(capture->vcpus[1].registers.Find(RegisterId::Known<kSctlr>()).has_value());
}

struct BadListCase {
  const char* name;
  FakeKvm::Faults faults;
  absl::StatusCode code;
  const char* message;
};

class BadListTest : public KvmPortTest, public testing::WithParamInterface<BadListCase> {};

TEST_P(BadListTest, NothingIsCaptured) {
  FakeKvm vm(recorded_.host(), 1);
  Start(vm);
  vm.faults = GetParam().faults;
  const absl::Status status = CaptureKvmVcpus(vm.vcpus()).status();
  EXPECT_EQ(status.code(), GetParam().code) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

std::vector<BadListCase> BadLists() {
  std::vector<BadListCase> cases(6);
  cases[0] = {"run", {}, absl::StatusCode::kInternal, "vCPU 0: KVM_RUN: ENOEXEC"};
  cases[0].faults.run = ENOEXEC;
  cases[1] = {"permission", {}, absl::StatusCode::kPermissionDenied, "vCPU 0: KVM_GET_REG_LIST: EPERM"};
  cases[1].faults.list = EPERM;
  cases[2] = {"grows", {}, absl::StatusCode::kInvalidArgument, "KVM_GET_REG_LIST: E2BIG"};
  cases[2].faults.list_miscount = -1;
  cases[3] = {"huge", {}, absl::StatusCode::kDataLoss, "a vCPU of 1000000333 registers"};
  cases[3].faults.list_miscount = 1'000'000'000;
  cases[4] = {"twice", {}, absl::StatusCode::kDataLoss, "0x603000000013c080"};
  cases[4].faults.listed_too = {kSctlr};
  cases[5] = {"no_id", {}, absl::StatusCode::kDataLoss, "KVM_GET_REG_LIST"};
  cases[5].faults.listed_too = {0x123};
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Cases, BadListTest, testing::ValuesIn(BadLists()),
                         [](const auto& test) { return test.param.name; });

TEST_F(KvmPortTest, AListThatBecomesShorterIsTakenAsItIs) {
  FakeKvm vm(recorded_.host(), 1);
  Start(vm);
  vm.faults.list_miscount = 7;
  const absl::StatusOr<std::vector<uint64_t>> ids = ListKvmRegisters(*vm.vcpus()[0]);
  ASSERT_TRUE(ids.ok()) << ids.status();
  EXPECT_EQ(ids->size(), 333u);
}

}  // namespace
}  // namespace armstate
