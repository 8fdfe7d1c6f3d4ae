// Tests StreamCheckpoints over a socket: the guarantees in its comment in checkpoint_service.proto.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "core/error.h"
#include "google/rpc/error_details.pb.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "proto/status_conversion.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

constexpr uint64_t kSctlr = 0x603000000013c080;

class StreamCheckpointsTest : public ServerTest {
 protected:
  using Answer = v1::StreamCheckpointsResponse::Acknowledgement;

  // One call, however its requests and acknowledgements are split into messages.
  class Stream {
   public:
    explicit Stream(CheckpointStub& stub) : call_(stub.StreamCheckpoints(&context_)) {}

    // Of several requests in messages of 1, 2, 3 ... requests.
    void Write(const std::vector<v1::CreateCheckpointRequest>& requests) {
      v1::StreamCheckpointsRequest message;
      int size = 1;
      for (const v1::CreateCheckpointRequest& request : requests) {
        *message.add_requests() = request;
        if (message.requests_size() < size) continue;
        EXPECT_TRUE(call_->Write(message));
        message.Clear();
        ++size;
      }
      if (message.requests_size() > 0) EXPECT_TRUE(call_->Write(message));
    }
    void WriteMessage(const v1::StreamCheckpointsRequest& message) { EXPECT_TRUE(call_->Write(message)); }
    void WritesDone() { EXPECT_TRUE(call_->WritesDone()); }

    bool Read(Answer* answer) {
      while (next_ == message_.acknowledgements_size()) {
        if (!call_->Read(&message_)) return false;
        next_ = 0;
      }
      *answer = message_.acknowledgements(next_++);
      return true;
    }
    void Cancel() { context_.TryCancel(); }
    grpc::Status Finish() { return call_->Finish(); }

   private:
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReaderWriter<v1::StreamCheckpointsRequest, v1::StreamCheckpointsResponse>> call_;
    v1::StreamCheckpointsResponse message_;
    int next_ = 0;
  };

  // Pushes all requests, then reads all answers; the stream must end with OK.
  std::vector<Answer> Push(const std::vector<v1::CreateCheckpointRequest>& requests) {
    Stream stream(checkpoints());
    stream.Write(requests);
    stream.WritesDone();
    std::vector<Answer> answers;
    for (Answer answer; stream.Read(&answer);) answers.push_back(answer);
    const grpc::Status status = stream.Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return answers;
  }

  // The result in the form of the unary call.
  google::rpc::Status UnaryError(const v1::CreateCheckpointRequest& request) {
    grpc::ClientContext context;
    v1::Checkpoint response;
    EXPECT_FALSE(checkpoints().CreateCheckpoint(&context, request, &response).ok());
    google::rpc::Status error;
    const auto& trailers = context.GetServerTrailingMetadata();
    const auto trailer = trailers.find("grpc-status-details-bin");
    EXPECT_NE(trailer, trailers.end());
    if (trailer == trailers.end()) return error;
    EXPECT_TRUE(error.ParseFromArray(trailer->second.data(), static_cast<int>(trailer->second.size())));
    return error;
  }
};

// One call whose messages are arbitrary bytes.
class BytesStream final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit BytesStream(const std::string& target)
      : stub_(grpc::CreateChannel(target, grpc::InsecureChannelCredentials())) {
    stub_.PrepareBidiStreamingCall(&context_, "/armstate.v1.CheckpointService/StreamCheckpoints", {}, this);
    AddHold();
    StartCall();
  }

  // Works also when the server has already ended the call.
  void Write(const std::string& bytes) {
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer message(&slice, 1);
    absl::Notification done;
    written_ = &done;
    StartWrite(&message);
    done.WaitForNotification();
  }

  // Reads to the end of the stream.
  std::vector<v1::StreamCheckpointsResponse::Acknowledgement> ReadAll() {
    std::vector<v1::StreamCheckpointsResponse::Acknowledgement> all;
    while (true) {
      grpc::ByteBuffer bytes;
      absl::Notification done;
      read_ = &done;
      StartRead(&bytes);
      done.WaitForNotification();
      v1::StreamCheckpointsResponse message;
      if (!is_read_) return all;
      EXPECT_TRUE(grpc::SerializationTraits<v1::StreamCheckpointsResponse>::Deserialize(&bytes, &message).ok());
      all.insert(all.end(), message.acknowledgements().begin(), message.acknowledgements().end());
    }
  }

  RpcResult Finish() {
    RemoveHold();
    ended_.WaitForNotification();
    return ReadResult(context_, status_);
  }

  void OnWriteDone(bool /*ok*/) override { written_->Notify(); }
  void OnReadDone(bool ok) override {
    is_read_ = ok;
    read_->Notify();
  }
  void OnDone(const grpc::Status& status) override {
    status_ = status;
    ended_.Notify();
  }

 private:
  grpc::ClientContext context_;
  grpc::GenericStub stub_;
  absl::Notification* written_ = nullptr;
  absl::Notification* read_ = nullptr;
  bool is_read_ = false;
  grpc::Status status_;
  absl::Notification ended_;
};

