// `KvmPortTest` is a fixture for tests of what KVM's answers become.
#ifndef ARMSTATE_TESTS_CLIENT_KVM_PORT_FIXTURE_H_
#define ARMSTATE_TESTS_CLIENT_KVM_PORT_FIXTURE_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/kvm/capture.h"
#include "client/kvm/restore.h"
#include "tests/client/kvm/recorded_host.h"

namespace armstate {

inline VcpuFeatures FeaturesOf(uint32_t bits) {
  VcpuFeatures features;
  features.bits = bits;
  return features;
}

inline const VcpuFeatures kPmu = FeaturesOf(1 << 2 | 1 << 3);
inline const VcpuFeatures kPmuAndSve = FeaturesOf(1 << 2 | 1 << 3 | 1 << 4);

class KvmPortTest : public testing::Test {
 protected:
  // max7@6.12 has SVE; its list with PMU and SVE is the longest of the classes without more.
  KvmPortTest() : recorded_("max7@6.12") {}

  // A VM with its vCPUs ready to be read and written.
  KvmRestorer Start(FakeKvm& vm, const VcpuFeatures& features = kPmu) {
    return Start(vm, features, std::vector<VcpuState>(vm.vcpus().size()));
  }
  KvmRestorer Start(FakeKvm& vm, const VcpuFeatures& features, const std::vector<VcpuState>& states) {
    KvmRestorer restorer(vm);
    restorer.Prepare(features);
    const absl::Status status = restorer.Init(vm.vcpus(), states);
    EXPECT_TRUE(status.ok()) << status;
    return restorer;
  }

  std::vector<VcpuState> StatesOf(FakeKvm& vm) {
    absl::StatusOr<KvmCapture> capture = CaptureKvmVcpus(vm.vcpus());
    EXPECT_TRUE(capture.ok()) << capture.status();
    EXPECT_TRUE(capture->gaps.empty());
    return capture->vcpus;
  }

  static const RegisterFinding* FindingOf(const RestoreReport& report, uint64_t id) {
    for (const RegisterFinding& finding : report.findings) {
      if (finding.id.raw() == id) return &finding;
    }
    return nullptr;
  }

  // The list with another value of one register.
  static RegisterList With(const RegisterList& list, uint64_t id, uint64_t value) {
    RegisterListBuilder builder;
    for (size_t i = 0; i < list.size(); ++i) {
      if (list.id(i).raw() == id) {
        builder.Add(list.id(i), value);
      } else {
        builder.AddBytes(list.id(i), list.value(i));
      }
    }
    return *std::move(builder).Build();
  }

  RecordedHost recorded_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_CLIENT_KVM_PORT_FIXTURE_H_
