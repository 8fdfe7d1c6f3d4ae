// Conformance tests that every CheckpointStore passes: deletions. See tests/storage/checkpoint_store_conformance.h.
#ifndef ARMSTATE_TESTS_STORAGE_REMOVAL_CONFORMANCE_H_
#define ARMSTATE_TESTS_STORAGE_REMOVAL_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/checkpoint_store.h"
#include "tests/storage/conformance_fixture.h"
#include "tests/storage/delete_up_to.h"

namespace armstate {

TEST_P(CheckpointStoreConformance, DeletedVersionsAreNotUsedAgain) {
  for (const char* record : {"1", "2", "3", "4"}) Commit("a", record);
  ASSERT_TRUE(store().Delete("a", 4, At(1)).ok());
  ASSERT_TRUE(store().Delete("a", 2, At(1)).ok());
  ExpectNotFound(store().Get("a", 2).status(), ErrorReason::kCheckpointNotFound, "vms/a/checkpoints/2");
  ExpectNotFound(store().Delete("a", 2, At(1)), ErrorReason::kCheckpointNotFound, "vms/a/checkpoints/2");
  EXPECT_EQ(Listed("a", 0, 10), "1=1 3=3");
  EXPECT_EQ(Commit("a", "5").version, 5);
}

TEST_P(CheckpointStoreConformance, DeletingTheFirstAndAllVersions) {
  for (int i = 1; i <= 5; ++i) Commit("a", absl::StrCat("r", i));
  ASSERT_TRUE(store().Delete("a", 2, At(1)).ok());
  EXPECT_EQ(store().GetVm("a")->update_time, At(1));
  EXPECT_EQ(DeleteUpTo(store(), "a", 3, At(2)).value(), 2);
  EXPECT_EQ(Listed("a", 0, 10), "4=r4 5=r5");
  EXPECT_EQ(store().GetVm("a")->checkpoint_count, 2);
  EXPECT_EQ(store().GetVm("a")->update_time, At(2));
  EXPECT_EQ(DeleteUpTo(store(), "a", 100, At(3)).value(), 2);
  EXPECT_EQ(Listed("a", 0, 10), "");
  EXPECT_EQ(store().GetVm("a")->latest_kept_version, 0);
  EXPECT_EQ(Commit("a", "r6").version, 6);
}

TEST_P(CheckpointStoreConformance, VmMadeAgainIsAnother) {
  const Committed first = Commit("a", "old", "id");
  Commit("a", "old 2");
  ASSERT_TRUE(store().DeleteVm("a", ProtectedVersions::kRefuse, At(1)).ok());
  ExpectNotFound(store().Get("a", 1).status(), ErrorReason::kVmNotFound, "vms/a");
  CommitRequest late = Request("a", "late", "id");
  late.incarnation = first.incarnation;
  ExpectNotFound(Settle(late).status(), ErrorReason::kVmNotFound, "vms/a");

  const Committed again = Commit("a", "new", "id");
  EXPECT_EQ(again.version, 1);
  EXPECT_FALSE(again.was_retry());
  EXPECT_NE(again.incarnation, first.incarnation);
  EXPECT_EQ(Listed("a", 0, 10), "1=new");
  ExpectNotFound(Settle(late).status(), ErrorReason::kVmNotFound, "vms/a");
  EXPECT_EQ(store().GetVm("a")->last_version, 1);
  late.incarnation = again.incarnation;
  late.request_id = "other";
  EXPECT_EQ(Commit(late).version, 2);
}

TEST_P(CheckpointStoreConformance, DeleteVmLeavesTheOthers) {
  for (const char* vm : {"a", "aa", "ab", "b"}) Commit(vm, vm, "id");
  ASSERT_TRUE(store().DeleteVm("aa", ProtectedVersions::kRefuse, At(1)).ok());
  for (const char* vm : {"a", "ab", "b"}) {
    EXPECT_EQ(store().Get(vm, 1)->record, vm);
    EXPECT_TRUE(Commit(vm, "retry", "id").was_retry()) << vm;
  }
}

TEST_P(CheckpointStoreConformance, ProtectedVersions) {
  for (int i = 1; i <= 4; ++i) Commit("a", absl::StrCat("r", i), absl::StrCat("id", i));
  ASSERT_TRUE(store().SetProtected("a", 2, true).ok());
  EXPECT_TRUE(store().Get("a", 2)->is_protected);
  EXPECT_EQ(store().Get("a", 2)->record, "r2");
  const absl::Status refused = store().Delete("a", 2, At(1));
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_EQ(GetErrorInfo(refused)->reason, ErrorReason::kCheckpointProtected);
  EXPECT_EQ(GetErrorInfo(refused)->metadata.at("name"), "vms/a/checkpoints/2");
  EXPECT_EQ(DeleteUpTo(store(), "a", 4, At(1)).value(), 3);
  EXPECT_EQ(Listed("a", 0, 10), "2=r2");
  EXPECT_EQ(store().GetVm("a")->latest_kept_version, 2);
  EXPECT_TRUE(Commit("a", "retry", "id2").was_retry());
  ASSERT_TRUE(store().SetProtected("a", 2, false).ok());
  EXPECT_TRUE(store().Delete("a", 2, At(1)).ok());
  ExpectNotFound(store().SetProtected("a", 2, true), ErrorReason::kCheckpointNotFound, "vms/a/checkpoints/2");
  ExpectNotFound(store().SetProtected("b", 2, true), ErrorReason::kVmNotFound, "vms/b");
}

TEST_P(CheckpointStoreConformance, ProtectedVersionsKeepTheirVm) {
  for (int i = 1; i <= 4; ++i) Commit("a", absl::StrCat("r", i));
  EXPECT_EQ(store().GetVm("a")->protected_count, 0);
  for (const int64_t version : {2, 2, 3, 4}) ASSERT_TRUE(store().SetProtected("a", version, true).ok());
  ASSERT_TRUE(store().SetProtected("a", 4, false).ok());
  EXPECT_EQ(store().GetVm("a")->protected_count, 2);
  Reopen();
  EXPECT_EQ(store().ListVms("", 10)->vms[0].info->protected_count, 2);
  const absl::Status refused = store().DeleteVm("a", ProtectedVersions::kRefuse, At(1));
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_EQ(GetErrorInfo(refused)->reason, ErrorReason::kCheckpointProtected);
  EXPECT_EQ(GetErrorInfo(refused)->metadata.at("name"), "vms/a/checkpoints/2");
  EXPECT_EQ(GetErrorInfo(refused)->metadata.at("protected"), "2");
  EXPECT_EQ(Listed("a", 0, 10), "1=r1 2=r2 3=r3 4=r4");
  EXPECT_EQ(DeleteUpTo(store(), "a", 4, At(1)).value(), 2);
  EXPECT_EQ(store().GetVm("a")->protected_count, 2);
  EXPECT_TRUE(store().DeleteVm("a", ProtectedVersions::kDelete, At(1)).ok());
  ExpectNotFound(store().GetVm("a").status(), ErrorReason::kVmNotFound, "vms/a");
  Commit("a", "r1");
  ASSERT_TRUE(store().SetProtected("a", 1, true).ok());
  ASSERT_TRUE(store().SetProtected("a", 1, false).ok());
  EXPECT_TRUE(store().DeleteVm("a", ProtectedVersions::kRefuse, At(1)).ok());
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_REMOVAL_CONFORMANCE_H_