google::rpc::ErrorInfo InfoOf(const google::rpc::Status& error) {
  google::rpc::ErrorInfo info;
  for (const google::protobuf::Any& detail : error.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) detail.UnpackTo(&info);
  }
  return info;
}

void ExpectSameError(const google::rpc::Status& a, const google::rpc::Status& b) {
  EXPECT_EQ(a.code(), b.code());
  EXPECT_EQ(a.message(), b.message());
  EXPECT_EQ(InfoOf(a).reason(), InfoOf(b).reason());
  using Metadata = std::map<std::string, std::string>;
  EXPECT_EQ(Metadata(InfoOf(a).metadata().begin(), InfoOf(a).metadata().end()),
            Metadata(InfoOf(b).metadata().begin(), InfoOf(b).metadata().end()));
  EXPECT_EQ(a.details_size(), b.details_size());
}

TEST_F(StreamCheckpointsTest, MixedVmsAreStoredAndAcknowledgedOnceEach) {
  std::vector<v1::CreateCheckpointRequest> requests;
  for (uint64_t i = 0; i < 30; ++i) {
    requests.push_back(SmallRequest(absl::StrCat("vms/vm", i % 3), 100 + i, 2));
    (*requests.back().mutable_checkpoint()->mutable_labels())["team"] = "web";
  }
  const std::vector<Answer> answers = Push(requests);
  ASSERT_EQ(answers.size(), 30u);
  std::set<int64_t> items;
  std::map<std::string, int64_t> last_item;
  for (const Answer& answer : answers) {
    ASSERT_TRUE(answer.has_checkpoint()) << answer.DebugString();
    EXPECT_TRUE(items.insert(answer.item()).second);
    const std::string vm = requests[answer.item()].parent();
    const auto [last, is_first] = last_item.emplace(vm, answer.item());
    EXPECT_TRUE(is_first || last->second < answer.item()) << "of one VM in the order of the requests";
    last->second = answer.item();
    // Item 0, 3, 6 ... are versions 1, 2, 3 ... of vm0.
    EXPECT_EQ(answer.checkpoint().version(), answer.item() / 3 + 1);
    EXPECT_EQ(answer.checkpoint().name(), absl::StrCat(vm, "/checkpoints/", answer.item() / 3 + 1));
    EXPECT_TRUE(answer.checkpoint().has_create_time());
    EXPECT_EQ(answer.checkpoint().vcpu_count(), 2);
    EXPECT_EQ(answer.checkpoint().register_count(), 4);
    EXPECT_FALSE(answer.checkpoint().has_source());
    EXPECT_TRUE(answer.checkpoint().labels().empty());
    EXPECT_TRUE(answer.checkpoint().vcpus().empty());
    EXPECT_EQ(ValueOf(Get(answer.checkpoint().name()).vcpus(0).registers(), kSctlr), 100u + answer.item());
  }
}

