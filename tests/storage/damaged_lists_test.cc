// Damage to what is small: VMs, events, machines. It hides nothing but itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/error.h"
#include "rocksdb/db.h"
#include "tests/storage/rocksdb/rocksdb_under_test.h"

namespace armstate {
namespace {

constexpr int kMany = 200;  // more than a block of a table holds

std::string NameOf(int i) { return absl::StrFormat("m%03d", i * 4 % 797); }

void Commit(CheckpointStore& store, const std::string& vm) {
  CommitRequest request;
  request.vm = vm;
  request.record = absl::StrCat("record of ", vm);
  ASSERT_TRUE(store.Commit(request).ok());
}

// The names that are listed page by page, each once.
std::set<std::string> ListedVms(CheckpointStore& store, size_t limit, int* damaged) {
  std::set<std::string> names;
  std::string cursor;
  do {
    const absl::StatusOr<VmPage> page = store.ListVms(cursor, limit);
    if (!page.ok()) {
      ADD_FAILURE() << page.status();
      return names;
    }
    for (const ListedVm& listed : page->vms) {
      EXPECT_TRUE(names.insert(listed.vm).second) << listed.vm;
      if (listed.info.ok()) {
        EXPECT_EQ(listed.info->last_version, 1);
      } else {
        EXPECT_TRUE(absl::IsDataLoss(listed.info.status())) << listed.info.status();
        ++*damaged;
      }
    }
    cursor = page->next_cursor;
  } while (!cursor.empty());
  return names;
}

TEST(DamagedVmTest, IsListedWithTheOthersAndItsCheckpointsAreRead) {
  RocksDbUnderTest under_test(RocksDbUnderTest::Where::kMemory);
  for (const char* vm : {"a", "b", "c"}) Commit(under_test.store(), vm);
  under_test.Close();
  under_test.Put("vms", std::string("b\0\0", 3), "no value");
  under_test.Open();
  CheckpointStore& store = under_test.store();
  const VmPage page = store.ListVms("", 10).value();
  ASSERT_EQ(page.vms.size(), 3u);
  EXPECT_TRUE(page.vms[0].info.ok());
  EXPECT_EQ(page.vms[1].vm, "b");
  ASSERT_TRUE(absl::IsDataLoss(page.vms[1].info.status()));
  EXPECT_EQ(GetErrorInfo(page.vms[1].info.status())->metadata.at("record"), "vms/b");
  EXPECT_TRUE(page.vms[2].info.ok());

  EXPECT_EQ(store.Get("b", 1)->record, "record of b");
  const RecordPage records = store.List("b", 0, 10).value();
  ASSERT_EQ(records.records.size(), 1u);
  EXPECT_EQ(records.records[0].record->record, "record of b");
  EXPECT_EQ(store.DeleteVm("b", ProtectedVersions::kRefuse, absl::UnixEpoch()).code(), absl::StatusCode::kOk);
  EXPECT_EQ(store.ListVms("", 10)->vms.size(), 2u);
}

TEST(DamagedEventTest, OthersAreRead) {
  RocksDbUnderTest under_test(RocksDbUnderTest::Where::kMemory);
  for (const char* vm : {"a", "b", "c", "d"}) Commit(under_test.store(), vm);
  under_test.Close();
  under_test.Put("events", std::string("\0\0\0\0\0\0\0\x03", 8), "no value");
  under_test.Open();
  CheckpointStore& store = under_test.store();
  EXPECT_EQ(store.ReadEvents(0, 100)->events.size(), 2u);
  const absl::Status damaged = store.ReadEvents(2, 100).status();
  ASSERT_TRUE(absl::IsDataLoss(damaged)) << damaged;
  EXPECT_EQ(GetErrorInfo(damaged)->metadata.at("record"), "events/3");
  const EventPage after = store.ReadEvents(3, 100).value();
  ASSERT_EQ(after.events.size(), 1u);
  EXPECT_EQ(after.events[0].vm, "d");
  Commit(store, "e");
  EXPECT_EQ(store.ReadEvents(3, 100)->events.size(), 2u);
}

// All VMs and machines are there, or damaged, wherever a byte of a table is changed: RocksDB loses a whole block then,
// with the names in it, and does not say where it ends.
TEST(DamagedBlockTest, HidesNothingElse) {
  RocksDbUnderTest original(RocksDbUnderTest::Where::kMemory);
  std::set<std::string> all;
  for (int i = 0; i < kMany; ++i) {
    all.insert(NameOf(i));
    Commit(original.store(), NameOf(i));
    ASSERT_TRUE(original.storage().records().Put(RecordKind::kMachine, NameOf(i), std::string(100, 'm')).ok());
  }
  ASSERT_EQ(all.size(), static_cast<size_t>(kMany));
  original.Close();

  int damaged_vms = 0;
  int hidden_machines = 0;
  std::vector<std::string> names;
  ASSERT_TRUE(original.env()->GetChildren(original.data_dir(), &names).ok());
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, ".sst")) continue;
    const std::string path = absl::StrCat(original.data_dir(), "/", name);
    std::string content;
    ASSERT_TRUE(rocksdb::ReadFileToString(original.env(), path, &content).ok());
    for (size_t offset = 0; offset < content.size(); offset += 331) {
      SCOPED_TRACE(absl::StrCat(name, " ", offset));
      std::string changed = content;
      changed[offset] ^= 0x10;
      ASSERT_TRUE(rocksdb::WriteStringToFile(original.env(), changed, path).ok());
      StorageOptions options;
      options.env = original.env();
      const absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage =
          RocksDbStorage::Open(original.data_dir(), options);
      if (!storage.ok()) continue;
      int damaged = 0;
      EXPECT_EQ(ListedVms((*storage)->checkpoints(), 1000, &damaged), all);
      EXPECT_LT(damaged, kMany / 2);
      damaged_vms += damaged;
      EXPECT_EQ(ListedVms((*storage)->checkpoints(), 7, &damaged), all);

      const NamedRecordPage machines = (*storage)->records().List(RecordKind::kMachine, "", "", 1000).value();
      std::set<std::string> listed;
      for (const ListedNamedRecord& machine : machines.records) listed.insert(machine.name);
      EXPECT_EQ(listed.size(), machines.records.size());
      if (machines.unnamed.ok()) EXPECT_EQ(listed, all);
      EXPECT_GT(listed.size(), static_cast<size_t>(kMany / 2));
      hidden_machines += kMany - static_cast<int>(listed.size());
      if (HasFailure()) return;
    }
    ASSERT_TRUE(rocksdb::WriteStringToFile(original.env(), content, path).ok());
  }
  EXPECT_GT(damaged_vms, 0);
  EXPECT_GT(hidden_machines, 0);
  original.Open();
}

}  // namespace
}  // namespace armstate
