// Calls every RPC in every role of a policy, on a real server with mutual TLS.
#include "server/security/rpc_rights.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "armstate/v1/admin_service.grpc.pb.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "armstate/v1/engine_service.grpc.pb.h"
#include "armstate/v1/host_service.grpc.pb.h"
#include "armstate/v1/restore_service.grpc.pb.h"
#include "google/protobuf/text_format.h"
#include "grpcpp/impl/codegen/client_unary_call.h"
#include "gtest/gtest.h"
#include "tests/server/security/secured_server.h"

namespace armstate {
namespace {

struct Row {
  std::string rpc;
  std::string request;  // names something of "a"; what else it lacks is refused otherwise, and later
  std::string roles;    // those that may, besides "all"; "*": everybody
};

// As docs/security.md has it.
const std::vector<Row>& Table() {
  static const std::vector<Row>* const table = new std::vector<Row>{
      {"CheckpointService/CreateCheckpoint", "parent: 'vms/a'", "push"},
      {"CheckpointService/StreamCheckpoints", "requests { parent: 'vms/a' }", "push"},
      {"CheckpointService/GetCheckpoint", "name: 'vms/a/checkpoints/1'", "read"},
      {"CheckpointService/ListCheckpoints", "parent: 'vms/a'", "read"},
      {"CheckpointService/UpdateCheckpoint", "checkpoint { name: 'vms/a/checkpoints/1' }", "protect"},
      {"CheckpointService/DeleteCheckpoint", "name: 'vms/a/checkpoints/1'", "delete"},
      {"CheckpointService/GetVm", "name: 'vms/a'", "read"},
      {"CheckpointService/ListVms", "", "*"},
      {"CheckpointService/UpdateVm", "vm { name: 'vms/a' }", "protect"},
      {"CheckpointService/DeleteVm", "name: 'vms/a'", "delete"},
      {"CheckpointService/CompareCheckpoints",
       "old_checkpoint: 'vms/a/checkpoints/1' new_checkpoint: 'vms/a/checkpoints/2'", "read"},
      {"CheckpointService/ListRegisterHistory", "parent: 'vms/a'", "read"},
      {"CheckpointService/SearchRegisters", "", "*"},
      {"CheckpointService/WatchCheckpoints", "parent: 'vms/a'", "read"},
      {"RestoreService/ValidateCheckpoint", "checkpoint: 'vms/a/checkpoints/1'", "restore"},
      {"RestoreService/PlanRestore", "checkpoint: 'vms/a/checkpoints/1'", "restore"},
      {"RestoreService/ConvertCheckpoint", "checkpoint: 'vms/a/checkpoints/1'", "restore"},
      {"RestoreService/FindRestoreTargets", "checkpoint: 'vms/a/checkpoints/1'", "restore"},
      {"RestoreService/ComputeBaseline", "targets { host: 'hosts/a' }", "read"},
      {"RestoreService/CreateRestore", "parent: 'vms/a/checkpoints/1'", "restore"},
      {"RestoreService/ListRestores", "parent: 'vms/a/checkpoints/1'", "read"},
      {"EngineService/CreateMachine", "machine_id: 'a'", "push"},
      {"EngineService/GetMachine", "name: 'machines/a'", "read"},
      {"EngineService/ListMachines", "", "*"},
      {"EngineService/DeleteMachine", "name: 'machines/a'", "delete"},
      {"EngineService/ReadRegisters", "machine: 'machines/a'", "read"},
      {"EngineService/WriteRegisters", "machine: 'machines/a'", "push"},
      {"EngineService/ResetMachine", "name: 'machines/a'", "push"},
      {"EngineService/CaptureMachine", "machine: 'machines/a' parent: 'vms/a'", ""},
      {"EngineService/RestoreMachine", "machine: 'machines/a' checkpoint: 'vms/a/checkpoints/1'", ""},
      {"HostService/CreateHost", "host_id: 'a'", "administer"},
      {"HostService/GetHost", "name: 'hosts/a'", "read"},
      {"HostService/ListHosts", "", "*"},
      {"HostService/UpdateHost", "host { name: 'hosts/a' }", "administer"},
      {"HostService/DeleteHost", "name: 'hosts/a'", "administer"},
      {"HostService/GetCpuProfile", "name: 'cpuProfiles/a'", "*"},
      {"HostService/ListCpuProfiles", "", "*"},
      {"HostService/ImportCpuProfile", "", "administer"},
      {"AdminService/GetStatistics", "", "administer"},
      {"AdminService/CreateBackup", "", "administer"},
      {"AdminService/ListBackups", "", "administer"},
      {"AdminService/RotateEncryptionKey", "", "administer"},
  };
  return *table;
}

const google::protobuf::MethodDescriptor* Find(const std::string& rpc) {
  const std::vector<std::string> parts = absl::StrSplit(rpc, '/');
  return google::protobuf::DescriptorPool::generated_pool()
      ->FindServiceByName("armstate.v1." + parts[0])
      ->FindMethodByName(parts[1]);
}

std::unique_ptr<google::protobuf::Message> Parse(const google::protobuf::MethodDescriptor& method,
                                                 const std::string& text) {
  std::unique_ptr<google::protobuf::Message> request(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(method.input_type())->New());
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, request.get())) << text;
  return request;
}

