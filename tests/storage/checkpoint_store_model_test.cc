// Random calls, against a model that is a map.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/storage/rocksdb_under_test.h"

namespace armstate {
namespace {

struct ModelVersion {
  std::string record;
  std::string request_id;
};

struct ModelVm {
  int64_t last_version = 0;
  std::map<int64_t, ModelVersion> versions;
};

class ModelTest : public testing::TestWithParam<uint32_t> {
 protected:
  void Commit() {
    CommitRequest request;
    request.vm = Vm();
    request.request_id = Random(4) == 0 ? "" : absl::StrCat("id", Random(30));
    request.record = absl::StrCat("record ", ++commits_, std::string(Random(200), 'x'));
    if (Random(3) == 0) request.expected_last_version = Random(6);
    const absl::StatusOr<CommitResult> result = under_test_.store().Commit(request);
    ASSERT_TRUE(result.ok()) << result.status();

    const auto present = model_.find(request.vm);
    if (present != model_.end() && !request.request_id.empty()) {
      for (const auto& [number, version] : present->second.versions) {
        if (version.request_id != request.request_id) continue;
        const Committed* committed = std::get_if<Committed>(&*result);
        ASSERT_NE(committed, nullptr);
        EXPECT_EQ(committed->version, number);
        ASSERT_TRUE(committed->was_retry());
        EXPECT_EQ(committed->earlier_record->value().record, version.record);
        return;
      }
    }
    const int64_t last_version = present == model_.end() ? 0 : present->second.last_version;
    if (request.expected_last_version && *request.expected_last_version != last_version) {
      const CommitConflict* conflict = std::get_if<CommitConflict>(&*result);
      ASSERT_NE(conflict, nullptr);
      EXPECT_EQ(conflict->last_version, last_version);
      return;
    }
    const Committed* committed = std::get_if<Committed>(&*result);
    ASSERT_NE(committed, nullptr);
    EXPECT_FALSE(committed->was_retry());
    EXPECT_EQ(committed->version, last_version + 1);
    ModelVm& vm = model_[request.vm];
    vm.last_version = last_version + 1;
    vm.versions[vm.last_version] = {request.record, request.request_id};
  }

  void Delete() {
    const std::string vm = Vm();
    const int64_t version = Random(12);
    const absl::Status status = under_test_.store().Delete(vm, version, absl::UnixEpoch());
    const auto present = model_.find(vm);
    const bool removed = present != model_.end() && present->second.versions.erase(version) > 0;
    EXPECT_EQ(status.code(), removed ? absl::StatusCode::kOk : absl::StatusCode::kNotFound) << vm << " " << version;
  }

  void Trim() {
    const std::string vm = Vm();
    const int64_t up_to = Random(8);
    const absl::StatusOr<int64_t> trimmed = under_test_.store().Trim(vm, up_to, absl::UnixEpoch());
    const auto present = model_.find(vm);
    if (present == model_.end()) {
      EXPECT_EQ(trimmed.status().code(), absl::StatusCode::kNotFound);
      return;
    }
    auto& versions = present->second.versions;
    const auto end = versions.upper_bound(up_to);
    ASSERT_TRUE(trimmed.ok()) << trimmed.status();
    EXPECT_EQ(*trimmed, std::distance(versions.begin(), end));
    versions.erase(versions.begin(), end);
  }

  void DeleteVm() {
    const std::string vm = Vm();
    const absl::Status status = under_test_.store().DeleteVm(vm);
    EXPECT_EQ(status.code(), model_.erase(vm) > 0 ? absl::StatusCode::kOk : absl::StatusCode::kNotFound);
  }

  void Get() {
    const std::string vm = Vm();
    const int64_t version = Random(12);
    const absl::StatusOr<StoredRecord> record = under_test_.store().Get(vm, version);
    const auto present = model_.find(vm);
    if (present == model_.end() || present->second.versions.count(version) == 0) {
      EXPECT_EQ(record.status().code(), absl::StatusCode::kNotFound);
    } else {
      ASSERT_TRUE(record.ok()) << record.status();
      EXPECT_EQ(record->record, present->second.versions.at(version).record);
    }
  }

  // All that there is, in pages of a random size.
  void CompareAll() {
    std::vector<std::string> names;
    std::string cursor;
    do {
      const absl::StatusOr<VmPage> page = under_test_.store().ListVms(cursor, 1 + Random(4));
      ASSERT_TRUE(page.ok()) << page.status();
      for (const VmInfo& info : page->vms) {
        names.push_back(info.vm);
        ASSERT_EQ(model_.count(info.vm), 1u) << info.vm;
        const ModelVm& vm = model_.at(info.vm);
        EXPECT_EQ(info.last_version, vm.last_version);
        EXPECT_EQ(info.checkpoint_count, static_cast<int64_t>(vm.versions.size()));
        EXPECT_EQ(info.latest_kept_version, vm.versions.empty() ? 0 : vm.versions.rbegin()->first);
        CompareVersions(info.vm, vm);
      }
      cursor = page->next_cursor;
    } while (!cursor.empty());
    ASSERT_EQ(names.size(), model_.size());
  }

  void CompareVersions(const std::string& name, const ModelVm& vm) {
    std::map<int64_t, std::string> listed;
    int64_t after = 0;
    bool more = true;
    while (more) {
      const absl::StatusOr<RecordPage> page = under_test_.store().List(name, after, 1 + Random(5));
      ASSERT_TRUE(page.ok()) << page.status();
      for (const ListedRecord& record : page->records) {
        EXPECT_GT(record.version, after);
        after = record.version;
        listed[record.version] = record.record.value().record;
      }
      more = page->more;
    }
    ASSERT_EQ(listed.size(), vm.versions.size());
    for (const auto& [number, version] : vm.versions) EXPECT_EQ(listed[number], version.record);
    const absl::StatusOr<StoredRecord> latest = under_test_.store().GetLatest(name);
    if (vm.versions.empty()) {
      EXPECT_EQ(latest.status().code(), absl::StatusCode::kNotFound);
    } else {
      EXPECT_EQ(latest->record, vm.versions.rbegin()->second.record);
    }
  }

  uint32_t Random(uint32_t n) { return std::uniform_int_distribution<uint32_t>(0, n - 1)(random_); }
  // Few names, one a beginning of another, so that the calls meet.
  std::string Vm() { return std::vector<std::string>{"a", "aa", std::string("a\0", 2), "b"}[Random(4)]; }

  std::mt19937 random_{GetParam()};
  RocksDbUnderTest under_test_{RocksDbUnderTest::Where::kMemory};
  std::map<std::string, ModelVm> model_;
  int commits_ = 0;
};

TEST_P(ModelTest, RandomCalls) {
  for (int step = 0; step < 2000; ++step) {
    SCOPED_TRACE(absl::StrCat("seed ", GetParam(), ", step ", step));
    const uint32_t what = Random(100);
    if (what < 50) {
      Commit();
    } else if (what < 70) {
      Get();
    } else if (what < 85) {
      Delete();
    } else if (what < 90) {
      Trim();
    } else if (what < 92) {
      DeleteVm();
    } else if (what < 99) {
      CompareAll();
    } else {
      under_test_.Reopen();
    }
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ModelTest, testing::Range(1u, 9u));

}  // namespace
}  // namespace armstate
