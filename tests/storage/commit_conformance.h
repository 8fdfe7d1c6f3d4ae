// Conformance tests that every CheckpointStore passes: commits. See tests/storage/checkpoint_store_conformance.h.
#ifndef ARMSTATE_TESTS_STORAGE_COMMIT_CONFORMANCE_H_
#define ARMSTATE_TESTS_STORAGE_COMMIT_CONFORMANCE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/checkpoint_store.h"
#include "tests/storage/conformance_fixture.h"
#include "tests/storage/countdown.h"
#include "tests/storage/delete_up_to.h"

namespace armstate {

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

TEST_P(CheckpointStoreConformance, ExpectedLastVersion) {
  CommitRequest request = Request("a", "a");
  request.expected_last_version = 1;
  EXPECT_EQ(Conflict(request), 0);
  ExpectNotFound(store().GetVm("a").status(), ErrorReason::kVmNotFound, "vms/a");
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
  EXPECT_EQ(store().GetVm("a")->last_version, 1);
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
  ASSERT_EQ(DeleteUpTo(store(), "a", 2, At(1)).value(), 1);
  EXPECT_EQ(Commit("a", "a4", "trimmed").version, 4);
  EXPECT_EQ(Commit("a", "a5", "id").version, 3);
}

// Commits that did not wait for each other, of which each must see those before it.
TEST_P(CheckpointStoreConformance, CommitsInOneWrite) {
  constexpr int kRequests = 60;
  Countdown answered(kRequests);
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
  EXPECT_EQ(store().GetVm("a")->checkpoint_count, kRequests / 2);
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
    EXPECT_EQ(store().GetVm(vm)->last_version, kThreads / 2 * kCommits);
    EXPECT_EQ(store().GetVm(vm)->checkpoint_count, kThreads / 2 * kCommits);
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
  EXPECT_EQ(store().GetVm("a")->last_version, 1);
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_COMMIT_CONFORMANCE_H_
