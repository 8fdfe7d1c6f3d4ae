// Conformance tests that every CheckpointStore passes: reads. See tests/storage/checkpoint_store_conformance.h.
#ifndef ARMSTATE_TESTS_STORAGE_READ_CONFORMANCE_H_
#define ARMSTATE_TESTS_STORAGE_READ_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/checkpoint_store.h"
#include "tests/storage/conformance_fixture.h"
#include "tests/storage/delete_up_to.h"

namespace armstate {

TEST_P(CheckpointStoreConformance, NothingThere) {
  ExpectNotFound(store().Get("a", 1).status(), ErrorReason::kVmNotFound, "vms/a");
  ExpectNotFound(store().GetLatest("a").status(), ErrorReason::kVmNotFound, "vms/a");
  ExpectNotFound(store().GetVm("a").status(), ErrorReason::kVmNotFound, "vms/a");
  ExpectNotFound(store().List("a", 0, 10).status(), ErrorReason::kVmNotFound, "vms/a");
  ExpectNotFound(store().Delete("a", 1, At(1)), ErrorReason::kVmNotFound, "vms/a");
  ExpectNotFound(store().DeleteVm("a", ProtectedVersions::kRefuse, At(1)), ErrorReason::kVmNotFound, "vms/a");
  EXPECT_TRUE(store().ListVms("", 10).value().vms.empty());
}

TEST_P(CheckpointStoreConformance, VersionNotThere) {
  Commit("a", "a1");
  for (const int64_t version : {int64_t{-1}, int64_t{0}, int64_t{2}, INT64_MAX, INT64_MIN}) {
    const std::string name = absl::StrCat("vms/a/checkpoints/", version);
    ExpectNotFound(store().Get("a", version).status(), ErrorReason::kCheckpointNotFound, name);
    ExpectNotFound(store().Delete("a", version, At(1)), ErrorReason::kCheckpointNotFound, name);
  }
}

TEST_P(CheckpointStoreConformance, VmInfo) {
  CommitRequest request = Request("a", "a");
  request.commit_time = absl::FromUnixNanos(1500000000000000001);
  const uint64_t incarnation = Commit(request).incarnation;
  request.commit_time = absl::FromUnixNanos(1600000000000000002);
  Commit(request);
  Commit(request);
  VmInfo info = store().GetVm("a").value();
  EXPECT_EQ(info.vm, "a");
  EXPECT_NE(info.incarnation, 0u);
  EXPECT_EQ(info.incarnation, incarnation);
  EXPECT_EQ(info.last_version, 3);
  EXPECT_EQ(info.latest_kept_version, 3);
  EXPECT_EQ(info.checkpoint_count, 3);
  EXPECT_EQ(absl::ToUnixNanos(info.create_time), 1500000000000000001);
  EXPECT_EQ(absl::ToUnixNanos(info.update_time), 1600000000000000002);

  ASSERT_TRUE(store().Delete("a", 3, At(7)).ok());
  info = store().GetVm("a").value();
  EXPECT_EQ(info.last_version, 3);
  EXPECT_EQ(info.latest_kept_version, 2);
  EXPECT_EQ(info.checkpoint_count, 2);
  EXPECT_EQ(info.update_time, At(7));
}

TEST_P(CheckpointStoreConformance, StoredRecord) {
  CommitRequest request = Request("a", "a1");
  request.commit_time = absl::FromUnixNanos(1500000000000000001);
  request.labelled = true;
  Commit(request);
  Commit("a", "a2");
  const StoredRecord first = store().Get("a", 1).value();
  EXPECT_EQ(first.version, 1);
  EXPECT_EQ(first.base_version, 0);
  EXPECT_EQ(absl::ToUnixNanos(first.time), 1500000000000000001);
  EXPECT_TRUE(first.labelled);
  EXPECT_FALSE(first.is_protected);
  EXPECT_EQ(store().GetLatest("a")->time, At(1000));
  EXPECT_FALSE(store().GetLatest("a")->labelled);
}

TEST_P(CheckpointStoreConformance, LatestIsTheHighestKept) {
  for (const char* record : {"1", "2", "3", "4"}) Commit("a", record);
  EXPECT_EQ(store().GetLatest("a")->version, 4);
  EXPECT_EQ(store().GetLatest("a")->record, "4");
  ASSERT_TRUE(store().Delete("a", 3, At(1)).ok());
  EXPECT_EQ(store().GetLatest("a")->version, 4);
  ASSERT_TRUE(store().Delete("a", 4, At(1)).ok());
  EXPECT_EQ(store().GetLatest("a")->version, 2);
  ASSERT_TRUE(store().Delete("a", 1, At(1)).ok());
  ASSERT_TRUE(store().Delete("a", 2, At(1)).ok());
  ExpectNotFound(store().GetLatest("a").status(), ErrorReason::kCheckpointNotFound, "vms/a/checkpoints/latest");
  EXPECT_EQ(store().GetVm("a")->checkpoint_count, 0);
  EXPECT_EQ(Commit("a", "5").version, 5);
  EXPECT_EQ(store().GetLatest("a")->version, 5);
}

TEST_P(CheckpointStoreConformance, ListIsPaged) {
  for (int i = 1; i <= 5; ++i) Commit("a", absl::StrCat("r", i));
  Commit("b", "other");
  EXPECT_EQ(Listed("a", 0, 2), "1=r1 2=r2 +");
  EXPECT_EQ(Listed("a", 2, 2), "3=r3 4=r4 +");
  EXPECT_EQ(Listed("a", 4, 2), "5=r5");
  EXPECT_EQ(Listed("a", 3, 2), "4=r4 5=r5");
  EXPECT_EQ(Listed("a", 5, 2), "");
  EXPECT_EQ(Listed("a", INT64_MAX - 1, 2), "");
  EXPECT_EQ(Listed("a", -3, 1), "1=r1 +");
  EXPECT_EQ(Listed("a", 0, 0), "1=r1 +");
}

TEST_P(CheckpointStoreConformance, PagesOfLargeRecordsAreShorter) {
  const std::string record(12 << 20, 'r');
  for (int i = 0; i < 3; ++i) Commit("a", record);
  const RecordPage first = store().List("a", 0, 10).value();
  ASSERT_EQ(first.records.size(), 2u);
  EXPECT_TRUE(first.more);
  const RecordPage second = store().List("a", 2, 10).value();
  ASSERT_EQ(second.records.size(), 1u);
  EXPECT_FALSE(second.more);
}

TEST_P(CheckpointStoreConformance, ListVmsGivesEachOnce) {
  for (const char* vm : {"a", "b", "c", "d", "e"}) Commit(vm, "r");
  std::vector<std::string> names;
  std::string cursor;
  int pages = 0;
  do {
    const VmPage page = store().ListVms(cursor, 2).value();
    EXPECT_LE(page.vms.size(), 2u);
    for (const ListedVm& listed : page.vms) {
      names.push_back(listed.vm);
      EXPECT_EQ(listed.info->last_version, 1) << listed.vm;
    }
    cursor = page.next_cursor;
    ASSERT_LE(++pages, 3);
  } while (!cursor.empty());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c", "d", "e"}));
}

TEST_P(CheckpointStoreConformance, RawBytesOfWhatIsKept) {
  const auto commit = [&](uint32_t raw_bytes) {
    CommitRequest request = Request("a", "r");
    request.raw_bytes = raw_bytes;
    Commit(request);
  };
  for (const uint32_t raw_bytes : {1u, 20u, 300u, 4000u, 0xffffffffu}) commit(raw_bytes);
  EXPECT_EQ(store().GetVm("a")->raw_bytes, 4321 + int64_t{0xffffffff});
  EXPECT_EQ(store().Get("a", 3)->raw_bytes, 300u);
  EXPECT_EQ(store().GetLatest("a")->raw_bytes, 0xffffffffu);
  ASSERT_TRUE(store().Delete("a", 5, At(1)).ok());
  EXPECT_EQ(store().GetVm("a")->raw_bytes, 4321);
  Reopen();
  EXPECT_EQ(DeleteUpTo(store(), "a", 1, At(1)).value(), 1);
  EXPECT_EQ(store().GetVm("a")->raw_bytes, 4320);
  ASSERT_TRUE(store().SetProtected("a", 3, true).ok());
  ASSERT_TRUE(store().SetRetention("a", {1, absl::ZeroDuration(), false}, At(1)).ok());
  commit(50000);
  EXPECT_EQ(Apply("a", At(1)), 0);
  EXPECT_EQ(store().ListVms("", 10)->vms[0].info->raw_bytes, 50300);
  EXPECT_EQ(store().List("a", 0, 10)->records[0].record->raw_bytes, 300u);
}

TEST_P(CheckpointStoreConformance, EverythingIsThereAfterReopening) {
  const uint64_t incarnation = Commit("a", "a1", "id").incarnation;
  Commit("a", "a2");
  Commit("b", "b1");
  ASSERT_TRUE(store().Delete("a", 2, At(1)).ok());
  ASSERT_TRUE(store().DeleteVm("b", ProtectedVersions::kRefuse, At(1)).ok());
  CommitRequest with_layout = Request("c", "c1");
  with_layout.layouts = {{"hash", "layout"}};
  Commit(with_layout);
  for (int i = 0; i < 2; ++i) {
    Reopen();
    EXPECT_EQ(Listed("a", 0, 10), "1=a1");
    EXPECT_EQ(store().GetVm("a")->last_version, 2);
    EXPECT_EQ(store().GetVm("a")->incarnation, incarnation);
    EXPECT_TRUE(Commit("a", "retry", "id").was_retry());
    ExpectNotFound(store().GetVm("b").status(), ErrorReason::kVmNotFound, "vms/b");
    EXPECT_EQ(store().GetLayout("hash").value(), "layout");
  }
  EXPECT_EQ(Commit("a", "a3").version, 3);
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_READ_CONFORMANCE_H_