// Whether the answer is anything but PERMISSION_DENIED.
bool IsPermitted(const std::shared_ptr<grpc::Channel>& channel, const Row& row) {
  const google::protobuf::MethodDescriptor* const method = Find(row.rpc);
  const std::unique_ptr<google::protobuf::Message> request = Parse(*method, row.request);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
  grpc::StatusCode code;
  if (method->client_streaming()) {
    const auto stub = v1::CheckpointService::NewStub(channel);
    auto call = stub->StreamCheckpoints(&context);
    call->Write(dynamic_cast<v1::StreamCheckpointsRequest&>(*request));
    v1::StreamCheckpointsResponse response;
    EXPECT_TRUE(call->Read(&response));
    code = static_cast<grpc::StatusCode>(response.acknowledgements(0).error().code());
    call->WritesDone();
    EXPECT_TRUE(call->Finish().ok());
  } else if (method->server_streaming()) {
    const auto stub = v1::CheckpointService::NewStub(channel);
    auto call = stub->WatchCheckpoints(&context, dynamic_cast<v1::WatchCheckpointsRequest&>(*request));
    v1::CheckpointEvent event;
    if (call->Read(&event)) return true;
    code = call->Finish().error_code();
  } else {
    const std::string name = absl::StrCat("/armstate.v1.", row.rpc);
    const grpc::Slice bytes(request->SerializeAsString());
    const grpc::ByteBuffer sent(&bytes, 1);
    grpc::ByteBuffer answer;
    code = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
               channel.get(), grpc::internal::RpcMethod(name.c_str(), grpc::internal::RpcMethod::NORMAL_RPC), &context,
               sent, &answer)
               .error_code();
  }
  EXPECT_NE(code, grpc::StatusCode::UNAVAILABLE) << row.rpc;
  EXPECT_NE(code, grpc::StatusCode::DEADLINE_EXCEEDED) << row.rpc;
  return code != grpc::StatusCode::PERMISSION_DENIED;
}

constexpr char kEverything[] = "resources: ['vms/a', 'machines/a', 'hosts/a', 'server']";

std::string Policy() {
  std::string policy;
  std::string all;
  for (const char* role : {"push", "read", "restore", "delete", "protect", "administer"}) {
    const std::string permission = absl::StrCat("permissions: PERMISSION_", absl::AsciiStrToUpper(role), " ");
    absl::StrAppend(&policy, "rules { identities: 'cn:", role, "' ", permission, kEverything, " }\n");
    absl::StrAppend(&all, permission);
  }
  return absl::StrCat(policy, "rules { identities: 'cn:all' ", all, kEverything, " }\n");
}

TEST(RpcRights, EachRoleMayWhatTheTableSays) {
  SecuredServer server(Policy());
  for (const char* role : {"push", "read", "restore", "delete", "protect", "administer", "all", "nobody"}) {
    const std::shared_ptr<grpc::Channel> channel = server.ChannelOf({role});
    for (const Row& row : Table()) {
      const std::set<std::string> roles = absl::StrSplit(row.roles, ',');
      const bool expected = row.roles == "*" || std::string(role) == "all" || roles.count(role) > 0;
      EXPECT_EQ(IsPermitted(channel, row), expected) << row.rpc << " as " << role;
    }
  }
}

// All of it is about "a".
TEST(RpcRights, WhoMayEverythingMayNothingElsewhere) {
  SecuredServer server(Policy());
  const std::shared_ptr<grpc::Channel> channel = server.ChannelOf({"all"});
  for (Row row : Table()) {
    if (row.roles == "*" || row.request.empty()) continue;
    for (const char* quoted : {"'a'", "/a'", "/a/"}) {
      std::string other = quoted;
      other.insert(other.find('a'), "b");
      row.request = absl::StrReplaceAll(row.request, {{quoted, other}});
    }
    EXPECT_FALSE(IsPermitted(channel, row)) << row.rpc << " " << row.request;
  }
}

TEST(RpcRights, EachRpcHasARow) {
  std::set<std::string> rows;
  for (const Row& row : Table()) rows.insert(row.rpc);
  std::set<std::string> rpcs;
  for (const char* name : {"CheckpointService", "RestoreService", "EngineService", "HostService", "AdminService"}) {
    const google::protobuf::ServiceDescriptor* const service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(absl::StrCat("armstate.v1.", name));
    for (int i = 0; i < service->method_count(); ++i) {
      rpcs.insert(absl::StrCat(name, "/", service->method(i)->name()));
      const google::protobuf::Descriptor& request = *service->method(i)->input_type();
      const RpcRights* const rights = RpcRights::Find(request);
      ASSERT_NE(rights, nullptr) << request.name();
      EXPECT_EQ(rights->has_secrets(), request.FindFieldByName("include_secrets") != nullptr) << request.name();
    }
  }
  EXPECT_EQ(rows, rpcs);
}

}  // namespace
}  // namespace armstate
