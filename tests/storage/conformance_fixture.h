// Fixtures that the conformance tests of CheckpointStore share.
#ifndef ARMSTATE_TESTS_STORAGE_CONFORMANCE_FIXTURE_H_
#define ARMSTATE_TESTS_STORAGE_CONFORMANCE_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
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
    request.commit_time = At(1000);
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

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_CONFORMANCE_FIXTURE_H_
