// The client library over real gRPC, against a server whose answers are written here.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "armstate/v1/checkpoint_service_mock.grpc.pb.h"
#include "client/checkpoint_client.h"
#include "client/connection.h"
#include "client/engine_client.h"
#include "client/host_client.h"
#include "client/restore_client.h"
#include "core/error.h"
#include "gmock/gmock.h"
#include "grpcpp/support/validate_service_config.h"
#include "gtest/gtest.h"
#include "tests/client/fake_server.h"

namespace armstate {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Return;

constexpr char kUuid[] = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

ConnectionOptions FastRetries(const FakeServer& server) {
  ConnectionOptions options;
  options.target = server.target();
  options.max_attempts = 4;
  options.initial_backoff = absl::Milliseconds(1);
  options.max_backoff = absl::Milliseconds(2);
  return options;
}

absl::Status Unavailable() {
  return MakeError(absl::StatusCode::kUnavailable, ErrorReason::kStorageUnavailable, "the disk is full",
                   {{"cause", "ENOSPC"}});
}

v1::CreateCheckpointRequest CreateRequest() {
  v1::CreateCheckpointRequest request;
  request.set_parent("vms/web-1");
  return request;
}

TEST(ServiceConfig, IsValid) {
  EXPECT_EQ(grpc::experimental::ValidateServiceConfigJSON(ServiceConfigJson(ConnectionOptions())), "");
  ConnectionOptions once;
  once.max_attempts = 1;
  EXPECT_EQ(grpc::experimental::ValidateServiceConfigJSON(ServiceConfigJson(once)), "");
}

TEST(CheckpointClient, FillsInARequestIdOfItsOwnForEachCall) {
  FakeServer server;
  std::set<std::string> seen;
  server.handlers.create_checkpoint = [&](const v1::CreateCheckpointRequest& request) {
    EXPECT_THAT(request.request_id(), MatchesRegex(kUuid));
    seen.insert(request.request_id());
    return v1::Checkpoint();
  };
  const CheckpointClient client{Connection(FastRetries(server))};
  EXPECT_TRUE(client.CreateCheckpoint(CreateRequest()).ok());
  EXPECT_TRUE(client.CreateCheckpoint(CreateRequest()).ok());
  EXPECT_EQ(seen.size(), 2u);
}

TEST(CheckpointClient, KeepsTheCallersRequestId) {
  FakeServer server;
  std::string seen;
  server.handlers.create_checkpoint = [&](const v1::CreateCheckpointRequest& request) {
    seen = request.request_id();
    return v1::Checkpoint();
  };
  v1::CreateCheckpointRequest request = CreateRequest();
  request.set_request_id("mine");
  EXPECT_TRUE(CheckpointClient(Connection(FastRetries(server))).CreateCheckpoint(request).ok());
  EXPECT_EQ(seen, "mine");
}

TEST(CheckpointClient, TriesAgainWhenUnavailableWithTheSameRequestId) {
  FakeServer server;
  std::vector<std::string> seen;
  server.handlers.create_checkpoint =
      [&](const v1::CreateCheckpointRequest& request) -> absl::StatusOr<v1::Checkpoint> {
    seen.push_back(request.request_id());
    if (seen.size() < 3) return Unavailable();
    v1::Checkpoint checkpoint;
    checkpoint.set_version(7);
    return checkpoint;
  };
  const absl::StatusOr<v1::Checkpoint> checkpoint =
      CheckpointClient(Connection(FastRetries(server))).CreateCheckpoint(CreateRequest());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(checkpoint->version(), 7);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_THAT(seen, ElementsAre(seen[0], seen[0], seen[0]));
}

// gRPC sends a request only once that does not fit into its retry buffer, 256 KiB by default.
TEST(CheckpointClient, TriesLargeRequestsAgainToo) {
  FakeServer server;
  int calls = 0;
  server.handlers.create_checkpoint = [&](const v1::CreateCheckpointRequest&) -> absl::StatusOr<v1::Checkpoint> {
    if (++calls < 3) return Unavailable();
    return v1::Checkpoint();
  };
  v1::CreateCheckpointRequest request = CreateRequest();
  request.mutable_checkpoint()->add_vcpus()->mutable_registers()->set_values(std::string(15 << 20, 'v'));
  const absl::Status status =
      CheckpointClient(Connection(FastRetries(server))).CreateCheckpoint(std::move(request)).status();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(calls, 3);
}

TEST(CheckpointClient, GivesUpAfterTheLastAttempt) {
  FakeServer server;
  int calls = 0;
  server.handlers.get_vm = [&](const v1::GetVmRequest&) -> absl::StatusOr<v1::Vm> {
    ++calls;
    return Unavailable();
  };
  const absl::Status status = CheckpointClient(Connection(FastRetries(server))).GetVm({}).status();
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "the disk is full");
  ASSERT_TRUE(GetErrorInfo(status));
  EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kStorageUnavailable);
  EXPECT_EQ(GetErrorInfo(status)->metadata.at("cause"), "ENOSPC");
}

