// A fake KVM host that answers as a recorded one (tests/data/kvm).
#ifndef ARMSTATE_TESTS_CLIENT_KVM_RECORDED_HOST_H_
#define ARMSTATE_TESTS_CLIENT_KVM_RECORDED_HOST_H_

#include <map>
#include <memory>
#include <string>

#include "server/probe/recording.h"
#include "tests/client/kvm/fake_kvm.h"

namespace armstate {

// Keeps the host's profiles. Must outlive the fakes that are made of it.
class RecordedHost {
 public:
  // E.g. "cortex-a72@6.12".
  explicit RecordedHost(const std::string& name);

  FakeKvmHost host();

 private:
  std::shared_ptr<const CpuProfile> Profile(const VcpuFeatures& features);

  ProbeRecording probe_;
  std::map<std::string, std::shared_ptr<const CpuProfile>> profiles_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_CLIENT_KVM_RECORDED_HOST_H_
