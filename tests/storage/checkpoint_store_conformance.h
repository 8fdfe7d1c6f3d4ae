// What every CheckpointStore must do: one suite for all engines.
//
// Example:
//   INSTANTIATE_TEST_SUITE_P(MyEngine, CheckpointStoreConformance,
//                            testing::Values([] { return std::make_unique<MyStoreUnderTest>(); }));
#ifndef ARMSTATE_TESTS_STORAGE_CHECKPOINT_STORE_CONFORMANCE_H_
#define ARMSTATE_TESTS_STORAGE_CHECKPOINT_STORE_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "core/error.h"
#include "storage/checkpoint_store.h"
#include "tests/storage/store_under_test.h"

namespace armstate {

class CheckpointStoreConformance : public testing::TestWithParam<StoreFactory> {
 protected:
  CheckpointStore& store() { return under_test_->store(); }
  void Reopen() { under_test_->Reopen(); }
  uint64_t kept_events() const { return under_test_->kept_events(); }

  static absl::Time At(int64_t second) { return absl::FromUnixSeconds(second); }

  static CommitRequest Request(const std::string& vm, const std::string& record, const std::string& request_id = "") {
    CommitRequest request;
    request.vm = vm;
    request.record = record;
    request.request_id = request_id;
    request.now = At(1000);
    return request;
  }

  // Commits, again as long as nobody knows what became of it: for that a request without an ID gets one of its own.
  absl::StatusOr<CommitResult> Settle(CommitRequest request) {
    if (request.request_id.empty()) request.request_id = absl::StrCat("own ", ++own_ids_);
    absl::StatusOr<CommitResult> result = store().Commit(request);
    bool was_unknown = false;
    for (int attempt = 0; attempt < 3 && result.ok() && std::holds_alternative<CommitUnknown>(*result); ++attempt) {
      was_unknown = true;
      result = store().Commit(request);
    }
    if (!was_unknown || !result.ok() || !std::holds_alternative<Committed>(*result)) return result;
    // The first attempt may have been done. That shows as a retry with the same record, and is none to the test.
    Committed& committed = std::get<Committed>(*result);
    if (committed.was_retry() && committed.earlier_record->value().record == request.record) {
      committed.earlier_record.reset();
    }
    return result;
  }

  // Commits and expects that it is stored, now or before.
  Committed Commit(const CommitRequest& request) {
    const absl::StatusOr<CommitResult> result = Settle(request);
    if (!result.ok() || !std::holds_alternative<Committed>(*result)) {
      ADD_FAILURE() << "not committed: " << request.vm << " " << result.status();
      return Committed();
    }
    return std::get<Committed>(*result);
  }
  Committed Commit(const std::string& vm, const std::string& record, const std::string& request_id = "") {
    return Commit(Request(vm, record, request_id));
  }

  // The last version that a conflict tells of; -1 if it is none.
  int64_t Conflict(const CommitRequest& request) {
    const absl::StatusOr<CommitResult> result = Settle(request);
    if (!result.ok() || !std::holds_alternative<CommitConflict>(*result)) return -1;
    return std::get<CommitConflict>(*result).last_version;
  }

  // Brings a base; gives the VM's incarnation.
  uint64_t CommitWithBase(const std::string& vm, const std::string& base, const std::string& record) {
    CommitRequest request = Request(vm, record);
    request.new_base = base;
    return Commit(request).incarnation;
  }
  // The version that a record got which needs this base; 0 if it was refused because of the base.
  int64_t CommitOn(const std::string& vm, BaseRef base, const std::string& record) {
    CommitRequest request = Request(vm, record);
    request.base = base;
    const absl::StatusOr<CommitResult> result = Settle(request);
    if (result.ok() && std::holds_alternative<CommitBaseChanged>(*result)) return 0;
    if (result.ok() && std::holds_alternative<Committed>(*result)) return std::get<Committed>(*result).version;
    ADD_FAILURE() << record << ": " << result.status();
    return -1;
  }
  // How many versions ApplyRetention removed until it was done.
  int64_t Apply(const std::string& vm, absl::Time now) {
    int64_t removed = 0;
    for (int calls = 0; calls < 100; ++calls) {
      const absl::StatusOr<RetentionSweep> sweep = store().ApplyRetention(vm, now);
      if (!sweep.ok()) return -1;
      removed += sweep->removed;
      if (sweep->done) return removed;
    }
    return -2;
  }

