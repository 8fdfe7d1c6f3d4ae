// The services of armstated, seen by a client that knows nothing of it but gRPC's reflection.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "tests/testing/armstated_process.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
namespace reflection = grpc::reflection::v1alpha;

class RegisteredServicesTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = ArmstatedProcess::Start(data_dir_.path());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = server_->Connect();
  }

  reflection::ServerReflectionResponse Ask(const reflection::ServerReflectionRequest& request) {
    grpc::ClientContext context;
    const auto stream = reflection::ServerReflection::NewStub(channel_)->ServerReflectionInfo(&context);
    reflection::ServerReflectionResponse response;
    EXPECT_TRUE(stream->Write(request));
    EXPECT_TRUE(stream->Read(&response));
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
    return response;
  }

  std::vector<std::string> Services() {
    reflection::ServerReflectionRequest request;
    request.set_list_services("*");
    std::vector<std::string> names;
    const reflection::ServerReflectionResponse response = Ask(request);
    for (const auto& service : response.list_services_response().service()) names.push_back(service.name());
    return names;
  }

  // The server's own description of a service.
  const google::protobuf::ServiceDescriptor* Describe(const std::string& service) {
    reflection::ServerReflectionRequest request;
    request.set_file_containing_symbol(service);
    const reflection::ServerReflectionResponse response = Ask(request);
    for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      // What services share comes with each of them.
      if (files_seen_.insert(file.name()).second) files_.Add(file);
    }
    return pool_.FindServiceByName(service);
  }

  grpc::Status CallUnary(const std::string& method, const std::string& bytes = "") {
    grpc::ClientContext context;
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    grpc::Status status;
    absl::Notification done;
    grpc::GenericStub(channel_).UnaryCall(&context, method, grpc::StubOptions(), &request, &response,
                                          [&](grpc::Status result) {
                                            status = std::move(result);
                                            done.Notify();
                                          });
    done.WaitForNotification();
    return status;
  }

  std::shared_ptr<grpc::Channel> channel_;

 private:
  TempDir data_dir_;
  std::unique_ptr<ArmstatedProcess> server_;
  std::set<std::string> files_seen_;
  google::protobuf::SimpleDescriptorDatabase files_;
  google::protobuf::DescriptorPool pool_{&files_};
};

TEST_F(RegisteredServicesTest, ReflectionListsAllServices) {
  EXPECT_THAT(Services(),
              UnorderedElementsAre("armstate.v1.AdminService", "armstate.v1.CheckpointService",
                                   "armstate.v1.EngineService", "armstate.v1.HostService", "armstate.v1.RestoreService",
                                   "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"));
}

TEST_F(RegisteredServicesTest, NothingUnimplementedIsRegistered) {
  EXPECT_EQ(CallUnary("/armstate.v1.CheckpointService/NoSuchMethod").error_code(), grpc::StatusCode::UNIMPLEMENTED);
  int methods = 0;
  for (const std::string& name : Services()) {
    if (name.rfind("armstate.", 0) != 0) continue;
    const google::protobuf::ServiceDescriptor* service = Describe(name);
    ASSERT_NE(service, nullptr) << name;
    for (int i = 0; i < service->method_count(); ++i, ++methods) {
      const google::protobuf::MethodDescriptor& method = *service->method(i);
      // One message to a streaming method is the same on the wire.
      const grpc::Status status = CallUnary(absl::StrCat("/", name, "/", method.name()));
      EXPECT_NE(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << method.full_name();
      // Lists and statistics need nothing; every other method needs a name, a filter, a folder for backups, or a key,
      // and says so; a stream of pushes says it of its item.
      const bool is_list = method.name() == "ListVms" || method.name() == "ListMachines" ||
                           method.name() == "ListCpuProfiles" || method.name() == "ListHosts" ||
                           method.name() == "GetStatistics" || method.name() == "StreamCheckpoints";
      const bool is_backup =
          method.name() == "CreateBackup" || method.name() == "ListBackups" || method.name() == "RotateEncryptionKey";
      EXPECT_EQ(status.error_code(), is_list     ? grpc::StatusCode::OK
                                     : is_backup ? grpc::StatusCode::FAILED_PRECONDITION
                                                 : grpc::StatusCode::INVALID_ARGUMENT)
          << method.full_name() << ": " << status.error_message();
    }
  }
  EXPECT_EQ(methods, 14 + 7 + 8 + 9 + 4);
}

// An empty answer, or UNIMPLEMENTED, would make a client look for the mistake at the wrong place.
TEST_F(RegisteredServicesTest, WhatCannotBeDecodedIsSaidByEveryMethod) {
  for (const std::string& name : Services()) {
    if (name.rfind("armstate.", 0) != 0) continue;
    const google::protobuf::ServiceDescriptor* service = Describe(name);
    ASSERT_NE(service, nullptr) << name;
    for (int i = 0; i < service->method_count(); ++i) {
      const google::protobuf::MethodDescriptor& method = *service->method(i);
      const grpc::Status status = CallUnary(absl::StrCat("/", name, "/", method.name()), std::string(50, '\xff'));
      EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << method.full_name();
      EXPECT_THAT(status.error_message(),
                  HasSubstr(absl::StrCat("cannot be decoded as ", method.input_type()->full_name())));
      google::rpc::Status details;
      EXPECT_TRUE(details.ParseFromString(status.error_details())) << method.full_name();
      EXPECT_THAT(details.ShortDebugString(), HasSubstr("FIELD_INVALID")) << method.full_name();
    }
  }
}

TEST_F(RegisteredServicesTest, HealthIsServing) {
  const auto health = grpc::health::v1::Health::NewStub(channel_);
  for (const char* service : {"", "armstate.v1.CheckpointService", "armstate.v1.RestoreService",
                              "armstate.v1.EngineService", "armstate.v1.HostService", "armstate.v1.AdminService"}) {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = health->Check(&context, request, &response);
    ASSERT_TRUE(status.ok()) << service << ": " << status.error_message();
    EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING) << service;
  }
  grpc::ClientContext context;
  const auto watch = health->Watch(&context, {});
  grpc::health::v1::HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), grpc::health::v1::HealthCheckResponse::SERVING);
  context.TryCancel();
}

}  // namespace
}  // namespace armstate
