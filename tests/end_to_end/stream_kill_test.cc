// The client library's stream against a real armstated, which is killed and started again in the middle: what is not
// acknowledged is pushed again, and all is stored once.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "client/checkpoint_stream.h"
#include "client/connection.h"
#include "core/error.h"
#include "tests/testing/armstated_process.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

constexpr int kVms = 7;
constexpr uint64_t kItems = 3000;

// X0 of its one vCPU tells which item it is.
v1::CreateCheckpointRequest Request(uint64_t number) {
  v1::CreateCheckpointRequest request;
  request.set_parent(absl::StrCat("vms/vm", number % kVms));
  request.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  v1::RegisterList* registers = request.mutable_checkpoint()->add_vcpus()->mutable_registers();
  registers->add_ids(0x6030000000100000);
  registers->set_values(reinterpret_cast<const char*>(&number), sizeof(number));
  return request;
}

uint64_t NumberIn(const v1::Checkpoint& checkpoint) {
  uint64_t number = 0;
  const std::string& values = checkpoint.vcpus(0).registers().values();
  EXPECT_EQ(values.size(), sizeof(number));
  std::memcpy(&number, values.data(), std::min(values.size(), sizeof(number)));
  return number;
}

class StreamKillTest : public testing::Test {
 protected:
  std::unique_ptr<ArmstatedProcess> Start() {
    auto server = ArmstatedProcess::Start(data_dir_.path());
    EXPECT_TRUE(server.ok()) << server.status();
    return server.ok() ? *std::move(server) : nullptr;
  }

  static Connection Connect(const ArmstatedProcess& server) {
    ConnectionOptions options;
    options.target = server.address();
    options.max_attempts = 1;
    return Connection(options);
  }

  // Each VM has exactly its items, in their order.
  static void CheckAll(const ArmstatedProcess& server) {
    const auto stub = v1::CheckpointService::NewStub(server.Connect());
    for (uint64_t vm = 0; vm < kVms; ++vm) {
      int64_t version = 0;
      for (uint64_t number = vm; number < kItems; number += kVms) {
        grpc::ClientContext context;
        v1::GetCheckpointRequest request;
        request.set_name(absl::StrCat("vms/vm", vm, "/checkpoints/", ++version));
        v1::Checkpoint stored;
        const grpc::Status status = stub->GetCheckpoint(&context, request, &stored);
        ASSERT_TRUE(status.ok()) << request.name() << ": " << status.error_message();
        ASSERT_EQ(NumberIn(stored), number) << request.name();
      }
      grpc::ClientContext context;
      v1::GetVmRequest request;
      request.set_name(absl::StrCat("vms/vm", vm));
      v1::Vm info;
      ASSERT_TRUE(stub->GetVm(&context, request, &info).ok());
      ASSERT_EQ(info.latest_version(), version) << "something is stored twice";
    }
  }

  TempDir data_dir_;
};