  // "1=a 2=b", and " +" if there are more.
  std::string Listed(const std::string& vm, int64_t after, size_t limit) {
    const absl::StatusOr<RecordPage> page = store().List(vm, after, limit);
    if (!page.ok()) return page.status().ToString();
    std::string text;
    for (const ListedRecord& record : page->records) {
      absl::StrAppend(&text, text.empty() ? "" : " ", record.version, "=",
                      record.record.ok() ? record.record->record : "damaged");
    }
    return text + (page->more ? " +" : "");
  }

  static void ExpectNotFound(const absl::Status& status, ErrorReason reason, const std::string& name) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
    const absl::optional<ErrorInfo> info = GetErrorInfo(status);
    ASSERT_TRUE(info.has_value()) << status;
    EXPECT_EQ(ErrorReasonName(info->reason), ErrorReasonName(reason));
    EXPECT_EQ(info->metadata.at("name"), name);
  }

 private:
  std::atomic<int> own_ids_ = 0;
  std::unique_ptr<StoreUnderTest> under_test_ = GetParam()();
};

TEST_P(CheckpointStoreConformance, VersionsCountFromOneInEachVm) {
  EXPECT_EQ(Commit("a", "a1").version, 1);
  EXPECT_EQ(Commit("a", "a2").version, 2);
  EXPECT_EQ(Commit("b", "b1").version, 1);
  EXPECT_EQ(Commit("a", "a3").version, 3);
  EXPECT_EQ(store().Get("a", 2)->record, "a2");
  EXPECT_EQ(store().Get("b", 1)->record, "b1");
}

TEST_P(CheckpointStoreConformance, RecordsAndNamesAreAnyBytes) {
  const std::string record("\0\xff\0 record", 10);
  const std::string vm("v\0m", 3);
  EXPECT_EQ(Commit("v", "other").version, 1);
  EXPECT_EQ(Commit(vm, record, std::string("\0", 1)).version, 1);
  EXPECT_EQ(Commit("v\x01", "").version, 1);
  EXPECT_EQ(store().Get(vm, 1)->record, record);
  EXPECT_EQ(store().Get("v\x01", 1)->record, "");
  ASSERT_TRUE(store().DeleteVm("v", ProtectedVersions::kRefuse, At(1)).ok());
  EXPECT_EQ(store().Get(vm, 1)->record, record);
}

TEST_P(CheckpointStoreConformance, LargeRecord) {
  std::string record(16 << 20, '\0');
  for (size_t i = 0; i < record.size(); ++i) record[i] = static_cast<char>(i * i >> 7);
  EXPECT_EQ(Commit("a", record).version, 1);
  EXPECT_TRUE(store().Get("a", 1)->record == record);
}

