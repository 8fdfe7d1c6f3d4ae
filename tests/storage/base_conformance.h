// Conformance tests that every CheckpointStore passes: bases. See tests/storage/checkpoint_store_conformance.h.
#ifndef ARMSTATE_TESTS_STORAGE_BASE_CONFORMANCE_H_
#define ARMSTATE_TESTS_STORAGE_BASE_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/checkpoint_store.h"
#include "tests/storage/conformance_fixture.h"
#include "tests/storage/delete_up_to.h"

namespace armstate {

TEST_P(CheckpointStoreConformance, BaseServesTheVersionsAfterIt) {
  const uint64_t incarnation = CommitWithBase("a", "full", "v1");
  EXPECT_EQ(store().GetVm("a")->base_version, 1);
  for (int version = 2; version <= CheckpointStore::kMaxVersionsPerBase; ++version) {
    EXPECT_EQ(CommitOn("a", {incarnation, 1}, absl::StrCat("v", version)), version);
  }
  // Not one more.
  EXPECT_EQ(CommitOn("a", {incarnation, 1}, "v33"), 0);
  EXPECT_EQ(store().GetVm("a")->last_version, 32);
  EXPECT_EQ(store().Get("a", 32)->base_version, 1);
  EXPECT_EQ(store().GetBase("a", 1).value(), "full");
  CommitWithBase("a", "full again", "v33");
  EXPECT_EQ(CommitOn("a", {incarnation, 33}, "v34"), 34);
  EXPECT_EQ(store().GetBase("a", 33).value(), "full again");
}

TEST_P(CheckpointStoreConformance, OnlyThePresentBaseIsTaken) {
  EXPECT_EQ(CommitOn("a", {1, 1}, "no such VM"), 0);
  const uint64_t incarnation = CommitWithBase("a", "full", "v1");
  EXPECT_EQ(CommitOn("a", {incarnation, 2}, "no such base"), 0);
  EXPECT_EQ(CommitOn("a", {incarnation + 1, 1}, "of another VM"), 0);
  Commit("a", "v2 needs none");
  EXPECT_EQ(CommitOn("a", {incarnation, 1}, "ended by version 2"), 0);
  CommitWithBase("a", "full 3", "v3");
  CommitWithBase("a", "full 4", "v4");
  EXPECT_EQ(CommitOn("a", {incarnation, 3}, "ended by version 4"), 0);
  EXPECT_EQ(CommitOn("a", {incarnation, 4}, "v5"), 5);
  EXPECT_EQ(store().Get("a", 2)->base_version, 0);
  EXPECT_EQ(Listed("a", 0, 10), "1=v1 2=v2 needs none 3=v3 4=v4 5=v5");
}

TEST_P(CheckpointStoreConformance, BaseStaysAsLongAsItIsNeeded) {
  const uint64_t incarnation = CommitWithBase("a", "full", "v1");
  for (const char* record : {"v2", "v3"}) CommitOn("a", {incarnation, 1}, record);
  CommitWithBase("a", "full 4", "v4");
  ASSERT_TRUE(store().Delete("a", 1, At(1)).ok());
  ASSERT_TRUE(store().Delete("a", 3, At(1)).ok());
  EXPECT_EQ(store().GetBase("a", 1).value(), "full");
  Reopen();
  EXPECT_EQ(store().GetBase("a", 1).value(), "full");
  ASSERT_TRUE(store().Delete("a", 2, At(1)).ok());
  ExpectNotFound(store().GetBase("a", 1).status(), ErrorReason::kCheckpointNotFound, "vms/a/checkpoints/1");
  EXPECT_EQ(store().GetBase("a", 4).value(), "full 4");
}

TEST_P(CheckpointStoreConformance, BasesThatNoKeptVersionNeedsAreDeleted) {
  const uint64_t incarnation = CommitWithBase("a", "full", "v1");
  CommitOn("a", {incarnation, 1}, "v2");
  CommitWithBase("a", "full 3", "v3");
  CommitOn("a", {incarnation, 3}, "v4");
  CommitOn("a", {incarnation, 3}, "v5");
  EXPECT_EQ(DeleteUpTo(store(), "a", 4, At(1)).value(), 4);
  EXPECT_FALSE(store().GetBase("a", 1).ok());
  EXPECT_EQ(store().GetBase("a", 3).value(), "full 3");
  EXPECT_EQ(CommitOn("a", {incarnation, 3}, "v6"), 6);
  EXPECT_EQ(DeleteUpTo(store(), "a", 6, At(1)).value(), 2);
  EXPECT_FALSE(store().GetBase("a", 3).ok());
  // It is gone for the next one too.
  EXPECT_EQ(CommitOn("a", {incarnation, 3}, "v7"), 0);
  EXPECT_EQ(store().GetVm("a")->base_version, 0);
}

TEST_P(CheckpointStoreConformance, BasesGoWithTheirVm) {
  const uint64_t incarnation = CommitWithBase("a", "full", "v1");
  CommitWithBase("aa", "of another", "v1");
  ASSERT_TRUE(store().DeleteVm("a", ProtectedVersions::kRefuse, At(1)).ok());
  EXPECT_FALSE(store().GetBase("a", 1).ok());
  Commit("a", "new");
  EXPECT_FALSE(store().GetBase("a", 1).ok());
  EXPECT_EQ(CommitOn("a", {incarnation, 1}, "late"), 0);
  EXPECT_EQ(store().GetBase("aa", 1).value(), "of another");
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_BASE_CONFORMANCE_H_
