// Tests CreateCheckpoint: retries, optimistic concurrency, and requests that store nothing.
#include <string>

#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

using StatusCode = grpc::StatusCode;

class CheckpointRetryTest : public ServerTest {
 protected:
  RpcResult TryCreate(const v1::CreateCheckpointRequest& request) {
    return Call(checkpoints(), &CheckpointStub::CreateCheckpoint, request);
  }
};

TEST_F(CheckpointRetryTest, ARetryReturnsTheFirstAnswer) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/a", 1);
  request.set_request_id("r1");
  request.set_expected_latest_version(0);
  (*request.mutable_checkpoint()->mutable_labels())["one"] = "1";
  (*request.mutable_checkpoint()->mutable_labels())["two"] = "2";
  const v1::Checkpoint first = Create(request);
  Create(SmallRequest("vms/a", 2));
  Restart();
  // The expected version is long outdated: the retry is answered before it is checked.
  EXPECT_EQ(Create(request).DebugString(), first.DebugString());
  EXPECT_EQ(LatestVersion("vms/a"), 2);
}

TEST_F(CheckpointRetryTest, ARequestIdIsOfOneVmAndOneCheckpoint) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/a", 1);
  request.set_request_id("r1");
  Create(request);
  const RpcResult reused{
      StatusCode::ALREADY_EXISTS, "REQUEST_ID_REUSED", {{"request_id", "r1"}, {"name", "vms/a/checkpoints/1"}}};
  v1::CreateCheckpointRequest other_value = SmallRequest("vms/a", 2);
  other_value.set_request_id("r1");
  EXPECT_EQ(TryCreate(other_value), reused);
  v1::CreateCheckpointRequest other_label = request;
  (*other_label.mutable_checkpoint()->mutable_labels())["one"] = "1";
  EXPECT_EQ(TryCreate(other_label), reused);
  v1::CreateCheckpointRequest other_field = request;
  other_field.mutable_checkpoint()->mutable_vcpus(0)->add_opaque_fields()->set_name("cpu/m");
  EXPECT_EQ(TryCreate(other_field), reused);
  EXPECT_EQ(LatestVersion("vms/a"), 1);

  request.set_parent("vms/b");
  EXPECT_EQ(Create(request).name(), "vms/b/checkpoints/1");
}

TEST_F(CheckpointRetryTest, ARequestIdIsForgottenWithItsCheckpoint) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/a", 1);
  request.set_request_id("r1");
  Create(request);
  v1::DeleteCheckpointRequest deletion;
  deletion.set_name("vms/a/checkpoints/1");
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::DeleteCheckpoint, deletion), RpcResult());
  EXPECT_EQ(Create(request).version(), 2);
}

TEST_F(CheckpointRetryTest, ExpectedLatestVersion) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/a", 1);
  request.set_expected_latest_version(1);
  EXPECT_EQ(TryCreate(request), (RpcResult{StatusCode::FAILED_PRECONDITION,
                                           "VERSION_CONFLICT",
                                           {{"expected_version", "1"}, {"latest_version", "0"}}}));
  request.set_expected_latest_version(0);
  EXPECT_EQ(Create(request).version(), 1);
  EXPECT_EQ(TryCreate(request), (RpcResult{StatusCode::FAILED_PRECONDITION,
                                           "VERSION_CONFLICT",
                                           {{"expected_version", "0"}, {"latest_version", "1"}}}));
  request.set_expected_latest_version(1);
  EXPECT_EQ(Create(request).version(), 2);
}

TEST_F(CheckpointRetryTest, ValidateOnlyStoresNothing) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/a", 1);
  request.set_validate_only(true);
  const v1::Checkpoint checked = Create(request);
  EXPECT_EQ(checked.name(), "");
  EXPECT_EQ(checked.version(), 0);
  EXPECT_FALSE(checked.has_create_time());
  EXPECT_EQ(checked.register_count(), 2);
  EXPECT_EQ(LatestVersion("vms/a"), 0);
  request.mutable_checkpoint()->mutable_vcpus(0)->mutable_registers()->mutable_values()->pop_back();
  EXPECT_EQ(TryCreate(request).reason, "REGISTER_LIST_MALFORMED");
}

TEST_F(CheckpointRetryTest, ValidateOnlyChecksTheExpectedVersionToo) {
  Create(SmallRequest("vms/a", 1));
  v1::CreateCheckpointRequest request = SmallRequest("vms/a", 2);
  request.set_validate_only(true);
  request.set_expected_latest_version(1);
  Create(request);
  request.set_expected_latest_version(0);
  EXPECT_EQ(TryCreate(request), (RpcResult{StatusCode::FAILED_PRECONDITION,
                                           "VERSION_CONFLICT",
                                           {{"expected_version", "0"}, {"latest_version", "1"}}}));
  request.set_parent("vms/b");
  Create(request);
  EXPECT_EQ(LatestVersion("vms/a"), 1);
  EXPECT_EQ(LatestVersion("vms/b"), 0);
}

}  // namespace
}  // namespace armstate
