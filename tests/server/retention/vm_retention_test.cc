// Tests UpdateVm and UpdateCheckpoint: retention and protection.
#include <gmock/gmock.h>

#include <functional>
#include <string>
#include <vector>

#include "storage/rocksdb/storage.h"
#include "tests/server/retention/retention_fixture.h"

namespace armstate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using StatusCode = grpc::StatusCode;

class VmRetentionTest : public RetentionTest {
 protected:
  // Runs without a sweeper, so that only the RPCs delete.
  VmRetentionTest() : RetentionTest(absl::ZeroDuration()) {}

  RpcResult Delete(const std::string& checkpoint) {
    v1::DeleteCheckpointRequest request;
    request.set_name(checkpoint);
    return Call(checkpoints(), &CheckpointStub::DeleteCheckpoint, request);
  }
  RpcResult DeleteVm(const std::string& vm, bool force) {
    v1::DeleteVmRequest request;
    request.set_name(vm);
    request.set_delete_protected(force);
    return Call(checkpoints(), &CheckpointStub::DeleteVm, request);
  }
};

TEST_F(VmRetentionTest, KeepLastHoldsAtOnceAndFromThenOn) {
  CreateMany("vms/web", 5);
  EXPECT_EQ(GetVm("vms/web").retention().keep_last(), 0);
  const v1::Vm vm = Apply(KeepLast("vms/web", 2));
  EXPECT_EQ(vm.name(), "vms/web");
  EXPECT_EQ(vm.retention().keep_last(), 2);
  EXPECT_FALSE(vm.retention().has_keep_for());
  EXPECT_EQ(vm.checkpoint_count(), 2);
  EXPECT_EQ(vm.latest_version(), 5);
  EXPECT_EQ(VersionsOf("vms/web"), "4 5");
  CreateMany("vms/web", 1);
  EXPECT_EQ(VersionsOf("vms/web"), "5 6");
  Restart();
  EXPECT_EQ(GetVm("vms/web").retention().keep_last(), 2);
  CreateMany("vms/web", 1);
  EXPECT_EQ(VersionsOf("vms/web"), "6 7");
  v1::ListVmsResponse list;
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::ListVms, v1::ListVmsRequest(), &list), RpcResult());
  ASSERT_EQ(list.vms_size(), 1);
  EXPECT_EQ(list.vms(0).retention().keep_last(), 2);
}

TEST_F(VmRetentionTest, MoreThanOneStepOfTheStore) {
  CreateMany("vms/web", 1100);  // the store visits 1000 versions at a time
  EXPECT_EQ(Apply(KeepLast("vms/web", 1)).checkpoint_count(), 1);
  EXPECT_EQ(VersionsOf("vms/web"), "1100");
}

TEST_F(VmRetentionTest, KeepForIsByAge) {
  CreateMany("vms/web", 2);
  PassTime(absl::Hours(1));
  CreateMany("vms/web", 2);
  PassTime(absl::Hours(1));
  CreateMany("vms/web", 1);
  // The first two are 2 hours old: no longer less than 2 hours.
  EXPECT_EQ(Apply(KeepFor("vms/web", absl::Hours(2) + absl::Seconds(1))).checkpoint_count(), 5);
  const v1::Vm vm = Apply(KeepFor("vms/web", absl::Hours(2)));
  EXPECT_EQ(vm.retention().keep_for().seconds(), 7200);
  EXPECT_EQ(vm.checkpoint_count(), 3);
  EXPECT_EQ(VersionsOf("vms/web"), "3 4 5");
  // The latest stays, however old it is.
  PassTime(absl::Hours(1000));
  EXPECT_EQ(Apply(KeepFor("vms/web", absl::Hours(2))).checkpoint_count(), 1);
  EXPECT_EQ(VersionsOf("vms/web"), "5");
}