TEST_F(StreamCheckpointsTest, AFailedItemIsAnsweredAsTheUnaryCallWouldAndDoesNotEndTheStream) {
  v1::CreateCheckpointRequest unsorted = SmallRequest("vms/a", 2);
  unsorted.mutable_checkpoint()->mutable_vcpus(0)->mutable_registers()->mutable_ids()->SwapElements(0, 1);
  const v1::CreateCheckpointRequest no_name = SmallRequest("a", 3);
  v1::CreateCheckpointRequest conflict = SmallRequest("vms/a", 4);
  conflict.set_expected_latest_version(7);
  v1::CreateCheckpointRequest only_validated = SmallRequest("vms/a", 5);
  only_validated.set_validate_only(true);

  const std::vector<Answer> answers =
      Push({SmallRequest("vms/a", 1), unsorted, no_name, conflict, only_validated, SmallRequest("vms/a", 6)});
  ASSERT_EQ(answers.size(), 6u);
  std::map<int64_t, Answer> by_item;
  for (const Answer& answer : answers) by_item[answer.item()] = answer;
  EXPECT_EQ(by_item[0].checkpoint().version(), 1);
  EXPECT_EQ(by_item[1].error().code(), 3) << "INVALID_ARGUMENT";
  EXPECT_EQ(InfoOf(by_item[1].error()).reason(), "REGISTER_LIST_MALFORMED");
  EXPECT_EQ(by_item[2].error().code(), 3);
  EXPECT_EQ(InfoOf(by_item[2].error()).reason(), "RESOURCE_NAME_INVALID");
  EXPECT_EQ(by_item[3].error().code(), 9) << "FAILED_PRECONDITION";
  EXPECT_EQ(InfoOf(by_item[3].error()).reason(), "VERSION_CONFLICT");
  ASSERT_TRUE(by_item[4].has_checkpoint());
  EXPECT_EQ(by_item[4].checkpoint().name(), "");
  EXPECT_EQ(by_item[4].checkpoint().version(), 0);
  EXPECT_EQ(by_item[4].checkpoint().register_count(), 2);
  EXPECT_EQ(by_item[5].checkpoint().version(), 2);

  ExpectSameError(by_item[1].error(), UnaryError(unsorted));
  ExpectSameError(by_item[2].error(), UnaryError(no_name));
  EXPECT_EQ(LatestVersion("vms/a"), 2);
}

// Pushes more than the server accepts unanswered, and more than one full copy serves.
TEST_F(StreamCheckpointsTest, OfOneVmInTheOrderOfTheRequestsWithAFailureInTheMiddle) {
  constexpr int kItems = 600;
  std::vector<v1::CreateCheckpointRequest> requests;
  for (int i = 0; i < kItems; ++i) requests.push_back(SmallRequest("vms/a", i));
  requests[300].clear_checkpoint();
  Stream stream(checkpoints());
  std::thread writer([&] {
    stream.Write(requests);
    stream.WritesDone();
  });
  for (int i = 0; i < kItems; ++i) {
    Answer answer;
    EXPECT_TRUE(stream.Read(&answer));
    EXPECT_EQ(answer.item(), i);
    EXPECT_EQ(answer.has_error(), i == 300) << answer.DebugString();
    if (i != 300) EXPECT_EQ(answer.checkpoint().version(), i < 300 ? i + 1 : i);
  }
  writer.join();
  Answer none;
  EXPECT_FALSE(stream.Read(&none));
  EXPECT_TRUE(stream.Finish().ok());
  EXPECT_EQ(ValueOf(Get("vms/a/checkpoints/301").vcpus(0).registers(), kSctlr), 301u);
}

TEST_F(StreamCheckpointsTest, TheSameRequestIdsStoreOnce) {
  std::vector<v1::CreateCheckpointRequest> requests;
  for (uint64_t i = 0; i < 20; ++i) {
    requests.push_back(SmallRequest(absl::StrCat("vms/vm", i % 2), i));
    requests.back().set_request_id(absl::StrCat("r", i));
  }
  const std::vector<Answer> first = Push(requests);
  const std::vector<Answer> second = Push(requests);
  std::map<int64_t, std::string> names;
  for (const Answer& answer : first) names[answer.item()] = answer.checkpoint().name();
  ASSERT_EQ(second.size(), 20u);
  for (const Answer& answer : second) {
    EXPECT_EQ(answer.checkpoint().name(), names[answer.item()]);
    EXPECT_EQ(answer.checkpoint().register_count(), 2);
  }
  EXPECT_EQ(LatestVersion("vms/vm0"), 10);
  EXPECT_EQ(LatestVersion("vms/vm1"), 10);
}

