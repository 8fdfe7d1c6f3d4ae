// armstated is killed or stopped while clients push and delete, again and again, on a disk and on a small volume that
// others fill: nothing that was acknowledged may be lost or come back, nothing may be half there, and no version may be
// left out or given twice. On a full volume no deletion is refused.
//
// ARMSTATE_KILL_ROUNDS: how often (50 without it), half of it on each; scripts/kill-rounds uses it. ARMSTATE_KILL_SEED:
// of the random choices.
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "tests/testing/armstated_process.h"
#include "tests/testing/small_volume.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using Stub = v1::CheckpointService::Stub;

constexpr int kClients = 4;
constexpr int kVcpus = 2;

// Two vCPUs whose registers tell who pushed them: a torn or foreign checkpoint shows.
v1::Checkpoint MakeCheckpoint(int client, uint64_t number) {
  v1::Checkpoint checkpoint;
  checkpoint.mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  for (int vcpu = 0; vcpu < kVcpus; ++vcpu) {
    v1::VcpuState* state = checkpoint.add_vcpus();
    state->set_vcpu_index(vcpu);
    std::mt19937_64 random(number * kClients * kVcpus + client * kVcpus + vcpu);
    for (uint64_t i = 0; i < 200; ++i) {
      state->mutable_registers()->add_ids(0x6030000000130000 + i);
      const uint64_t value = random();
      state->mutable_registers()->mutable_values()->append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
  }
  return checkpoint;
}

// What is known of one VM from the answers of all rounds. Push and DeleteOne may run at the same time, each in one
// thread; the rest runs alone.
class Ledger {
 public:
  explicit Ledger(int client) : client_(client), vm_(absl::StrCat("vms/vm", client)) {}

  // False if there was no answer, or it was refused: then the next Push tries the same again.
  bool Push(Stub& stub) {
    if (unanswered_ == 0) unanswered_ = ++tried_;
    int64_t version = 0;
    if (!Send(stub, unanswered_, version)) return false;
    std::lock_guard<std::mutex> lock(mutex_);
    EXPECT_EQ(version, ++last_version_) << vm_;
    kept_[version] = unanswered_;
    unanswered_ = 0;
    return true;
  }

  // Of those that are kept, at random, or the one that had no answer before. False if there was no answer, or it was
  // refused, which `status` tells.
  bool DeleteOne(Stub& stub, std::mt19937& random, grpc::Status& status) {
    const bool is_retry = deleting_.first != 0;
    if (!is_retry) {
      std::lock_guard<std::mutex> lock(mutex_);
      if (kept_.empty()) return true;
      deleting_ = *std::next(kept_.begin(), random() % kept_.size());
      kept_.erase(deleting_.first);
    }
    grpc::ClientContext context;
    v1::DeleteCheckpointRequest request;
    request.set_name(Name(deleting_.first));
    google::protobuf::Empty none;
    status = stub.DeleteCheckpoint(&context, request, &none);
    const bool is_gone = status.error_code() == grpc::StatusCode::NOT_FOUND;
    EXPECT_FALSE(is_gone && !is_retry) << request.name();
    if (!status.ok() && !is_gone) return false;
    deleted_.insert(deleting_.first);
    deleting_ = {};
    return true;
  }

  // Compares with what there is; versions above `from` are read. What got no answer is settled.
  void Check(Stub& stub, int64_t from) {
    grpc::ClientContext vm_context;
    v1::GetVmRequest vm_request;
    vm_request.set_name(vm_);
    v1::Vm vm;
    const grpc::Status vm_status = stub.GetVm(&vm_context, vm_request, &vm);
    if (vm_status.error_code() == grpc::StatusCode::NOT_FOUND) {
      ASSERT_EQ(last_version_, 0) << vm_ << " is lost";
    } else {
      ASSERT_TRUE(vm_status.ok()) << vm_status.error_message();
    }
    const bool stored = vm.latest_version() > last_version_;
    // Only a push without an answer may be there beside those that were answered.
    ASSERT_EQ(vm.latest_version(), last_version_ + (stored ? 1 : 0)) << vm_;
    if (stored) {
      ASSERT_NE(unanswered_, 0u) << vm_;
      kept_[++last_version_] = unanswered_;
    }
    if (deleting_.first != 0) {
      if (IsThere(stub, deleting_.first)) {
        kept_.insert(deleting_);
      } else {
        deleted_.insert(deleting_.first);
      }
      deleting_ = {};
    }
    ASSERT_EQ(vm.checkpoint_count(), static_cast<int64_t>(kept_.size())) << vm_;
    ASSERT_EQ(kept_.size() + deleted_.size(), static_cast<size_t>(last_version_)) << vm_;
    for (auto kept = kept_.upper_bound(from); kept != kept_.end(); ++kept) {
      ASSERT_NO_FATAL_FAILURE(CheckContent(stub, kept->first, kept->second));
    }
    for (auto deleted = deleted_.upper_bound(from); deleted != deleted_.end(); ++deleted) {
      ASSERT_FALSE(IsThere(stub, *deleted)) << Name(*deleted) << " came back";
    }
    if (unanswered_ == 0) return;
    // Again with the same request ID: it is there once. After a full volume it takes a moment.
    int64_t version = 0;
    const absl::Time deadline = absl::Now() + absl::Minutes(1);
    while (!Send(stub, unanswered_, version) && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
    ASSERT_NE(version, 0) << vm_;
    if (!stored) ++last_version_;
    ASSERT_EQ(version, last_version_) << vm_;
    kept_[version] = unanswered_;
    unanswered_ = 0;
  }

  int64_t last_version() const { return last_version_; }
  size_t deleted() const { return deleted_.size(); }

 private:
  std::string Name(int64_t version) const { return absl::StrCat(vm_, "/checkpoints/", version); }

  bool Send(Stub& stub, uint64_t number, int64_t& version) const {
    v1::CreateCheckpointRequest request;
    request.set_parent(vm_);
    *request.mutable_checkpoint() = MakeCheckpoint(client_, number);
    request.set_request_id(absl::StrCat(number));
    grpc::ClientContext context;
    v1::Checkpoint stored;
    if (!stub.CreateCheckpoint(&context, request, &stored).ok()) return false;
    version = stored.version();
    return true;
  }

  bool IsThere(Stub& stub, int64_t version) const {
    grpc::ClientContext context;
    v1::GetCheckpointRequest request;
    request.set_name(Name(version));
    v1::Checkpoint stored;
    const grpc::Status status = stub.GetCheckpoint(&context, request, &stored);
    if (!status.ok()) EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND) << request.name();
    return status.ok();
  }

  void CheckContent(Stub& stub, int64_t version, uint64_t number) const {
    grpc::ClientContext context;
    v1::GetCheckpointRequest request;
    request.set_name(Name(version));
    v1::Checkpoint stored;
    const grpc::Status status = stub.GetCheckpoint(&context, request, &stored);
    ASSERT_TRUE(status.ok()) << request.name() << ": " << status.error_message();
    const v1::Checkpoint expected = MakeCheckpoint(client_, number);
    ASSERT_EQ(stored.vcpus_size(), kVcpus);
    for (int vcpu = 0; vcpu < kVcpus; ++vcpu) {
      ASSERT_EQ(stored.vcpus(vcpu).SerializeAsString(), expected.vcpus(vcpu).SerializeAsString()) << request.name();
    }
  }

  const int client_;
  const std::string vm_;
  // The pusher's: how many it has tried, which are its request IDs; the one without an answer, 0 if there is none.
  uint64_t tried_ = 0;
  uint64_t unanswered_ = 0;
  // The deleter's: those that were acknowledged, and the version (with its number) whose deletion has no answer.
  std::set<int64_t> deleted_;
  std::pair<int64_t, uint64_t> deleting_;

  std::mutex mutex_;
  // Guarded by mutex_ while clients run. The number of each version's push.
  std::map<int64_t, uint64_t> kept_;
  int64_t last_version_ = 0;
};

uint32_t FromEnvironment(const char* name, uint32_t otherwise) {
  const char* const text = std::getenv(name);
  uint32_t number = 0;
  if (text == nullptr) return otherwise;
  EXPECT_TRUE(absl::SimpleAtoi(text, &number)) << name << "=" << text;
  return number;
}

class KillTest : public testing::Test {
 protected:
  static constexpr uint64_t kSomeReserve = 16 << 20;

  // How a round ends.
  enum class End { kKill, kStop, kKillWhenFull, kStopWhenFull };

  static void SetUpTestSuite() {
    absl::StatusOr<std::unique_ptr<SmallVolume>> volume = SmallVolume::Mount();
    ASSERT_TRUE(volume.ok()) << volume.status();
    volume_ = volume->release();
  }
  static void TearDownTestSuite() { delete volume_; }

  KillTest() : rounds_((FromEnvironment("ARMSTATE_KILL_ROUNDS", 50) + 1) / 2) {
    for (int client = 0; client < kClients; ++client) ledgers_.emplace_back(client);
  }

  // Compares with what there is. Those of earlier rounds were read before, and are read once more in the end.
  void Check(Stub& stub, bool all) {
    for (int client = 0; client < kClients; ++client) {
      ASSERT_NO_FATAL_FAILURE(ledgers_[client].Check(stub, all ? 0 : checked_[client]));
      checked_[client] = ledgers_[client].last_version();
    }
  }

  // One client, until armstated ends: pushes, and deletes what the next one pushes. On a full volume it only deletes.
  void Work(ArmstatedProcess& server, int client, uint32_t seed) {
    std::mt19937 random(seed);
    const auto stub = v1::CheckpointService::NewStub(server.Connect());
    Ledger& next = ledgers_[(client + 1) % kClients];
    while (!has_ended_) {
      const bool is_full = is_full_;
      grpc::Status status;
      const bool deletes = is_full || random() % 4 == 0;
      if (deletes ? next.DeleteOne(*stub, random, status) : ledgers_[client].Push(*stub)) {
        ++answered_;
        if (is_full) ++deleted_when_full_;
      } else {
        if (deletes) EXPECT_NE(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
        absl::SleepFor(absl::Milliseconds(1));
      }
    }
  }

  // It is there again soon after others have given their space back: a start or a recovery on a full volume takes some
  // of it, and they take that.
  static uint64_t ReserveBytes(const std::string& data_dir) {
    std::error_code error;
    const uintmax_t bytes = std::filesystem::file_size(data_dir + "/RESERVE", error);
    return error ? 0 : bytes;
  }

  static void WaitFor(const std::function<bool()>& is_done) {
    const absl::Time deadline = absl::Now() + absl::Minutes(1);
    while (!is_done() && absl::Now() < deadline) std::this_thread::yield();
    EXPECT_TRUE(is_done()) << "nothing goes on";
  }

  void RunRound(ArmstatedProcess& server, End end) {
    answered_ = deleted_when_full_ = 0;
    is_full_ = has_ended_ = false;
    std::vector<std::thread> clients;
    for (int client = 0; client < kClients; ++client) {
      clients.emplace_back([this, &server, client, seed = random_()] { Work(server, client, seed); });
    }
    // The moment is a number of answers, so that something was done on any machine, and some time: it falls anywhere
    // between two syncs.
    const int end_after = static_cast<int>(random_() % 60);
    const auto pause = std::chrono::microseconds(random_() % 5000);
    WaitFor([&] { return answered_ >= end_after; });
    const bool when_full = end == End::kKillWhenFull || end == End::kStopWhenFull;
    if (when_full) {
      volume_->TakeTheRest();
      is_full_ = true;
      const int enough = static_cast<int>(random_() % 20);
      WaitFor([&] { return deleted_when_full_ >= enough; });
    }
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < pause) std::this_thread::yield();
    if (end == End::kStop || end == End::kStopWhenFull) {
      EXPECT_EQ(server.Stop(SIGTERM), 0);
    } else {
      EXPECT_EQ(server.Stop(SIGKILL), -SIGKILL);
    }
    has_ended_ = true;
    for (std::thread& client : clients) client.join();
  }

  void Run(const std::string& data_dir, const std::vector<End>& ends) {
    SCOPED_TRACE(absl::StrCat("ARMSTATE_KILL_SEED=", seed_));
    for (uint32_t round = 0; round <= rounds_; ++round) {
      SCOPED_TRACE(absl::StrCat("round ", round));
      auto server = ArmstatedProcess::Start(data_dir);
      ASSERT_TRUE(server.ok()) << server.status();
      volume_->GiveBack();
      WaitFor([&] {
        absl::SleepFor(absl::Milliseconds(5));
        return ReserveBytes(data_dir) >= kSomeReserve;
      });
      {
        const auto stub = v1::CheckpointService::NewStub((*server)->Connect());
        ASSERT_NO_FATAL_FAILURE(Check(*stub, round == rounds_));
      }
      if (round < rounds_) RunRound(**server, ends[random_() % ends.size()]);
    }
    int64_t pushed = 0;
    size_t deleted = 0;
    for (const Ledger& ledger : ledgers_) {
      pushed += ledger.last_version();
      deleted += ledger.deleted();
    }
    EXPECT_GT(pushed, rounds_);
    EXPECT_GT(deleted, rounds_ / 4);
    std::printf("seed %u: %u ends, %lld checkpoints pushed, %zu deleted\n", seed_, rounds_,
                static_cast<long long>(pushed), deleted);
  }

  static SmallVolume* volume_;
  const uint32_t rounds_;
  const uint32_t seed_ = FromEnvironment("ARMSTATE_KILL_SEED", std::random_device{}());
  std::mt19937 random_{seed_};
  std::deque<Ledger> ledgers_;
  std::vector<int64_t> checked_ = std::vector<int64_t>(kClients);
  // Of a round.
  std::atomic<int> answered_{0};
  std::atomic<int> deleted_when_full_{0};
  std::atomic<bool> is_full_{false};
  std::atomic<bool> has_ended_{false};
};

SmallVolume* KillTest::volume_ = nullptr;

TEST_F(KillTest, WhatWasAcknowledgedStays) {
  const TempDir data_dir;
  Run(data_dir.path(), {End::kKill, End::kKill, End::kKill, End::kStop});
}

TEST_F(KillTest, WhatWasAcknowledgedStaysOnAFullVolume) {
  Run(volume_->data_dir(), {End::kKill, End::kStop, End::kKillWhenFull, End::kStopWhenFull});
}

}  // namespace
}  // namespace armstate