TEST_F(VmRetentionTest, WhatOneRuleKeepsIsKept) {
  CreateMany("vms/web", 1);
  v1::CreateCheckpointRequest labelled = SmallRequest("vms/web", 1);
  (*labelled.mutable_checkpoint()->mutable_labels())["why"] = "release";
  Create(labelled);
  CreateMany("vms/web", 1);
  EXPECT_EQ(Protect("vms/web/checkpoints/3"), RpcResult());
  PassTime(absl::Hours(1));
  CreateMany("vms/web", 3);
  v1::UpdateVmRequest request = Update("vms/web", {"retention"});
  v1::Retention& retention = *request.mutable_vm()->mutable_retention();
  retention.set_keep_last(1);
  retention.mutable_keep_for()->set_seconds(60);
  retention.set_keep_labelled(true);
  EXPECT_TRUE(Apply(request).retention().keep_labelled());
  EXPECT_EQ(VersionsOf("vms/web"), "2 3p 4 5 6");
  PassTime(absl::Hours(1));
  retention.clear_keep_for();
  retention.set_keep_labelled(false);
  Apply(request);
  EXPECT_EQ(VersionsOf("vms/web"), "3p 6");
  // Without protection it is deleted as well.
  EXPECT_EQ(Protect("vms/web/checkpoints/3", false), RpcResult());
  Apply(request);
  EXPECT_EQ(VersionsOf("vms/web"), "6");
}

TEST_F(VmRetentionTest, AMaskChangesWhatItNames) {
  CreateMany("vms/web", 1);
  v1::UpdateVmRequest request = Update("vms/web", {"retention"});
  v1::Retention& retention = *request.mutable_vm()->mutable_retention();
  retention.set_keep_last(10);
  retention.mutable_keep_for()->set_seconds(3600);
  retention.set_keep_labelled(true);
  Apply(request);

  request = Update("vms/web", {"retention.keep_last"});
  request.mutable_vm()->mutable_retention()->set_keep_last(20);
  request.mutable_vm()->mutable_retention()->mutable_keep_for()->set_seconds(1);  // not named
  v1::Vm vm = Apply(request);
  EXPECT_EQ(vm.retention().keep_last(), 20);
  EXPECT_EQ(vm.retention().keep_for().seconds(), 3600);
  EXPECT_TRUE(vm.retention().keep_labelled());

  vm = Apply(Update("vms/web", {"retention.keep_for", "retention.keep_labelled"}));
  EXPECT_EQ(vm.retention().keep_last(), 20);
  EXPECT_FALSE(vm.retention().has_keep_for());
  EXPECT_FALSE(vm.retention().keep_labelled());

  vm = Apply(Update("vms/web", {"retention"}));
  EXPECT_EQ(vm.retention().keep_last(), 0);
}

TEST_F(VmRetentionTest, RefusedUpdatesOfAVm) {
  CreateMany("vms/web", 3);
  const struct {
    const char* name;
    std::function<void(v1::UpdateVmRequest&)> change;
    const char* field;
    const char* says;
  } kCases[] = {
      {"no mask", [](auto& r) { r.clear_update_mask(); }, "update_mask", "is required"},
      {"all", [](auto& r) { r.mutable_update_mask()->set_paths(0, "*"); }, "update_mask", "names *,"},
      {"name", [](auto& r) { r.mutable_update_mask()->add_paths("name"); }, "update_mask", "names name,"},
      {"no such field", [](auto& r) { r.mutable_update_mask()->add_paths("retention.keep"); }, "update_mask",
       "names retention.keep,"},
      {"too deep", [](auto& r) { r.mutable_update_mask()->add_paths("retention.keep_for.seconds"); }, "update_mask",
       "names retention.keep_for.seconds,"},
      {"empty path", [](auto& r) { r.mutable_update_mask()->add_paths(""); }, "update_mask", "names ,"},
      {"negative count", [](auto& r) { r.mutable_vm()->mutable_retention()->set_keep_last(-1); },
       "vm.retention.keep_last", "below 0"},
      {"negative age", [](auto& r) { r.mutable_vm()->mutable_retention()->mutable_keep_for()->set_seconds(-1); },
       "vm.retention.keep_for", "below 0"},
      {"negative nanoseconds", [](auto& r) { r.mutable_vm()->mutable_retention()->mutable_keep_for()->set_nanos(-1); },
       "vm.retention.keep_for", "below 0"},
      {"half a second", [](auto& r) { r.mutable_vm()->mutable_retention()->mutable_keep_for()->set_nanos(500000000); },
       "vm.retention.keep_for", "whole seconds"},
      {"more than 36500 days",
       [](auto& r) { r.mutable_vm()->mutable_retention()->mutable_keep_for()->set_seconds(3153600001); },
       "vm.retention.keep_for", "above 36500 days"},
  };
  for (const auto& test : kCases) {
    v1::UpdateVmRequest request = Update("vms/web", {"retention"});
    request.mutable_vm()->mutable_retention()->set_keep_last(1);
    test.change(request);
    const RpcResult result = Call(checkpoints(), &CheckpointStub::UpdateVm, request);
    EXPECT_EQ(result, (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", test.field}}})) << test.name;
    EXPECT_THAT(result.message, HasSubstr(test.says)) << test.name;
  }
  EXPECT_EQ(VersionsOf("vms/web"), "1 2 3");
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::UpdateVm, KeepLast("web", 1)).reason, "RESOURCE_NAME_INVALID");
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::UpdateVm, KeepLast("vms/none", 1)),
            (RpcResult{StatusCode::NOT_FOUND, "VM_NOT_FOUND", {{"name", "vms/none"}}}));
}

