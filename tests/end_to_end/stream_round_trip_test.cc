// Every recorded QEMU stream goes into a server and out again, into a stream of the same VM whose CPU state was lost:
// then the `cpu` sections are those of the recording, byte for byte.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "client/qemu/capture.h"
#include "client/qemu/restore.h"
#include "proto/vcpu_state_conversion.h"
#include "tests/client/qemu/corpus.h"
#include "tests/client/qemu/stream/cpu_sections.h"
#include "tests/server/server_fixture.h"

namespace armstate {
namespace {

v1::CreateCheckpointRequest RequestFor(const std::string& vm, QemuCapture capture) {
  v1::CreateCheckpointRequest request;
  request.set_parent("vms/" + vm);
  request.mutable_checkpoint()->mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
  request.mutable_checkpoint()->mutable_source()->set_machine_type(capture.machine_type);
  for (VcpuState& vcpu : capture.vcpus) *request.mutable_checkpoint()->add_vcpus() = VcpuStateToProto(std::move(vcpu));
  for (const CaptureGap& gap : capture.gaps) *request.mutable_checkpoint()->add_gaps() = CaptureGapToProto(gap);
  return request;
}

class StreamRoundTripTest : public ServerTest {
 protected:
  void RoundTrip(const std::string& name) {
    const std::string source = CorpusStream(name);
    auto capture = CaptureQemuStream(source);
    ASSERT_TRUE(capture.ok()) << capture.status();
    v1::Checkpoint pulled = Get(Create(RequestFor(name, *std::move(capture))).name());

    std::vector<VcpuState> vcpus;
    for (v1::VcpuState& message : *pulled.mutable_vcpus()) {
      auto vcpu = VcpuStateFromProto(std::move(message));
      ASSERT_TRUE(vcpu.ok()) << vcpu.status();
      vcpus.push_back(*std::move(vcpu));
    }
    const std::string fresh = WithOtherCpuState(source);
    const auto restore = RestoreIntoQemuStream(vcpus, pulled.source().machine_type(), fresh);
    ASSERT_TRUE(restore.ok()) << restore.status();
    const std::string restored = ApplyPatches(fresh, restore->patches);
    ASSERT_GT(vcpus.size(), 0u);
    for (size_t i = 0; i < vcpus.size(); ++i) {
      EXPECT_FALSE(SectionBytes(fresh, i) == SectionBytes(source, i)) << "vCPU " << i;
      EXPECT_TRUE(SectionBytes(restored, i) == SectionBytes(source, i)) << "vCPU " << i;
    }
  }
};

TEST_F(StreamRoundTripTest, CpuSectionsAreIdentical) {
  const std::vector<std::string> names = CorpusNames();
  EXPECT_GE(names.size(), 35u);
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    RoundTrip(name);
  }
}

}  // namespace
}  // namespace armstate