TEST(CheckpointClient, TriesAgainWhatABusyServerRefused) {
  FakeServer server;
  int calls = 0;
  server.handlers.get_vm = [&](const v1::GetVmRequest&) -> absl::StatusOr<v1::Vm> {
    if (++calls < 3) return MakeError(absl::StatusCode::kResourceExhausted, ErrorReason::kServerBusy, "too many calls");
    return v1::Vm();
  };
  const absl::Status status = CheckpointClient(Connection(FastRetries(server))).GetVm({}).status();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(calls, 3);
}

TEST(CheckpointClient, TriesNothingElseAgain) {
  for (int code = 1; code <= 16; ++code) {
    const auto status_code = static_cast<absl::StatusCode>(code);
    if (status_code == absl::StatusCode::kUnavailable || status_code == absl::StatusCode::kResourceExhausted) continue;
    FakeServer server;
    int calls = 0;
    server.handlers.get_vm = [&](const v1::GetVmRequest&) -> absl::StatusOr<v1::Vm> {
      ++calls;
      return absl::Status(static_cast<absl::StatusCode>(code), "no");
    };
    EXPECT_EQ(static_cast<int>(CheckpointClient(Connection(FastRetries(server))).GetVm({}).status().code()), code);
    EXPECT_EQ(calls, 1) << code;
  }
}

