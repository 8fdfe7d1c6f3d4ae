// ServerTest is a fixture with a whole server on a free port, with RocksDB in its own folder, and clients that are
// connected to it by a socket.
#ifndef ARMSTATE_TESTS_SERVER_SERVER_FIXTURE_H_
#define ARMSTATE_TESTS_SERVER_SERVER_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "armstate/v1/admin_service.grpc.pb.h"
#include "armstate/v1/checkpoint_service.grpc.pb.h"
#include "armstate/v1/engine_service.grpc.pb.h"
#include "armstate/v1/host_service.grpc.pb.h"
#include "armstate/v1/restore_service.grpc.pb.h"
#include "gtest/gtest.h"
#include "server/server.h"
#include "tests/server/rpc_result.h"
#include "tests/testing/temp_dir.h"

namespace armstate {

using CheckpointStub = v1::CheckpointService::Stub;
using RestoreStub = v1::RestoreService::Stub;
using EngineStub = v1::EngineService::Stub;
using HostStub = v1::HostService::Stub;
using AdminStub = v1::AdminService::Stub;

class ServerTest : public testing::Test {
 protected:
  // The fixture sets the address and data_dir.
  explicit ServerTest(ServerOptions options = {});

  // Restarts the server on the same data, with new stubs.
  void Restart();
  void Stop();
  void Start();

  CheckpointStub& checkpoints() { return *checkpoints_; }
  RestoreStub& restore() { return *restore_; }
  EngineStub& engine() { return *engine_; }
  HostStub& host() { return *host_; }
  AdminStub& admin() { return *admin_; }
  Server& server() { return *server_; }
  const std::string& data_dir() const { return data_dir_.path(); }
  // Returns "127.0.0.1:port".
  std::string target() const;

  // Stores a checkpoint, which must succeed. Returns the BASIC view.
  v1::Checkpoint Create(const v1::CreateCheckpointRequest& request);
  // Reads a checkpoint with its secrets, which must succeed.
  v1::Checkpoint Get(const std::string& name, v1::CheckpointView view = v1::CHECKPOINT_VIEW_FULL);
  // Returns the latest version of "vms/{vm}"; 0 if the VM does not exist.
  int64_t LatestVersion(const std::string& vm);
  // Creates "machines/{id}" with a built-in profile, which must succeed.
  v1::Machine CreateMachine(const std::string& id, const std::string& profile, int vcpu_count = 1);

 private:
  TempDir data_dir_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<CheckpointStub> checkpoints_;
  std::unique_ptr<RestoreStub> restore_;
  std::unique_ptr<EngineStub> engine_;
  std::unique_ptr<HostStub> host_;
  std::unique_ptr<AdminStub> admin_;
};

// Returns a list of registers of 32 and 64 bits, in the given order.
v1::RegisterList Registers(const std::vector<std::pair<uint64_t, uint64_t>>& values);

// Returns the value of a register of at most 64 bits. Fails the test if the list lacks it.
uint64_t ValueOf(const v1::RegisterList& list, uint64_t id);
// Sets the value of a register of at most 64 bits.
void SetValue(v1::RegisterList& list, uint64_t id, uint64_t value);
// Removes a register from the list.
void Remove(v1::RegisterList& list, uint64_t id);

// Returns a KVM checkpoint of `vcpu_count` vCPUs. Each has SCTLR_EL1, which holds `value`, and TPIDR_EL1, which holds
// the vCPU's index.
v1::CreateCheckpointRequest SmallRequest(const std::string& parent, uint64_t value, int vcpu_count = 1);

}  // namespace armstate

#endif  // ARMSTATE_TESTS_SERVER_SERVER_FIXTURE_H_
