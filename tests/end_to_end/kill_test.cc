// armstated is killed while clients push, again and again: nothing that was acknowledged may be lost, and nothing half
// there.
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "tests/testing/armstated_process.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

constexpr int kRounds = 50;
constexpr int kClients = 4;
constexpr int kVcpus = 2;

// Two vCPUs whose registers tell who pushed them: a torn or foreign checkpoint shows.
v1::Checkpoint MakeCheckpoint(int client, uint64_t number) {
  v1::Checkpoint checkpoint;
  checkpoint.mutable_source()->set_accelerator(v1::KVM);
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

// What the clients of all rounds were told, by version; and how many pushes each client has tried.
class Ledger {
 public:
  explicit Ledger(int client) : client_(client), vm_(absl::StrCat("vms/vm", client)) {}

  // Pushes until the server is gone.
  void PushUntilKilled(const ArmstatedProcess& server, std::atomic<int>& acknowledged) {
    const auto stub = v1::CheckpointService::NewStub(server.Connect());
    for (;;) {
      v1::CreateCheckpointRequest request;
      request.set_parent(vm_);
      *request.mutable_checkpoint() = MakeCheckpoint(client_, ++tried_);
      request.set_request_id(absl::StrCat(tried_));
      grpc::ClientContext context;
      v1::Checkpoint stored;
      if (!stub->CreateCheckpoint(&context, request, &stored).ok()) return;
      acknowledged_[stored.version()] = tried_;
      ++acknowledged;
    }
  }

  void CheckAll(const ArmstatedProcess& server) {
    const auto stub = v1::CheckpointService::NewStub(server.Connect());
    grpc::ClientContext vm_context;
    v1::GetVmRequest vm_request;
    vm_request.set_name(vm_);
    v1::Vm vm;
    const grpc::Status vm_status = stub->GetVm(&vm_context, vm_request, &vm);
    if (acknowledged_.empty() && vm_status.error_code() == grpc::StatusCode::NOT_FOUND) return;
    ASSERT_TRUE(vm_status.ok()) << vm_status.error_message();
    ASSERT_EQ(vm.checkpoint_count(), vm.latest_version()) << "versions are without gaps";
    // Only those of the last round can be new; the others were read in the rounds before.
    for (int64_t version = checked_ + 1; version <= vm.latest_version(); ++version) {
      grpc::ClientContext context;
      v1::GetCheckpointRequest request;
      request.set_name(absl::StrCat(vm_, "/checkpoints/", version));
      v1::Checkpoint stored;
      const grpc::Status status = stub->GetCheckpoint(&context, request, &stored);
      ASSERT_TRUE(status.ok()) << request.name() << ": " << status.error_message();
      // A push without an answer may be there or not; it can only be the last one.
      const auto known = acknowledged_.find(version);
      const uint64_t number = known != acknowledged_.end() ? known->second : tried_;
      if (known == acknowledged_.end()) ASSERT_EQ(version, vm.latest_version());
      const v1::Checkpoint expected = MakeCheckpoint(client_, number);
      ASSERT_EQ(stored.vcpus_size(), kVcpus);
      for (int vcpu = 0; vcpu < kVcpus; ++vcpu) {
        ASSERT_EQ(stored.vcpus(vcpu).SerializeAsString(), expected.vcpus(vcpu).SerializeAsString()) << request.name();
      }
      acknowledged_[version] = number;
    }
    ASSERT_LE(acknowledged_.rbegin()->first, vm.latest_version()) << "an acknowledged checkpoint is lost";
    checked_ = vm.latest_version();
  }

 private:
  const int client_;
  const std::string vm_;
  std::map<int64_t, uint64_t> acknowledged_;
  uint64_t tried_ = 0;
  int64_t checked_ = 0;
};

TEST(KillTest, NothingAcknowledgedIsLost) {
  const TempDir data_dir;
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  std::vector<Ledger> ledgers;
  for (int client = 0; client < kClients; ++client) ledgers.emplace_back(client);
  int total = 0;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    auto server = ArmstatedProcess::Start(data_dir.path());
    ASSERT_TRUE(server.ok()) << server.status();
    for (Ledger& ledger : ledgers) ASSERT_NO_FATAL_FAILURE(ledger.CheckAll(**server));

    std::atomic<int> acknowledged{0};
    std::vector<std::thread> clients;
    for (Ledger& ledger : ledgers) {
      clients.emplace_back([&] { ledger.PushUntilKilled(**server, acknowledged); });
    }
    // The moment is a number of acknowledgements and not a time: it falls between any two writes on any machine.
    const int kill_after = static_cast<int>(random() % 60);
    while (acknowledged < kill_after) std::this_thread::yield();
    EXPECT_EQ((*server)->Stop(SIGKILL), -SIGKILL);
    for (std::thread& client : clients) client.join();
    total += acknowledged;
  }
  EXPECT_GT(total, kRounds);
  auto server = ArmstatedProcess::Start(data_dir.path());
  ASSERT_TRUE(server.ok()) << server.status();
  for (Ledger& ledger : ledgers) ASSERT_NO_FATAL_FAILURE(ledger.CheckAll(**server));
}

}  // namespace
}  // namespace armstate
