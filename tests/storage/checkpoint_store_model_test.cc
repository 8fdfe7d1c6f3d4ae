// Random calls to RocksDB, and the same to a store that is a few maps: all answers are equal.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/storage/countdown.h"
#include "tests/storage/delete_up_to.h"
#include "tests/storage/memory_checkpoint_store.h"
#include "tests/storage/rocksdb/rocksdb_under_test.h"

namespace armstate {
namespace {

std::string Show(const StoredRecord& stored) {
  return absl::StrCat(stored.version, " on ", stored.base_version, " raw ", stored.raw_bytes, " at ",
                      absl::ToUnixSeconds(stored.time), stored.labelled ? " labelled" : "",
                      stored.is_protected ? " protected" : "", ": ", stored.record);
}

std::string Show(const VmInfo& info) {
  return absl::StrCat(info.vm, " last ", info.last_version, " kept ", info.latest_kept_version, " count ",
                      info.checkpoint_count, " protected ", info.protected_count, " raw ", info.raw_bytes, " base ",
                      info.base_version, " keep ", info.retention.keep_last, ",",
                      absl::FormatDuration(info.retention.keep_for), ",", info.retention.keep_labelled ? "labels" : "",
                      " created ", absl::ToUnixSeconds(info.create_time), " updated ",
                      absl::ToUnixSeconds(info.update_time));
}

std::string Show(const CommitResult& result) {
  if (const auto* committed = std::get_if<Committed>(&result)) {
    return absl::StrCat("committed ", committed->version,
                        committed->was_retry() ? " before: " + Show(committed->earlier_record->value()) : "");
  }
  if (const auto* conflict = std::get_if<CommitConflict>(&result)) return absl::StrCat("last ", conflict->last_version);
  return std::holds_alternative<CommitBaseChanged>(result) ? "base changed" : "unknown";
}

std::string Show(const RecordPage& page) {
  std::string text = page.more ? "more" : "end";
  for (const ListedRecord& record : page.records) absl::StrAppend(&text, "\n", Show(record.record.value()));
  return text;
}

// Without incarnations, which are the store's own.
std::string Show(const EventPage& page) {
  std::string text = absl::StrCat("newest ", page.newest);
  for (const CheckpointEvent& event : page.events) {
    absl::StrAppend(&text, "\n", event.sequence, " kind ", static_cast<int>(event.kind), " ", event.vm, " ",
                    event.version, " at ", absl::ToUnixSeconds(event.time));
  }
  return text;
}

std::string Show(int64_t number) { return absl::StrCat(number); }
std::string Show(const std::string& text) { return text; }

// An answer, or its error's code and name.
template <typename T>
std::string Show(const absl::StatusOr<T>& answer) {
  return answer.ok() ? Show(*answer) : answer.status().ToString();
}

class ModelTest : public testing::TestWithParam<uint32_t> {
 protected:
  // The same call to both.
  template <typename Call>
  void Compare(const char* what, Call call) {
    const std::string expected = call(static_cast<CheckpointStore&>(model_));
    const std::string actual = call(under_test_.store());
    EXPECT_EQ(actual, expected) << what;
  }

  CommitRequest SomeCommit(const std::string& vm) {
    CommitRequest request;
    request.vm = vm;
    request.request_id = Random(4) == 0 ? "" : absl::StrCat("id", Random(40));
    request.record = absl::StrCat("record ", ++commits_);
    request.labelled = Random(4) == 0;
    request.raw_bytes = Random(2) == 0 ? 0 : Random(0xffffffff);
    request.commit_time = now_;
    if (Random(4) == 0) request.expected_last_version = Random(8);
    if (Random(8) == 0) request.new_base = absl::StrCat("base ", commits_);
    return request;
  }

  // Of the present base or another one.
  void AddBase(CommitRequest& request, CheckpointStore& store, uint32_t wrong) {
    const absl::StatusOr<VmInfo> info = store.GetVm(request.vm);
    if (!info.ok() || !request.new_base.empty()) return;
    request.base = BaseRef{info->incarnation, info->base_version + (wrong == 0 ? 1 : 0)};
  }

  void Commit() {
    const CommitRequest common = SomeCommit(Vm());
    const uint32_t base = Random(4), wrong = Random(10);
    Compare("Commit", [&](CheckpointStore& store) {
      CommitRequest request = common;
      if (base != 0) AddBase(request, store, wrong);
      return Show(store.Commit(request));
    });
  }