TEST_F(StreamKillTest, AllIsStoredOnceAlthoughTheServerWasKilled) {
  std::unique_ptr<ArmstatedProcess> server = Start();
  ASSERT_NE(server, nullptr);
  std::set<uint64_t> acknowledged;
  uint64_t next = 0;
  std::vector<v1::CreateCheckpointRequest> again;
  for (int round = 0; acknowledged.size() < kItems; ++round) {
    ASSERT_LT(round, 20);
    std::vector<uint64_t> numbers;  // of the items of this stream
    std::atomic<int> count{0};
    std::mutex mutex;
    CheckpointStream stream(Connect(*server), [&](int64_t item, const absl::StatusOr<v1::Checkpoint>& stored) {
      const std::lock_guard<std::mutex> lock(mutex);
      ASSERT_TRUE(stored.ok()) << stored.status();
      EXPECT_TRUE(acknowledged.insert(numbers[item]).second) << "acknowledged twice: " << numbers[item];
      ++count;
    });
    // The last round is left in peace.
    std::thread killer;
    if (round < 5) {
      killer = std::thread([&] {
        while (count < 100 + 37 * round) std::this_thread::yield();
        EXPECT_EQ(server->Stop(SIGKILL), -SIGKILL);
      });
    }
    bool broken = false;
    const auto push = [&](v1::CreateCheckpointRequest request) {
      {
        const std::lock_guard<std::mutex> lock(mutex);
        numbers.push_back(NumberIn(request.checkpoint()));
      }
      broken = !stream.Push(std::move(request)).ok();
    };
    std::vector<v1::CreateCheckpointRequest> first = std::move(again);
    again.clear();
    size_t at = 0;
    while (at < first.size() && !broken) push(std::move(first[at++]));
    while (next < kItems && !broken) push(Request(next++));
    const absl::Status status = stream.Finish();
    EXPECT_EQ(status.ok(), !broken && round >= 5) << round << ": " << status;
    if (killer.joinable()) killer.join();
    again = stream.TakeUnacknowledged();
    // Those that were not even pushed again come behind those that were.
    for (; at < first.size(); ++at) again.push_back(std::move(first[at]));
    if (round < 5) server = Start();
    ASSERT_NE(server, nullptr);
  }
  EXPECT_TRUE(again.empty());
  ASSERT_NO_FATAL_FAILURE(CheckAll(*server));
}

TEST_F(StreamKillTest, ItemsFailByThemselves) {
  const std::unique_ptr<ArmstatedProcess> server = Start();
  ASSERT_NE(server, nullptr);
  std::vector<absl::StatusOr<v1::Checkpoint>> results(3, absl::UnknownError("no answer"));
  CheckpointStream stream(Connect(*server), [&](int64_t item, absl::StatusOr<v1::Checkpoint> stored) {
    results.at(item) = std::move(stored);
  });
  v1::CreateCheckpointRequest bad = Request(0);
  bad.mutable_checkpoint()->mutable_vcpus(0)->mutable_registers()->mutable_values()->pop_back();
  EXPECT_EQ(stream.Push(Request(0)).value(), 0);
  EXPECT_EQ(stream.Push(bad).value(), 1);
  v1::CreateCheckpointRequest large = Request(0);
  large.mutable_checkpoint()->mutable_vcpus(0)->mutable_registers()->set_values(std::string(16 << 20, 'v'));
  EXPECT_EQ(stream.Push(large).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(stream.Push(Request(0)).value(), 2);
  EXPECT_EQ(stream.Finish(), absl::OkStatus());
  ASSERT_TRUE(results[0].ok()) << results[0].status();
  EXPECT_EQ(results[0]->name(), "vms/vm0/checkpoints/1");
  EXPECT_EQ(results[1].status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(GetErrorInfo(results[1].status())->reason, ErrorReason::kRegisterListMalformed);
  ASSERT_TRUE(results[2].ok()) << results[2].status();
  EXPECT_EQ(results[2]->name(), "vms/vm0/checkpoints/2");
  EXPECT_TRUE(stream.TakeUnacknowledged().empty());
}

TEST_F(StreamKillTest, AServerThatDrainsAnswersWhatItHasRead) {
  const std::unique_ptr<ArmstatedProcess> server = Start();
  ASSERT_NE(server, nullptr);
  std::atomic<int> acknowledged{0};
  CheckpointStream stream(Connect(*server), [&](int64_t, const absl::StatusOr<v1::Checkpoint>& stored) {
    EXPECT_TRUE(stored.ok()) << stored.status();
    ++acknowledged;
  });
  for (uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(stream.Push(Request(i)).ok());
  while (acknowledged < 10) std::this_thread::yield();
  EXPECT_EQ(server->Stop(SIGTERM), 0);
  EXPECT_EQ(stream.Finish().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(stream.TakeUnacknowledged().empty());
}

}  // namespace
}  // namespace armstate