TEST_F(StreamCheckpointsTest, WhatWasAcknowledgedBeforeACancelIsStored) {
  std::vector<std::string> acknowledged;
  {
    Stream stream(checkpoints());
    for (uint64_t i = 0; i < 100; ++i) stream.Write({SmallRequest(absl::StrCat("vms/vm", i), i)});
    for (int i = 0; i < 10; ++i) {
      Answer answer;
      ASSERT_TRUE(stream.Read(&answer));
      acknowledged.push_back(answer.checkpoint().name());
    }
    stream.Cancel();
    Answer answer;
    while (stream.Read(&answer)) acknowledged.push_back(answer.checkpoint().name());
    EXPECT_EQ(stream.Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  Restart();
  for (const std::string& name : acknowledged) Get(name);
}

TEST_F(StreamCheckpointsTest, AnOpenStreamDoesNotHoldUpAServerThatIsGoingAway) {
  Stream stream(checkpoints());
  stream.Write({SmallRequest("vms/a", 1)});
  Answer answer;
  ASSERT_TRUE(stream.Read(&answer));
  EXPECT_EQ(answer.checkpoint().version(), 1);
  Stop();  // without a deadline: waits for all calls
  EXPECT_FALSE(stream.Read(&answer));
  const absl::Status ended = FromGrpcStatus(stream.Finish());
  EXPECT_EQ(ended.code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(GetErrorInfo(ended).has_value()) << ended;
  EXPECT_EQ(GetErrorInfo(ended)->reason, ErrorReason::kServerDraining);
  Start();
  EXPECT_EQ(LatestVersion("vms/a"), 1);
}

TEST_F(StreamCheckpointsTest, AnEmptyStreamEndsWell) { EXPECT_TRUE(Push({}).empty()); }

// A label is text and so must be UTF-8; generated code sends it nevertheless.
std::string RequestWithInvalidLabel() {
  v1::StreamCheckpointsRequest message;
  *message.add_requests() = SmallRequest("vms/a", 2);
  (*message.mutable_requests(0)->mutable_checkpoint()->mutable_labels())["team"] = "w\xff";
  return message.SerializeAsString();
}

TEST_F(StreamCheckpointsTest, AMessageThatCannotBeDecodedEndsTheStreamAfterTheAnswersToThoseBefore) {
  const struct {
    std::string bytes;
    const char* field;
  } kCases[] = {
      {std::string(100, '\xff'), "request"},
      {SmallRequest("vms/a", 2).SerializeAsString().substr(0, 20), "request"},
      {RequestWithInvalidLabel(), "armstate.v1.Checkpoint.LabelsEntry.value"},
  };
  for (const auto& test : kCases) {
    v1::StreamCheckpointsRequest good;
    *good.add_requests() = SmallRequest("vms/a", 1);
    const int64_t before = LatestVersion("vms/a");
    BytesStream stream(target());
    stream.Write(good.SerializeAsString());
    stream.Write(test.bytes);
    stream.Write(good.SerializeAsString());
    stream.Write(good.SerializeAsString());
    EXPECT_EQ(stream.ReadAll().size(), 1u) << test.field;
    EXPECT_EQ(stream.Finish(),
              (RpcResult{grpc::StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", test.field}}}));
    EXPECT_EQ(LatestVersion("vms/a"), before + 1) << "what comes after it is not stored";
  }
}

TEST_F(StreamCheckpointsTest, AMessageWithTooManyRequestsEndsTheStreamAfterTheAnswersToThoseBefore) {
  Stream stream(checkpoints());
  stream.Write({SmallRequest("vms/a", 1)});
  v1::StreamCheckpointsRequest message;
  stream.WriteMessage(message);  // an empty one means nothing
  for (int i = 0; i < 257; ++i) *message.add_requests() = SmallRequest("vms/b", i);
  stream.WriteMessage(message);
  Answer answer;
  ASSERT_TRUE(stream.Read(&answer));
  EXPECT_EQ(answer.checkpoint().name(), "vms/a/checkpoints/1");
  EXPECT_FALSE(stream.Read(&answer));
  const grpc::Status status = stream.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(status.error_message().find("requests"), std::string::npos) << status.error_message();
  EXPECT_EQ(LatestVersion("vms/b"), 0);

  message.mutable_requests()->RemoveLast();
  Stream most(checkpoints());
  most.WriteMessage(message);
  most.WritesDone();
  int count = 0;
  while (most.Read(&answer)) EXPECT_EQ(answer.checkpoint().version(), ++count);
  EXPECT_EQ(count, 256);
  EXPECT_TRUE(most.Finish().ok());
}

}  // namespace
}  // namespace armstate
