// RestoreTest is a fixture with a server, recorded KVM hosts and checkpoints of recorded VMs.
#ifndef ARMSTATE_TESTS_SERVER_RESTORE_FIXTURE_H_
#define ARMSTATE_TESTS_SERVER_RESTORE_FIXTURE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/vcpu_feature.h"
#include "tests/server/host_fixture.h"

namespace armstate {

class RestoreTest : public HostTest {
 protected:
  // Returns "hosts/{id}".
  std::string AddHost(const std::string& id, const std::string& recorded,
                      const std::map<std::string, std::string>& labels = {}) {
    v1::CreateHostRequest request = CreateRequest(id, recorded);
    request.mutable_host()->mutable_labels()->insert(labels.begin(), labels.end());
    return CreateHost(request).name();
  }

  // A request to store what was recorded on a host, with the vCPU features that the VM was created with.
  static v1::CreateCheckpointRequest Recorded(const std::string& vm, const RecordedVm& recorded) {
    v1::CreateCheckpointRequest request;
    request.set_parent("vms/" + vm);
    v1::Source& source = *request.mutable_checkpoint()->mutable_source();
    source.set_accelerator(v1::ACCELERATOR_KVM);
    VcpuFeatures features;
    features.bits = static_cast<uint32_t>(recorded.features);
    features.memory_tagging = recorded.memory_tagging;
    for (const std::string& name : VcpuFeatureNames(features)) source.add_vcpu_features(name);
    for (size_t i = 0; i < recorded.vcpus.size(); ++i) {
      v1::VcpuState* vcpu = request.mutable_checkpoint()->add_vcpus();
      vcpu->set_vcpu_index(static_cast<int>(i));
      const RegisterList& list = recorded.vcpus[i];
      for (const uint64_t id : list.layout().raw_ids()) vcpu->mutable_registers()->add_ids(id);
      vcpu->mutable_registers()->set_values(std::string(list.values()));
    }
    return request;
  }
  static v1::CreateCheckpointRequest Recorded(const std::string& vm, const std::string& host,
                                              const std::string& feature_class) {
    return Recorded(vm, ReadRecordedVms(host).at({feature_class, "ran"}));
  }

  static v1::ValidateCheckpointRequest OnHost(const std::string& checkpoint, const std::string& host) {
    v1::ValidateCheckpointRequest request;
    request.set_checkpoint(checkpoint);
    request.mutable_target()->set_host(host);
    return request;
  }

  // Validates the checkpoint; the call must succeed.
  v1::RestoreReport Validate(const v1::ValidateCheckpointRequest& request) {
    v1::ValidateCheckpointResponse response;
    EXPECT_EQ(Call(restore(), &RestoreStub::ValidateCheckpoint, request, &response), RpcResult());
    return response.report();
  }
};

// Returns the finding about a register; a message with outcome 0 if there is none.
inline v1::RegisterReport FindingOf(const v1::VcpuRestoreReport& report, uint64_t id) {
  for (const v1::RegisterReport& finding : report.registers()) {
    if (finding.register_id() == id) return finding;
  }
  return {};
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_SERVER_RESTORE_FIXTURE_H_