TEST_P(CheckpointStoreConformance, NothingThere) {
  ExpectNotFound(store().Get("a", 1).status(), ErrorReason::kVmNotFound, "vms/a");
  ExpectNotFound(store().GetLatest("a").status(), ErrorReason::kVmNotFound, "vms/a");
  ExpectNotFound(store().Last("a").status(), ErrorReason::kVmNotFound, "vms/a");
  ExpectNotFound(store().List("a", 0, 10).status(), ErrorReason::kVmNotFound, "vms/a");
  ExpectNotFound(store().Delete("a", 1, At(1)), ErrorReason::kVmNotFound, "vms/a");
  ExpectNotFound(store().Trim("a", 1, At(1)).status(), ErrorReason::kVmNotFound, "vms/a");
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

TEST_P(CheckpointStoreConformance, ExpectedLastVersion) {
  CommitRequest request = Request("a", "a");
  request.expected_last_version = 1;
  EXPECT_EQ(Conflict(request), 0);
  ExpectNotFound(store().Last("a").status(), ErrorReason::kVmNotFound, "vms/a");
  request.expected_last_version = 0;
  EXPECT_EQ(Commit(request).version, 1);
  EXPECT_EQ(Conflict(request), 1);
  request.expected_last_version = 1;
  EXPECT_EQ(Commit(request).version, 2);
  // The last version that was given, not the latest that is kept.
  ASSERT_TRUE(store().Delete("a", 2, At(1)).ok());
  EXPECT_EQ(Conflict(request), 2);
  request.expected_last_version = 2;
  EXPECT_EQ(Commit(request).version, 3);
}

TEST_P(CheckpointStoreConformance, RetryGivesTheFirstVersion) {
  const Committed first = Commit("a", "first", "id");
  EXPECT_FALSE(first.was_retry());
  Commit("a", "another");
  const Committed retry = Commit("a", "second", "id");
  ASSERT_TRUE(retry.was_retry());
  EXPECT_EQ(retry.version, 1);
  EXPECT_EQ(retry.incarnation, first.incarnation);
  EXPECT_EQ(retry.earlier_record->value().record, "first");
  EXPECT_EQ(Listed("a", 0, 10), "1=first 2=another");
}

TEST_P(CheckpointStoreConformance, RetryComesBeforeTheExpectedVersion) {
  CommitRequest request = Request("a", "first", "id");
  request.expected_last_version = 0;
  Commit(request);
  EXPECT_EQ(Commit(request).version, 1);
  EXPECT_EQ(store().Last("a")->last_version, 1);
}

TEST_P(CheckpointStoreConformance, RequestIdsBelongToTheirVm) {
  Commit("a", "a1", "id");
  EXPECT_FALSE(Commit("b", "b1", "id").was_retry());
  EXPECT_FALSE(Commit("a", "a2", "i").was_retry());
  EXPECT_FALSE(Commit("a", "a3", "id2").was_retry());
}

TEST_P(CheckpointStoreConformance, EmptyRequestIdIsNoId) {
  for (const int64_t version : {1, 2}) {
    const absl::StatusOr<CommitResult> result = store().Commit(Request("a", "same", ""));
    ASSERT_TRUE(result.ok() && std::holds_alternative<Committed>(*result)) << result.status();
    EXPECT_EQ(std::get<Committed>(*result).version, version);
    EXPECT_FALSE(std::get<Committed>(*result).was_retry());
  }
}

TEST_P(CheckpointStoreConformance, RequestIdIsForgottenWithItsVersion) {
  Commit("a", "a1", "id");
  Commit("a", "a2", "trimmed");
  ASSERT_TRUE(store().Delete("a", 1, At(1)).ok());
  EXPECT_EQ(Commit("a", "a3", "id").version, 3);
  ASSERT_EQ(store().Trim("a", 2, At(1)).value(), 1);
  EXPECT_EQ(Commit("a", "a4", "trimmed").version, 4);
  EXPECT_EQ(Commit("a", "a5", "id").version, 3);
}

TEST_P(CheckpointStoreConformance, VmInfo) {
  CommitRequest request = Request("a", "a");
  request.now = absl::FromUnixNanos(1500000000000000001);
  const uint64_t incarnation = Commit(request).incarnation;
  request.now = absl::FromUnixNanos(1600000000000000002);
  Commit(request);
  Commit(request);
  VmInfo info = store().Last("a").value();
  EXPECT_EQ(info.vm, "a");
  EXPECT_NE(info.incarnation, 0u);
  EXPECT_EQ(info.incarnation, incarnation);
  EXPECT_EQ(info.last_version, 3);
  EXPECT_EQ(info.latest_kept_version, 3);
  EXPECT_EQ(info.checkpoint_count, 3);
  EXPECT_EQ(absl::ToUnixNanos(info.create_time), 1500000000000000001);
  EXPECT_EQ(absl::ToUnixNanos(info.update_time), 1600000000000000002);

  ASSERT_TRUE(store().Delete("a", 3, At(7)).ok());
  info = store().Last("a").value();
  EXPECT_EQ(info.last_version, 3);
  EXPECT_EQ(info.latest_kept_version, 2);
  EXPECT_EQ(info.checkpoint_count, 2);
  EXPECT_EQ(info.update_time, At(7));
}

TEST_P(CheckpointStoreConformance, DeletedVersionsAreNotUsedAgain) {
  for (const char* record : {"1", "2", "3", "4"}) Commit("a", record);
  ASSERT_TRUE(store().Delete("a", 4, At(1)).ok());
  ASSERT_TRUE(store().Delete("a", 2, At(1)).ok());
  ExpectNotFound(store().Get("a", 2).status(), ErrorReason::kCheckpointNotFound, "vms/a/checkpoints/2");
  ExpectNotFound(store().Delete("a", 2, At(1)), ErrorReason::kCheckpointNotFound, "vms/a/checkpoints/2");
  EXPECT_EQ(Listed("a", 0, 10), "1=1 3=3");
  EXPECT_EQ(Commit("a", "5").version, 5);
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
  EXPECT_EQ(store().Last("a")->checkpoint_count, 0);
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
    for (const VmInfo& info : page.vms) {
      names.push_back(info.vm);
      EXPECT_EQ(info.last_version, 1) << info.vm;
    }
    cursor = page.next_cursor;
    ASSERT_LE(++pages, 3);
  } while (!cursor.empty());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c", "d", "e"}));
}