  // Commits that are on their way together.
  void CommitMany() {
    std::vector<CommitRequest> requests;
    for (uint32_t i = 0; i < 8; ++i) requests.push_back(SomeCommit(Vm()));
    Compare("CommitAsync", [&](CheckpointStore& store) {
      std::vector<std::string> answers(requests.size());
      Countdown answered(static_cast<int>(requests.size()));
      for (size_t i = 0; i < requests.size(); ++i) {
        store.CommitAsync(requests[i], [&answers, &answered, i](absl::StatusOr<CommitResult> result) {
          answers[i] = Show(result);
          answered.DecrementCount();
        });
      }
      answered.Wait();
      std::string text;
      for (const std::string& answer : answers) absl::StrAppend(&text, answer, "\n");
      return text;
    });
  }

  void Remove() {
    const std::string vm = Vm();
    const int64_t version = Random(60);
    const uint32_t what = Random(20);
    Compare("remove", [&](CheckpointStore& store) {
      if (what == 0) return store.DeleteVm(vm, ProtectedVersions::kRefuse, now_).ToString();
      if (what == 1) return store.DeleteVm(vm, ProtectedVersions::kDelete, now_).ToString();
      if (what < 4) return Show(DeleteUpTo(store, vm, version / 2, now_));
      return store.Delete(vm, version, now_).ToString();
    });
  }

  void ChangeRetention() {
    const std::string vm = Vm();
    const Retention retention{Random(3) * 10, absl::Seconds(Random(3) * 100), Random(2) == 0};
    Compare("SetRetention", [&](CheckpointStore& store) { return Show(store.SetRetention(vm, retention, now_)); });
    ApplyRetention(vm);
  }

  // A commit of RocksDB takes away only some of what time or a new rule no longer keep; after this nothing is left to
  // it.
  void ApplyRetention(const std::string& vm) {
    for (CheckpointStore* store : {static_cast<CheckpointStore*>(&model_), &under_test_.store()}) {
      absl::StatusOr<RetentionSweep> sweep = store->ApplyRetention(vm, now_);
      while (sweep.ok() && !sweep->done) sweep = store->ApplyRetention(vm, now_);
    }
  }

  void Protect() {
    const std::string vm = Vm();
    const int64_t version = Random(60);
    const bool is_protected = Random(3) != 0;
    Compare("SetProtected",
            [&](CheckpointStore& store) { return store.SetProtected(vm, version, is_protected).ToString(); });
    ApplyRetention(vm);
  }

  void Read() {
    const std::string vm = Vm();
    const int64_t version = Random(60);
    const size_t limit = Random(6);
    Compare("Get", [&](CheckpointStore& store) { return Show(store.Get(vm, version)); });
    Compare("GetBase", [&](CheckpointStore& store) { return Show(store.GetBase(vm, version)); });
    Compare("GetLatest", [&](CheckpointStore& store) { return Show(store.GetLatest(vm)); });
    const uint64_t after = Random(static_cast<uint32_t>(model_.events().newest) + 3);
    Compare("ReadEvents", [&](CheckpointStore& store) { return Show(store.ReadEvents(after, limit)); });
    Compare("List", [&](CheckpointStore& store) { return Show(store.List(vm, version, limit)); });
  }

  // All that there is, bases too.
  void CompareAll() {
    Compare("all", [&](CheckpointStore& store) {
      std::string text;
      const VmPage vms = store.ListVms("", 100).value();
      for (const ListedVm& listed : vms.vms) {
        const VmInfo& info = listed.info.value();
        absl::StrAppend(&text, Show(info), "\n", Show(store.List(info.vm, 0, 1000)), "\n");
        for (int64_t version = 1; version <= info.last_version; ++version) {
          const absl::StatusOr<std::string> base = store.GetBase(info.vm, version);
          if (base.ok()) absl::StrAppend(&text, "base ", version, ": ", *base, "\n");
        }
      }
      return text;
    });
  }

  uint32_t Random(uint32_t n) { return std::uniform_int_distribution<uint32_t>(0, n - 1)(random_); }
  // Few names, one a beginning of another, so that the calls meet.
  std::string Vm() { return kVms[Random(4)]; }

  const std::vector<std::string> kVms = {"a", "aa", std::string("a\0", 2), "b"};

  std::mt19937 random_{GetParam()};
  RocksDbUnderTest under_test_{RocksDbUnderTest::Where::kMemory, 1000000};
  MemoryCheckpointStore model_;
  absl::Time now_ = absl::FromUnixSeconds(1000);
  int commits_ = 0;
};

TEST_P(ModelTest, RandomCalls) {
  for (int step = 0; step < 2000; ++step) {
    SCOPED_TRACE(absl::StrCat("seed ", GetParam(), ", step ", step));
    now_ += absl::Seconds(Random(10));
    for (const std::string& vm : kVms) ApplyRetention(vm);
    const uint32_t what = Random(100);
    if (what < 45) {
      Commit();
    } else if (what < 50) {
      CommitMany();
    } else if (what < 70) {
      Read();
    } else if (what < 85) {
      Remove();
    } else if (what < 91) {
      Protect();
    } else if (what < 93) {
      ChangeRetention();
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
