// RetentionTest is a fixture with a server whose clock the test sets.
#ifndef ARMSTATE_TESTS_SERVER_RETENTION_RETENTION_FIXTURE_H_
#define ARMSTATE_TESTS_SERVER_RETENTION_RETENTION_FIXTURE_H_

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "tests/server/server_fixture.h"

namespace armstate {

class RetentionTest : public ServerTest {
 protected:
  // `sweep_interval`: see ServerOptions.
  explicit RetentionTest(absl::Duration sweep_interval) : RetentionTest(sweep_interval, std::make_shared<Seconds>()) {}

  // The clock stands still unless it is advanced.
  void PassTime(absl::Duration duration) { *now_ += absl::ToInt64Seconds(duration); }

  void CreateMany(const std::string& vm, int count) {
    for (int i = 0; i < count; ++i) Create(SmallRequest(vm, 0x30d50838));
  }

  // Lists the stored versions, as "3 4 7p"; p marks a protected one.
  std::string VersionsOf(const std::string& vm) {
    v1::ListCheckpointsRequest request;
    request.set_parent(vm);
    v1::ListCheckpointsResponse response;
    EXPECT_EQ(Call(checkpoints(), &CheckpointStub::ListCheckpoints, request, &response), RpcResult());
    std::string text;
    for (const v1::Checkpoint& checkpoint : response.checkpoints()) {
      text += (text.empty() ? "" : " ") + std::to_string(checkpoint.version()) + (checkpoint.is_protected() ? "p" : "");
    }
    return text;
  }

  v1::Vm GetVm(const std::string& name) {
    v1::GetVmRequest request;
    request.set_name(name);
    v1::Vm vm;
    EXPECT_EQ(Call(checkpoints(), &CheckpointStub::GetVm, request, &vm), RpcResult());
    return vm;
  }

  // Returns a request without rules.
  static v1::UpdateVmRequest Update(const std::string& vm, const std::vector<std::string>& mask) {
    v1::UpdateVmRequest request;
    request.mutable_vm()->set_name(vm);
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return request;
  }
  static v1::UpdateVmRequest KeepLast(const std::string& vm, int64_t count) {
    v1::UpdateVmRequest request = Update(vm, {"retention.keep_last"});
    request.mutable_vm()->mutable_retention()->set_keep_last(count);
    return request;
  }
  static v1::UpdateVmRequest KeepFor(const std::string& vm, absl::Duration age) {
    v1::UpdateVmRequest request = Update(vm, {"retention.keep_for"});
    request.mutable_vm()->mutable_retention()->mutable_keep_for()->set_seconds(absl::ToInt64Seconds(age));
    return request;
  }
  // The call must succeed.
  v1::Vm Apply(const v1::UpdateVmRequest& request) {
    v1::Vm vm;
    EXPECT_EQ(Call(checkpoints(), &CheckpointStub::UpdateVm, request, &vm), RpcResult());
    return vm;
  }

  RpcResult Protect(const std::string& checkpoint, bool is_protected, v1::Checkpoint* answer) {
    v1::UpdateCheckpointRequest request;
    request.mutable_checkpoint()->set_name(checkpoint);
    request.mutable_checkpoint()->set_is_protected(is_protected);
    request.mutable_update_mask()->add_paths("is_protected");
    return Call(checkpoints(), &CheckpointStub::UpdateCheckpoint, request, answer);
  }
  RpcResult Protect(const std::string& checkpoint, bool is_protected = true) {
    v1::Checkpoint answer;
    return Protect(checkpoint, is_protected, &answer);
  }

  // Reports that the checkpoint, which has one vCPU, was restored somewhere.
  void Report(const std::string& checkpoint) {
    v1::CreateRestoreRequest request;
    request.set_parent(checkpoint);
    request.mutable_restore()->mutable_target()->set_cpu_profile("cpuProfiles/qemu-7.2.virt.cortex-a57");
    request.mutable_restore()->mutable_report()->set_verdict(v1::VERDICT_ACCEPTED);
    request.mutable_restore()->mutable_report()->add_vcpus();
    EXPECT_EQ(Call(restore(), &RestoreStub::CreateRestore, request), RpcResult());
  }

 private:
  using Seconds = std::atomic<int64_t>;

  RetentionTest(absl::Duration sweep_interval, std::shared_ptr<Seconds> now)
      : ServerTest(Options(sweep_interval, now)), now_(std::move(now)) {
    *now_ = 1700000000;
  }
  static ServerOptions Options(absl::Duration sweep_interval, const std::shared_ptr<Seconds>& now) {
    ServerOptions options;
    options.retention_sweep_interval = sweep_interval;
    options.clock = [now] { return absl::FromUnixSeconds(*now); };
    return options;
  }

  std::shared_ptr<Seconds> now_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_SERVER_RETENTION_RETENTION_FIXTURE_H_