TEST_F(VmRetentionTest, ProtectionShowsInAllViews) {
  CreateMany("vms/web", 2);
  v1::Checkpoint answer;
  ASSERT_EQ(Protect("vms/web/checkpoints/1", true, &answer), RpcResult());
  EXPECT_EQ(answer.name(), "vms/web/checkpoints/1");
  EXPECT_TRUE(answer.is_protected());
  EXPECT_EQ(answer.vcpu_count(), 1);
  EXPECT_THAT(answer.vcpus(), IsEmpty());
  Restart();
  for (const v1::CheckpointView view : {v1::CHECKPOINT_VIEW_BASIC, v1::CHECKPOINT_VIEW_FULL}) {
    EXPECT_TRUE(Get("vms/web/checkpoints/1", view).is_protected());
    EXPECT_FALSE(Get("vms/web/checkpoints/2", view).is_protected());
  }
  EXPECT_EQ(VersionsOf("vms/web"), "1p 2");
  ASSERT_EQ(Protect("vms/web/checkpoints/1", false, &answer), RpcResult());
  EXPECT_FALSE(answer.is_protected());
  EXPECT_EQ(VersionsOf("vms/web"), "1 2");
}

TEST_F(VmRetentionTest, NobodyIsBornProtected) {
  v1::CreateCheckpointRequest request = SmallRequest("vms/web", 1);
  request.mutable_checkpoint()->set_is_protected(true);
  request.set_request_id("r1");
  EXPECT_FALSE(Create(request).is_protected());
  EXPECT_FALSE(Get("vms/web/checkpoints/1").is_protected());
  // The field is not part of the request.
  request.mutable_checkpoint()->set_is_protected(false);
  EXPECT_EQ(Create(request).version(), 1);
}

TEST_F(VmRetentionTest, WhatIsProtectedIsNotDeleted) {
  CreateMany("vms/web", 3);
  Report("vms/web/checkpoints/2");
  ASSERT_EQ(Protect("vms/web/checkpoints/2"), RpcResult());
  EXPECT_EQ(Delete("vms/web/checkpoints/2"),
            (RpcResult{StatusCode::FAILED_PRECONDITION, "CHECKPOINT_PROTECTED", {{"name", "vms/web/checkpoints/2"}}}));
  EXPECT_EQ(DeleteVm("vms/web", false), (RpcResult{StatusCode::FAILED_PRECONDITION,
                                                   "CHECKPOINT_PROTECTED",
                                                   {{"name", "vms/web/checkpoints/2"}, {"protected", "1"}}}));
  EXPECT_EQ(VersionsOf("vms/web"), "1 2p 3");
  // Its restores are also gone.
  v1::ListRestoresRequest list;
  list.set_parent("vms/web/checkpoints/2");
  v1::ListRestoresResponse restores;
  EXPECT_EQ(Call(restore(), &RestoreStub::ListRestores, list, &restores), RpcResult());
  EXPECT_EQ(restores.restores_size(), 1);
  ASSERT_EQ(Protect("vms/web/checkpoints/2", false), RpcResult());
  EXPECT_EQ(Delete("vms/web/checkpoints/2"), RpcResult());
  EXPECT_EQ(DeleteVm("vms/web", false), RpcResult());
}

