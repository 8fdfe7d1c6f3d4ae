// CheckpointStream against a server that ends its calls.
#include "client/checkpoint_stream.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/connection.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"

namespace armstate {
namespace {

constexpr int kItems = 3;

// Ends the first call when it has read some messages, without an answer; acknowledges all of later ones.
class EndingService final : public v1::CheckpointService::Service {
 public:
  grpc::Status StreamCheckpoints(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::StreamCheckpointsResponse, v1::StreamCheckpointsRequest>* stream) override {
    const bool is_first = calls_++ == 0;
    int64_t item = 0;
    for (v1::StreamCheckpointsRequest request; stream->Read(&request);) {
      v1::StreamCheckpointsResponse response;
      for (int i = 0; i < request.requests_size(); ++i) response.add_acknowledgements()->set_item(item++);
      if (!is_first) stream->Write(response);
      if (is_first && item == kItems) {
        return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "others take the memory");
      }
    }
    return grpc::Status::OK;
  }

  int calls() const { return calls_; }

 private:
  std::atomic<int> calls_{0};
};

// gRPC would repeat it, and mistake the numbers of its items.
TEST(CheckpointStream, ABusyServersStreamIsLeftToTheCaller) {
  EndingService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ConnectionOptions options;
  options.target = absl::StrCat("127.0.0.1:", port);
  options.initial_backoff = absl::Milliseconds(1);
  std::atomic<int> acknowledged{0};
  CheckpointStream stream(Connection(options), [&](int64_t, const absl::StatusOr<v1::Checkpoint>&) { ++acknowledged; });
  for (int i = 0; i < kItems; ++i) {
    v1::CreateCheckpointRequest request;
    request.set_request_id(absl::StrCat("item-", i));
    ASSERT_TRUE(stream.Push(std::move(request)).ok());
  }
  EXPECT_EQ(stream.Finish().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(service.calls(), 1);
  EXPECT_EQ(acknowledged, 0);
  const std::vector<v1::CreateCheckpointRequest> again = stream.TakeUnacknowledged();
  ASSERT_EQ(again.size(), kItems);
  for (int i = 0; i < kItems; ++i) EXPECT_EQ(again[i].request_id(), absl::StrCat("item-", i));
}

}  // namespace
}  // namespace armstate