TEST(Clients, DoNotRepeatWhatIsNotSafeToRepeat) {
  FakeServer server;
  std::map<std::string, int> calls;
  const auto count = [&calls](const char* method) {
    ++calls[method];
    return Unavailable();
  };
  server.handlers.delete_checkpoint = [&](const v1::DeleteCheckpointRequest&) { return count("DeleteCheckpoint"); };
  server.handlers.delete_vm = [&](const v1::DeleteVmRequest&) { return count("DeleteVm"); };
  server.handlers.create_machine = [&](const v1::CreateMachineRequest&) { return count("CreateMachine"); };
  server.handlers.delete_machine = [&](const v1::DeleteMachineRequest&) { return count("DeleteMachine"); };
  server.handlers.reset_machine = [&](const v1::ResetMachineRequest&) { return count("ResetMachine"); };
  const Connection connection(FastRetries(server));
  const CheckpointClient checkpoints(connection);
  const EngineClient engine(connection);
  EXPECT_EQ(checkpoints.DeleteCheckpoint({}).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(checkpoints.DeleteVm({}).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(engine.CreateMachine({}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(engine.DeleteMachine({}).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(engine.ResetMachine({}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(
      calls,
      (std::map<std::string, int>{
          {"DeleteCheckpoint", 1}, {"DeleteVm", 1}, {"CreateMachine", 1}, {"DeleteMachine", 1}, {"ResetMachine", 4}}));
}

TEST(CheckpointClient, AMessageAboveTheLimitIsNotSent) {
  FakeServer server;
  v1::CreateCheckpointRequest request = CreateRequest();
  request.mutable_checkpoint()->add_vcpus()->mutable_registers()->set_values(std::string(16 << 20, 'v'));
  request.set_request_id("r");
  const std::string bytes = absl::StrCat(request.ByteSizeLong());
  const Connection connection(FastRetries(server));
  const absl::Status status = CheckpointClient(connection).CreateCheckpoint(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("has " + bytes + " bytes, more than 16777216 (16 MiB)"));
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->reason, ErrorReason::kFieldInvalid);
  EXPECT_EQ(info->metadata.at("count"), bytes);
  EXPECT_EQ(info->metadata.at("limit"), "16777216");
}

TEST(CheckpointClient, TheTimeoutHolds) {
  absl::Notification may_answer;
  FakeServer server;
  server.handlers.get_vm = [&](const v1::GetVmRequest&) -> absl::StatusOr<v1::Vm> {
    may_answer.WaitForNotification();
    return v1::Vm();
  };
  ConnectionOptions options = FastRetries(server);
  options.call_timeout = absl::Milliseconds(20);
  EXPECT_EQ(CheckpointClient(Connection(options)).GetVm({}).status().code(), absl::StatusCode::kDeadlineExceeded);
  may_answer.Notify();
}

TEST(CheckpointClient, NobodyListens) {
  ConnectionOptions options;
  options.target = "unix:nobody-listens-here.sock";  // relative: no path of a sandbox is short enough
  options.max_attempts = 1;
  EXPECT_EQ(CheckpointClient(Connection(options)).GetVm({}).status().code(), absl::StatusCode::kUnavailable);
}

// The longest error that ToGrpcStatus makes fits into the 8 KiB that HTTP/2 trailers have by default.
TEST(CheckpointClient, TheLongestErrorArrivesWhole) {
  FakeServer server;
  const std::string euro = "\xe2\x82\xac";  // percent-encoded in grpc-message: 9 bytes
  server.handlers.get_vm = [&](const v1::GetVmRequest&) -> absl::StatusOr<v1::Vm> {
    std::string message;
    while (message.size() < 10000) message += euro;
    std::map<std::string, std::string> metadata = {{"field", message}};
    for (int i = 0; i < 20; ++i) metadata.emplace(absl::StrCat("a", i), message);
    return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid, message, metadata);
  };
  const absl::Status status = CheckpointClient(Connection(FastRetries(server))).GetVm({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message().size(), 510u);  // 170 characters of 3 bytes
  ASSERT_TRUE(GetErrorInfo(status));
  EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kFieldInvalid);
  EXPECT_EQ(GetErrorInfo(status)->metadata.size(), 8u);
}

TEST(CheckpointClient, ListsAllPages) {
  FakeServer server;
  server.handlers.list_checkpoints = [](const v1::ListCheckpointsRequest& request) {
    EXPECT_EQ(request.parent(), "vms/web-1");
    v1::ListCheckpointsResponse response;
    const int64_t first = request.page_token().empty() ? 1 : request.page_token() == "b" ? 3 : 5;
    response.add_checkpoints()->set_version(first);
    response.add_checkpoints()->set_version(first + 1);
    response.set_next_page_token(first == 1 ? "b" : first == 3 ? "c" : "");
    return response;
  };
  v1::ListCheckpointsRequest request;
  request.set_parent("vms/web-1");
  const absl::StatusOr<std::vector<v1::Checkpoint>> all =
      CheckpointClient(Connection(FastRetries(server))).ListCheckpoints(request);
  ASSERT_TRUE(all.ok()) << all.status();
  std::vector<int64_t> versions;
  for (const v1::Checkpoint& checkpoint : *all) versions.push_back(checkpoint.version());
  EXPECT_THAT(versions, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(CheckpointClient, AnErrorOnALaterPageIsTheAnswer) {
  FakeServer server;
  server.handlers.list_vms = [](const v1::ListVmsRequest& request) -> absl::StatusOr<v1::ListVmsResponse> {
    if (!request.page_token().empty()) return absl::DataLossError("page 2");
    v1::ListVmsResponse response;
    response.add_vms();
    response.set_next_page_token("2");
    return response;
  };
  EXPECT_EQ(CheckpointClient(Connection(FastRetries(server))).ListVms().status().code(), absl::StatusCode::kDataLoss);
}

TEST(HostClient, APageTokenThatComesBackIsAnError) {
  FakeServer server;
  server.handlers.list_cpu_profiles = [](const v1::ListCpuProfilesRequest&) {
    v1::ListCpuProfilesResponse response;
    response.set_next_page_token("again");
    return response;
  };
  EXPECT_EQ(HostClient(Connection(FastRetries(server))).ListCpuProfiles().status().code(), absl::StatusCode::kInternal);
}

TEST(EngineClient, CaptureFillsInARequestId) {
  FakeServer server;
  server.handlers.capture_machine = [](const v1::CaptureMachineRequest& request) {
    EXPECT_THAT(request.request_id(), MatchesRegex(kUuid));
    v1::Checkpoint checkpoint;
    checkpoint.set_name("vms/a/checkpoints/1");
    return checkpoint;
  };
  const absl::StatusOr<v1::Checkpoint> checkpoint = EngineClient(Connection(FastRetries(server))).CaptureMachine({});
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(checkpoint->name(), "vms/a/checkpoints/1");
}

TEST(RestoreClient, ARefusalIsAnAnswer) {
  FakeServer server;
  server.handlers.validate_checkpoint = [](const v1::ValidateCheckpointRequest& request) {
    EXPECT_EQ(request.target().cpu_profile(), "cpuProfiles/p");
    v1::ValidateCheckpointResponse response;
    response.mutable_report()->set_verdict(v1::VERDICT_REFUSED);
    return response;
  };
  v1::ValidateCheckpointRequest request;
  request.mutable_target()->set_cpu_profile("cpuProfiles/p");
  const absl::StatusOr<v1::ValidateCheckpointResponse> response =
      RestoreClient(Connection(FastRetries(server))).ValidateCheckpoint(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->report().verdict(), v1::VERDICT_REFUSED);
}

TEST(Connection, ATargetIsCompletedOrRefused) {
  const struct {
    const char* target;
    const char* means;
  } kCases[] = {
      {"127.0.0.1", "127.0.0.1:7443"},
      {"armstate.example:80", "armstate.example:80"},
      {"dns:armstate.example", "dns:armstate.example:7443"},
      {"dns:///armstate.example", "dns:///armstate.example:7443"},
      {"dns://10.0.0.1/armstate.example:80", "dns://10.0.0.1/armstate.example:80"},
      {"unix:/run/armstated.sock", "unix:/run/armstated.sock"},
      {"ipv6:[::1]:80", "ipv6:[::1]:80"},
  };
  for (const auto& test : kCases) EXPECT_EQ(CompleteTarget(test.target).value_or("refused"), test.means);
  for (const char* target :
       {"", "127.0.0.1:99999", "127.0.0.1:x", "http://localhost:7443", "dns:", "dns:///", "dns://x"}) {
    EXPECT_EQ(CompleteTarget(target).status().code(), absl::StatusCode::kInvalidArgument) << target;
    ConnectionOptions options;
    options.target = target;
    const absl::Status status = CheckpointClient(Connection(options)).GetVm({}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(status.message(), CompleteTarget(target).status().message());
  }
}

// Such a proxy is for the web; a server on the same network is not to be asked of it.
TEST(Connection, TheEnvironmentsProxyIsUsedOnlyWhenAskedFor) {
  FakeServer server;
  server.handlers.get_vm = [](const v1::GetVmRequest&) { return v1::Vm(); };
  ConnectionOptions options = FastRetries(server);
  options.max_attempts = 1;
  ASSERT_EQ(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);  // nobody listens there
  EXPECT_TRUE(CheckpointClient(Connection(options)).GetVm({}).ok());
  options.use_http_proxy = true;
  EXPECT_EQ(CheckpointClient(Connection(options)).GetVm({}).status().code(), absl::StatusCode::kUnavailable);
  unsetenv("http_proxy");
}

TEST(CheckpointClient, TakesAMock) {
  auto stub = std::make_shared<v1::MockCheckpointServiceStub>();
  EXPECT_CALL(*stub, GetVm(_, _, _)).WillOnce(Return(grpc::Status(grpc::StatusCode::NOT_FOUND, "no")));
  EXPECT_EQ(CheckpointClient(stub, absl::Seconds(1)).GetVm({}).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace armstate