TEST_F(VmRetentionTest, ForceDeletesWhatIsProtected) {
  CreateMany("vms/web", 2);
  ASSERT_EQ(Protect("vms/web/checkpoints/1"), RpcResult());
  EXPECT_EQ(DeleteVm("vms/web", true), RpcResult());
  v1::GetVmRequest request;
  request.set_name("vms/web");
  EXPECT_EQ(Call(checkpoints(), &CheckpointStub::GetVm, request).reason, "VM_NOT_FOUND");
}

TEST_F(VmRetentionTest, RefusedUpdatesOfACheckpoint) {
  CreateMany("vms/web", 1);
  for (const std::vector<std::string>& mask :
       std::vector<std::vector<std::string>>{{}, {"*"}, {"labels"}, {"is_protected", "labels"}, {"is_protected.x"}}) {
    v1::UpdateCheckpointRequest request;
    request.mutable_checkpoint()->set_name("vms/web/checkpoints/1");
    request.mutable_checkpoint()->set_is_protected(true);
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    const RpcResult result = Call(checkpoints(), &CheckpointStub::UpdateCheckpoint, request);
    EXPECT_EQ(result, (RpcResult{StatusCode::INVALID_ARGUMENT, "FIELD_INVALID", {{"field", "update_mask"}}}));
    if (!mask.empty()) EXPECT_THAT(result.message, HasSubstr("names " + mask.back() + ","));
  }
  EXPECT_EQ(VersionsOf("vms/web"), "1");
  const RpcResult latest = Protect("vms/web/checkpoints/latest");
  EXPECT_EQ(latest.code, StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(latest.reason, "RESOURCE_NAME_INVALID");
  EXPECT_THAT(latest.message, HasSubstr("name the version"));
  EXPECT_EQ(Protect("vms/web/checkpoints/7"),
            (RpcResult{StatusCode::NOT_FOUND, "CHECKPOINT_NOT_FOUND", {{"name", "vms/web/checkpoints/7"}}}));
  EXPECT_EQ(Protect("vms/none/checkpoints/1"),
            (RpcResult{StatusCode::NOT_FOUND, "VM_NOT_FOUND", {{"name", "vms/none"}}}));
}

TEST_F(VmRetentionTest, TheRestoreHistoryGoesWithTheCheckpoints) {
  CreateMany("vms/web", 3);
  CreateMany("vms/web-1", 2);
  Report("vms/web/checkpoints/1");
  Report("vms/web/checkpoints/2");
  Report("vms/web/checkpoints/2");
  Report("vms/web/checkpoints/3");
  Report("vms/web-1/checkpoints/1");
  Apply(KeepLast("vms/web", 1));
  Stop();
  std::vector<std::string> left;
  {
    const auto storage = RocksDbStorage::Open(data_dir(), {}).value();
    const NamedRecordPage page = storage->records().List(RecordKind::kRestoreReport, "", "", 100).value();
    // "vm/incarnation/version/number": without the incarnation.
    for (const ListedNamedRecord& record : page.records) {
      const size_t first = record.name.find('/');
      left.push_back(record.name.substr(0, first) + record.name.substr(record.name.find('/', first + 1)));
    }
  }
  EXPECT_THAT(left, ElementsAre("web-1/0000000000000000001/", "web-1/0000000000000000001/0000000000000000001",
                                "web/0000000000000000003/", "web/0000000000000000003/0000000000000000001"));
  Start();
}

}  // namespace
}  // namespace armstate
