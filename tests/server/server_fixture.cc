#include "tests/server/server_fixture.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/create_channel.h"

namespace armstate {
namespace {

size_t WidthOf(uint64_t id) { return size_t{1} << (id >> 52 & 0xf); }

// Where the value of register `index` begins in the value area.
size_t OffsetOf(const v1::RegisterList& list, int index) {
  size_t offset = 0;
  for (int i = 0; i < index; ++i) offset += WidthOf(list.ids(i));
  return offset;
}

int IndexOf(const v1::RegisterList& list, uint64_t id) {
  const auto found = std::find(list.ids().begin(), list.ids().end(), id);
  EXPECT_NE(found, list.ids().end()) << absl::StrCat("no register 0x", absl::Hex(id));
  return static_cast<int>(found - list.ids().begin());
}

std::string Bytes(uint64_t value, size_t width) {
  std::string bytes;
  for (size_t i = 0; i < width; ++i) bytes += i < 8 ? static_cast<char>(value >> 8 * i) : '\0';
  return bytes;
}

}  // namespace

ServerTest::ServerTest(ServerOptions options) : options_(std::move(options)) {
  options_.listen_address = "127.0.0.1:0";
  options_.data_dir = data_dir_.path();
  Start();
}

void ServerTest::Start() {
  auto server = Server::Start(options_);
  if (!server.ok()) GTEST_FAIL() << server.status();
  server_ = *std::move(server);
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxResponseBytes);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel = grpc::CreateCustomChannel(target(), grpc::InsecureChannelCredentials(), arguments);
  checkpoints_ = v1::CheckpointService::NewStub(channel);
  restore_ = v1::RestoreService::NewStub(channel);
  engine_ = v1::EngineService::NewStub(channel);
  host_ = v1::HostService::NewStub(channel);
  admin_ = v1::AdminService::NewStub(channel);
}

std::string ServerTest::target() const { return absl::StrCat("127.0.0.1:", server_->port()); }

void ServerTest::Stop() {
  EXPECT_EQ(server_->Shutdown(absl::InfiniteFuture()), absl::OkStatus());
  server_.reset();
}

void ServerTest::Restart() {
  Stop();
  Start();
}

v1::Checkpoint ServerTest::Create(const v1::CreateCheckpointRequest& request) {
  v1::Checkpoint stored;
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::CreateCheckpoint, request, &stored), RpcResult());
  return stored;
}

v1::Checkpoint ServerTest::Get(const std::string& name, v1::CheckpointView view) {
  v1::GetCheckpointRequest request;
  request.set_name(name);
  request.set_view(view);
  request.set_include_secrets(true);
  v1::Checkpoint checkpoint;
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::GetCheckpoint, request, &checkpoint), RpcResult());
  return checkpoint;
}

int64_t ServerTest::LatestVersion(const std::string& vm) {
  v1::GetVmRequest request;
  request.set_name(vm);
  v1::Vm response;
  const RpcResult result = Call(checkpoints(), &CheckpointStub::GetVm, request, &response);
  EXPECT_TRUE(result.ok() || result.reason == "VM_NOT_FOUND") << result;
  return response.latest_version();
}

v1::Machine ServerTest::CreateMachine(const std::string& id, const std::string& profile, int vcpu_count) {
  v1::CreateMachineRequest request;
  request.set_machine_id(id);
  request.mutable_machine()->set_cpu_profile("cpuProfiles/" + profile);
  request.mutable_machine()->set_vcpu_count(vcpu_count);
  v1::Machine machine;
  EXPECT_EQ(Call(engine(), &EngineStub::CreateMachine, request, &machine), RpcResult());
  return machine;
}

v1::RegisterList Registers(const std::vector<std::pair<uint64_t, uint64_t>>& values) {
  v1::RegisterList list;
  for (const auto& [id, value] : values) {
    list.add_ids(id);
    list.mutable_values()->append(Bytes(value, WidthOf(id)));
  }
  return list;
}

uint64_t ValueOf(const v1::RegisterList& list, uint64_t id) {
  const int index = IndexOf(list, id);
  if (index == list.ids_size()) return 0;
  const std::string bytes = list.values().substr(OffsetOf(list, index), WidthOf(id));
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size() && i < 8; ++i) value |= uint64_t{static_cast<uint8_t>(bytes[i])} << 8 * i;
  return value;
}

void SetValue(v1::RegisterList& list, uint64_t id, uint64_t value) {
  const size_t offset = OffsetOf(list, IndexOf(list, id));
  list.mutable_values()->replace(offset, WidthOf(id), Bytes(value, WidthOf(id)));
}

void Remove(v1::RegisterList& list, uint64_t id) {
  const int index = IndexOf(list, id);
  list.mutable_values()->erase(OffsetOf(list, index), WidthOf(id));
  list.mutable_ids()->erase(list.ids().begin() + index);
}

v1::CreateCheckpointRequest SmallRequest(const std::string& parent, uint64_t value, int vcpu_count) {
  v1::CreateCheckpointRequest request;
  request.set_parent(parent);
  request.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_KVM);
  for (int index = 0; index < vcpu_count; ++index) {
    v1::VcpuState* vcpu = request.mutable_checkpoint()->add_vcpus();
    vcpu->set_vcpu_index(index);
    *vcpu->mutable_registers() =
        Registers({{0x603000000013c080, value}, {0x603000000013c684, static_cast<uint64_t>(index)}});
  }
  return request;
}

}  // namespace armstate
