// Conformance tests that every CheckpointStore passes: retention. See tests/storage/checkpoint_store_conformance.h.
#ifndef ARMSTATE_TESTS_STORAGE_RETENTION_CONFORMANCE_H_
#define ARMSTATE_TESTS_STORAGE_RETENTION_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/checkpoint_store.h"
#include "tests/storage/conformance_fixture.h"

namespace armstate {

TEST_P(CheckpointStoreConformance, KeepLast) {
  Commit("a", "r1");
  const VmInfo info = store().SetRetention("a", {2, absl::ZeroDuration(), false}, At(1)).value();
  EXPECT_EQ(info.retention.keep_last, 2);
  EXPECT_EQ(store().GetVm("a")->retention.keep_last, 2);
  EXPECT_EQ(store().GetVm("a")->update_time, At(1));
  for (int i = 2; i <= 5; ++i) Commit("a", absl::StrCat("r", i), absl::StrCat("id", i));
  EXPECT_EQ(Listed("a", 0, 10), "4=r4 5=r5");
  EXPECT_EQ(store().GetVm("a")->checkpoint_count, 2);
  EXPECT_FALSE(Commit("a", "r6", "id2").was_retry());
  ExpectNotFound(store().SetRetention("b", {}, At(1)).status(), ErrorReason::kVmNotFound, "vms/b");
  ExpectNotFound(store().ApplyRetention("b", At(1)).status(), ErrorReason::kVmNotFound, "vms/b");
}

TEST_P(CheckpointStoreConformance, KeepLastWithBases) {
  const uint64_t incarnation = CommitWithBase("a", "full", "v1");
  ASSERT_TRUE(store().SetRetention("a", {2, absl::ZeroDuration(), false}, At(1)).ok());
  CommitOn("a", {incarnation, 1}, "v2");
  CommitOn("a", {incarnation, 1}, "v3");
  CommitWithBase("a", "full 4", "v4");
  EXPECT_EQ(Listed("a", 0, 10), "3=v3 4=v4");
  EXPECT_EQ(store().GetBase("a", 1).value(), "full");
  EXPECT_EQ(CommitOn("a", {incarnation, 4}, "v5"), 5);
  EXPECT_FALSE(store().GetBase("a", 1).ok());
}

// One at 1000 s, 1100 s, 1200 s ...
TEST_P(CheckpointStoreConformance, KeepForATime) {
  for (int i = 1; i <= 5; ++i) {
    CommitRequest request = Request("a", absl::StrCat("r", i));
    request.commit_time = At(900 + 100 * i);
    Commit(request);
  }
  ASSERT_TRUE(store().SetRetention("a", {0, absl::Seconds(200), false}, At(1400)).ok());
  EXPECT_EQ(Listed("a", 0, 1), "1=r1 +");
  EXPECT_EQ(Apply("a", At(1399)), 2);
  EXPECT_EQ(Listed("a", 0, 10), "3=r3 4=r4 5=r5");
  EXPECT_EQ(Apply("a", At(1399)), 0);
  EXPECT_EQ(Apply("a", At(1400)), 1);
  // The latest one is kept however old it is.
  EXPECT_EQ(Apply("a", At(100000)), 1);
  EXPECT_EQ(Listed("a", 0, 10), "5=r5");
  EXPECT_EQ(store().GetVm("a")->checkpoint_count, 1);
}

// A version goes only if no rule keeps it.
TEST_P(CheckpointStoreConformance, RulesOfRetentionAdd) {
  for (int i = 1; i <= 6; ++i) {
    CommitRequest request = Request("a", absl::StrCat("r", i));
    request.commit_time = At(1000 * i);
    request.labelled = i == 2;
    Commit(request);
  }
  ASSERT_TRUE(store().SetProtected("a", 3, true).ok());
  ASSERT_TRUE(store().SetRetention("a", {2, absl::Seconds(2500), true}, At(6000)).ok());
  EXPECT_EQ(Apply("a", At(6000)), 1);
  EXPECT_EQ(Listed("a", 0, 10), "2=r2 3=r3 4=r4 5=r5 6=r6");
  EXPECT_EQ(Apply("a", At(9000)), 1);
  EXPECT_EQ(Listed("a", 0, 10), "2=r2 3=r3 5=r5 6=r6");
  // What kept them is gone: they are looked at again.
  ASSERT_TRUE(store().SetProtected("a", 3, false).ok());
  EXPECT_EQ(Apply("a", At(9000)), 1);
  ASSERT_TRUE(store().SetRetention("a", {1, absl::ZeroDuration(), false}, At(9000)).ok());
  EXPECT_EQ(Apply("a", At(9000)), 2);
  EXPECT_EQ(Listed("a", 0, 10), "6=r6");
}

TEST_P(CheckpointStoreConformance, WithoutANumberOrAnAgeNothingGoes) {
  for (int i = 1; i <= 3; ++i) Commit("a", absl::StrCat("r", i));
  ASSERT_TRUE(store().SetRetention("a", {0, absl::ZeroDuration(), true}, At(1)).ok());
  Commit("a", "r4");
  EXPECT_EQ(Apply("a", At(1000000)), 0);
  EXPECT_EQ(Listed("a", 0, 10), "1=r1 2=r2 3=r3 4=r4");
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_RETENTION_CONFORMANCE_H_
