// GetCheckpoint says what the rules say about a checkpoint itself. The vCPUs were recorded on real KVM hosts.
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/server/restore_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AdviceViewTest : public RestoreTest {
 protected:
  // vCPU 0 ran on a Cortex-A72, vCPU 1 on a Cortex-A53.
  static v1::CreateCheckpointRequest OnTwoKindsOfCores() {
    v1::CreateCheckpointRequest request = Recorded("v", "cortex-a72@6.12", "pmu");
    *request.mutable_checkpoint()->mutable_vcpus(1) = Recorded("w", "cortex-a53@6.12", "pmu").checkpoint().vcpus(1);
    return request;
  }

  v1::Checkpoint Get(const std::string& name, v1::CheckpointView view, const std::vector<int>& vcpus = {}) {
    v1::GetCheckpointRequest request;
    request.set_name(name);
    request.set_view(view);
    request.set_include_advice(true);
    for (const int index : vcpus) request.add_vcpu_indexes(index);
    v1::Checkpoint checkpoint;
    EXPECT_EQ(Call(checkpoints(), &CheckpointStub::GetCheckpoint, request, &checkpoint), RpcResult());
    return checkpoint;
  }
};

std::vector<std::string> Names(const v1::Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const v1::Advice& advice : checkpoint.advice()) names.push_back(advice.name());
  return names;
}

TEST_F(AdviceViewTest, EachViewHasItWhereItIsAskedFor) {
  const std::string name = Create(OnTwoKindsOfCores()).name();
  const v1::Checkpoint basic = Get(name, v1::CHECKPOINT_VIEW_BASIC);
  EXPECT_THAT(Names(basic), ElementsAre("several-kinds-of-cores"));
  EXPECT_THAT(basic.vcpus(), IsEmpty());
  EXPECT_EQ(basic.advice(0).kind(), v1::ADVICE_KIND_CHECKPOINT);
  EXPECT_THAT(basic.advice(0).sentence(), HasSubstr("MIDR_EL1 0x410fd034")) << "that of the Cortex-A53";
  EXPECT_THAT(basic.advice(0).vcpu_indexes(), ElementsAre(1));
  const v1::Checkpoint full = Get(name, v1::CHECKPOINT_VIEW_FULL);
  EXPECT_EQ(full.vcpus_size(), 2);
  EXPECT_THAT(Names(full), ElementsAre("several-kinds-of-cores"));
  const v1::Checkpoint decoded = Get(name, v1::CHECKPOINT_VIEW_DECODED);
  EXPECT_EQ(decoded.decoded_vcpus_size(), 2);
  EXPECT_THAT(Names(decoded), ElementsAre("several-kinds-of-cores"));

  v1::GetCheckpointRequest unasked;
  unasked.set_name(name);
  v1::Checkpoint checkpoint;
  ASSERT_EQ(Call(checkpoints(), &CheckpointStub::GetCheckpoint, unasked, &checkpoint), RpcResult());
  EXPECT_THAT(checkpoint.advice(), IsEmpty());
}

TEST_F(AdviceViewTest, IsAboutTheVcpusThatAreRead) {
  const std::string name = Create(OnTwoKindsOfCores()).name();
  EXPECT_THAT(Names(Get(name, v1::CHECKPOINT_VIEW_FULL, {1})), IsEmpty());
  EXPECT_THAT(Names(Get(name, v1::CHECKPOINT_VIEW_BASIC, {0})), IsEmpty());
  EXPECT_THAT(Names(Get(name, v1::CHECKPOINT_VIEW_BASIC, {0, 1})), ElementsAre("several-kinds-of-cores"));
}

TEST_F(AdviceViewTest, AVmOfOneKindHasNone) {
  EXPECT_THAT(Names(Get(Create(Recorded("v", "cortex-a72@6.12", "pmu")).name(), v1::CHECKPOINT_VIEW_BASIC)), IsEmpty());
}

TEST_F(AdviceViewTest, WhatAClientSendsIsNotStored) {
  v1::CreateCheckpointRequest request = Recorded("v", "cortex-a72@6.12", "pmu");
  request.mutable_checkpoint()->add_advice()->set_sentence("mine");
  request.mutable_checkpoint()->add_decoded_vcpus();
  const v1::Checkpoint created = Create(request);
  EXPECT_THAT(created.advice(), IsEmpty());
  const v1::Checkpoint basic = Get(created.name(), v1::CHECKPOINT_VIEW_BASIC);
  EXPECT_THAT(basic.advice(), IsEmpty());
  EXPECT_THAT(basic.decoded_vcpus(), IsEmpty());
}

}  // namespace
}  // namespace armstate