TEST_P(CheckpointStoreConformance, Trim) {
  for (int i = 1; i <= 5; ++i) Commit("a", absl::StrCat("r", i));
  ASSERT_TRUE(store().Delete("a", 2, At(1)).ok());
  EXPECT_EQ(store().Trim("a", 0, At(2)).value(), 0);
  EXPECT_EQ(store().Last("a")->update_time, At(1));
  EXPECT_EQ(store().Trim("a", 3, At(2)).value(), 2);
  EXPECT_EQ(Listed("a", 0, 10), "4=r4 5=r5");
  EXPECT_EQ(store().Last("a")->checkpoint_count, 2);
  EXPECT_EQ(store().Last("a")->update_time, At(2));
  EXPECT_EQ(store().Trim("a", 100, At(3)).value(), 2);
  EXPECT_EQ(Listed("a", 0, 10), "");
  EXPECT_EQ(store().Last("a")->latest_kept_version, 0);
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
  EXPECT_EQ(store().Last("a")->last_version, 1);
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

TEST_P(CheckpointStoreConformance, StoredRecord) {
  CommitRequest request = Request("a", "a1");
  request.now = absl::FromUnixNanos(1500000000000000001);
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

TEST_P(CheckpointStoreConformance, BaseServesTheVersionsAfterIt) {
  const uint64_t incarnation = CommitWithBase("a", "full", "v1");
  EXPECT_EQ(store().Last("a")->base_version, 1);
  for (int version = 2; version <= CheckpointStore::kMaxVersionsPerBase; ++version) {
    EXPECT_EQ(CommitOn("a", {incarnation, 1}, absl::StrCat("v", version)), version);
  }
  // Not one more.
  EXPECT_EQ(CommitOn("a", {incarnation, 1}, "v33"), 0);
  EXPECT_EQ(store().Last("a")->last_version, 32);
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

TEST_P(CheckpointStoreConformance, TrimTakesBasesThatNobodyNeeds) {
  const uint64_t incarnation = CommitWithBase("a", "full", "v1");
  CommitOn("a", {incarnation, 1}, "v2");
  CommitWithBase("a", "full 3", "v3");
  CommitOn("a", {incarnation, 3}, "v4");
  CommitOn("a", {incarnation, 3}, "v5");
  EXPECT_EQ(store().Trim("a", 4, At(1)).value(), 4);
  EXPECT_FALSE(store().GetBase("a", 1).ok());
  EXPECT_EQ(store().GetBase("a", 3).value(), "full 3");
  EXPECT_EQ(CommitOn("a", {incarnation, 3}, "v6"), 6);
  EXPECT_EQ(store().Trim("a", 6, At(1)).value(), 2);
  EXPECT_FALSE(store().GetBase("a", 3).ok());
  // It is gone for the next one too.
  EXPECT_EQ(CommitOn("a", {incarnation, 3}, "v7"), 0);
  EXPECT_EQ(store().Last("a")->base_version, 0);
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

TEST_P(CheckpointStoreConformance, ProtectedVersions) {
  for (int i = 1; i <= 4; ++i) Commit("a", absl::StrCat("r", i), absl::StrCat("id", i));
  ASSERT_TRUE(store().SetProtected("a", 2, true).ok());
  EXPECT_TRUE(store().Get("a", 2)->is_protected);
  EXPECT_EQ(store().Get("a", 2)->record, "r2");
  const absl::Status refused = store().Delete("a", 2, At(1));
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_EQ(GetErrorInfo(refused)->reason, ErrorReason::kCheckpointProtected);
  EXPECT_EQ(GetErrorInfo(refused)->metadata.at("name"), "vms/a/checkpoints/2");
  EXPECT_EQ(store().Trim("a", 4, At(1)).value(), 3);
  EXPECT_EQ(Listed("a", 0, 10), "2=r2");
  EXPECT_EQ(store().Last("a")->latest_kept_version, 2);
  EXPECT_TRUE(Commit("a", "retry", "id2").was_retry());
  ASSERT_TRUE(store().SetProtected("a", 2, false).ok());
  EXPECT_TRUE(store().Delete("a", 2, At(1)).ok());
  ExpectNotFound(store().SetProtected("a", 2, true), ErrorReason::kCheckpointNotFound, "vms/a/checkpoints/2");
  ExpectNotFound(store().SetProtected("b", 2, true), ErrorReason::kVmNotFound, "vms/b");
}

TEST_P(CheckpointStoreConformance, ProtectedVersionsKeepTheirVm) {
  for (int i = 1; i <= 4; ++i) Commit("a", absl::StrCat("r", i));
  EXPECT_EQ(store().Last("a")->protected_count, 0);
  for (const int64_t version : {2, 2, 3, 4}) ASSERT_TRUE(store().SetProtected("a", version, true).ok());
  ASSERT_TRUE(store().SetProtected("a", 4, false).ok());
  EXPECT_EQ(store().Last("a")->protected_count, 2);
  Reopen();
  EXPECT_EQ(store().ListVms("", 10)->vms[0].protected_count, 2);
  const absl::Status refused = store().DeleteVm("a", ProtectedVersions::kRefuse, At(1));
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_EQ(GetErrorInfo(refused)->reason, ErrorReason::kCheckpointProtected);
  EXPECT_EQ(GetErrorInfo(refused)->metadata.at("name"), "vms/a/checkpoints/2");
  EXPECT_EQ(GetErrorInfo(refused)->metadata.at("protected"), "2");
  EXPECT_EQ(Listed("a", 0, 10), "1=r1 2=r2 3=r3 4=r4");
  EXPECT_EQ(store().Trim("a", 4, At(1)).value(), 2);
  EXPECT_EQ(store().Last("a")->protected_count, 2);
  EXPECT_TRUE(store().DeleteVm("a", ProtectedVersions::kDelete, At(1)).ok());
  ExpectNotFound(store().Last("a").status(), ErrorReason::kVmNotFound, "vms/a");
  Commit("a", "r1");
  ASSERT_TRUE(store().SetProtected("a", 1, true).ok());
  ASSERT_TRUE(store().SetProtected("a", 1, false).ok());
  EXPECT_TRUE(store().DeleteVm("a", ProtectedVersions::kRefuse, At(1)).ok());
}

TEST_P(CheckpointStoreConformance, RawBytesOfWhatIsKept) {
  const auto commit = [&](uint32_t raw_bytes) {
    CommitRequest request = Request("a", "r");
    request.raw_bytes = raw_bytes;
    Commit(request);
  };
  for (const uint32_t raw_bytes : {1u, 20u, 300u, 4000u, 0xffffffffu}) commit(raw_bytes);
  EXPECT_EQ(store().Last("a")->raw_bytes, 4321 + int64_t{0xffffffff});
  EXPECT_EQ(store().Get("a", 3)->raw_bytes, 300u);
  EXPECT_EQ(store().GetLatest("a")->raw_bytes, 0xffffffffu);
  ASSERT_TRUE(store().Delete("a", 5, At(1)).ok());
  EXPECT_EQ(store().Last("a")->raw_bytes, 4321);
  Reopen();
  EXPECT_EQ(store().Trim("a", 1, At(1)).value(), 1);
  EXPECT_EQ(store().Last("a")->raw_bytes, 4320);
  ASSERT_TRUE(store().SetProtected("a", 3, true).ok());
  ASSERT_TRUE(store().SetRetention("a", {1, absl::ZeroDuration(), false}, At(1)).ok());
  commit(50000);
  EXPECT_EQ(Apply("a", At(1)), 0);
  EXPECT_EQ(store().ListVms("", 10)->vms[0].raw_bytes, 50300);
  EXPECT_EQ(store().List("a", 0, 10)->records[0].record->raw_bytes, 300u);
}

TEST_P(CheckpointStoreConformance, KeepLast) {
  Commit("a", "r1");
  const VmInfo info = store().SetRetention("a", {2, absl::ZeroDuration(), false}, At(1)).value();
  EXPECT_EQ(info.retention.keep_last, 2);
  EXPECT_EQ(store().Last("a")->retention.keep_last, 2);
  EXPECT_EQ(store().Last("a")->update_time, At(1));
  for (int i = 2; i <= 5; ++i) Commit("a", absl::StrCat("r", i), absl::StrCat("id", i));
  EXPECT_EQ(Listed("a", 0, 10), "4=r4 5=r5");
  EXPECT_EQ(store().Last("a")->checkpoint_count, 2);
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
    request.now = At(900 + 100 * i);
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
  EXPECT_EQ(store().Last("a")->checkpoint_count, 1);
}

// A version goes only if no rule keeps it.
TEST_P(CheckpointStoreConformance, RulesOfRetentionAdd) {
  for (int i = 1; i <= 6; ++i) {
    CommitRequest request = Request("a", absl::StrCat("r", i));
    request.now = At(1000 * i);
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

// Commits that did not wait for each other, of which each must see those before it.
TEST_P(CheckpointStoreConformance, CommitsInOneWrite) {
  constexpr int kRequests = 60;
  absl::BlockingCounter answered(kRequests);
  std::vector<CommitResult> results(kRequests, CommitConflict{-1});
  for (int i = 0; i < kRequests; ++i) {
    // Each ID twice, at once.
    CommitRequest request = Request("a", absl::StrCat("r", i / 2), absl::StrCat("id", i / 2));
    if (i % 2 == 1) request.record = "retry";
    store().CommitAsync(request, [&, i](absl::StatusOr<CommitResult> result) {
      if (result.ok()) results[i] = *std::move(result);
      answered.DecrementCount();
    });
  }
  answered.Wait();
  std::set<int64_t> versions;
  for (int i = 0; i < kRequests; i += 2) {
    // The first of the two that was answered with a version decides.
    int64_t version = 0;
    for (const CommitResult* result : {&results[i], &results[i + 1]}) {
      ASSERT_FALSE(std::holds_alternative<CommitConflict>(*result)) << i;
      const Committed* committed = std::get_if<Committed>(result);
      if (committed == nullptr) continue;
      if (version != 0) EXPECT_EQ(committed->version, version) << i;
      if (version != 0) EXPECT_TRUE(committed->was_retry()) << i;
      version = committed->version;
    }
    const Committed settled = Commit("a", "settled", absl::StrCat("id", i / 2));
    if (version != 0) EXPECT_EQ(settled.version, version) << i;
    versions.insert(settled.version);
  }
  // Each got its own, without gaps.
  EXPECT_EQ(versions.size(), size_t{kRequests / 2});
  EXPECT_EQ(*versions.rbegin(), kRequests / 2);
  EXPECT_EQ(store().Last("a")->checkpoint_count, kRequests / 2);
}

TEST_P(CheckpointStoreConformance, LayoutsComeWithRecords) {
  EXPECT_EQ(store().GetLayout("hash").status().code(), absl::StatusCode::kDataLoss);
  CommitRequest request = Request("a", "a1");
  request.layouts = {{"hash", std::string("lay\0out", 7)}, {"other", "layout"}};
  Commit(request);
  request.layouts.erase("other");
  Commit(request);
  EXPECT_EQ(store().GetLayout("hash").value(), std::string("lay\0out", 7));
  EXPECT_EQ(store().GetLayout("other").value(), "layout");
  EXPECT_FALSE(store().GetLayout("has").ok());
}

TEST_P(CheckpointStoreConformance, LayoutsOfARefusedCommitAreNotKept) {
  CommitRequest request = Request("a", "a1");
  request.layouts = {{"hash", "layout"}};
  request.expected_last_version = 7;
  EXPECT_EQ(Conflict(request), 0);
  EXPECT_FALSE(store().GetLayout("hash").ok());
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
    EXPECT_EQ(store().Last("a")->last_version, 2);
    EXPECT_EQ(store().Last("a")->incarnation, incarnation);
    EXPECT_TRUE(Commit("a", "retry", "id").was_retry());
    ExpectNotFound(store().Last("b").status(), ErrorReason::kVmNotFound, "vms/b");
    EXPECT_EQ(store().GetLayout("hash").value(), "layout");
  }
  EXPECT_EQ(Commit("a", "a3").version, 3);
}

// Eight threads write to two VMs, each request twice: every request gets one version, and no version is left out.
TEST_P(CheckpointStoreConformance, ConcurrentCommits) {
  constexpr int kThreads = 8;
  constexpr int kCommits = 20;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < kCommits; ++i) {
        const std::string id = absl::StrCat(t, ".", i);
        const Committed first = Commit(t % 2 == 0 ? "even" : "odd", id, id);
        EXPECT_FALSE(first.was_retry()) << id;
        const Committed retry = Commit(t % 2 == 0 ? "even" : "odd", "retry", id);
        EXPECT_EQ(retry.version, first.version) << id;
        EXPECT_EQ(retry.earlier_record->value().record, id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const char* vm : {"even", "odd"}) {
    const RecordPage page = store().List(vm, 0, 1000).value();
    ASSERT_EQ(page.records.size(), size_t{kThreads / 2 * kCommits});
    for (size_t i = 0; i < page.records.size(); ++i) EXPECT_EQ(page.records[i].version, static_cast<int64_t>(i + 1));
    EXPECT_EQ(store().Last(vm)->last_version, kThreads / 2 * kCommits);
    EXPECT_EQ(store().Last(vm)->checkpoint_count, kThreads / 2 * kCommits);
  }
}

// Of many commits that expect the same version exactly one is stored.
TEST_P(CheckpointStoreConformance, ConcurrentExpectations) {
  std::vector<std::thread> threads;
  std::vector<int> stored(8);
  for (size_t t = 0; t < stored.size(); ++t) {
    threads.emplace_back([this, t, &stored] {
      CommitRequest request = Request("a", "r");
      request.expected_last_version = 0;
      const absl::StatusOr<CommitResult> result = store().Commit(request);
      stored[t] = result.ok() && std::holds_alternative<Committed>(*result);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::count(stored.begin(), stored.end(), 1), 1);
  EXPECT_EQ(store().Last("a")->last_version, 1);
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_CHECKPOINT_STORE_CONFORMANCE_H_
