#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "rocksdb/db.h"
#include "tests/storage/rocksdb/rocksdb_under_test.h"

namespace armstate {
namespace {

constexpr RecordKind kKinds[] = {RecordKind::kMachine, RecordKind::kHost, RecordKind::kCpuProfile,
                                 RecordKind::kRestoreReport};

class RecordStoreTest : public testing::TestWithParam<RocksDbUnderTest::Where> {
 protected:
  RecordStore& records() { return under_test_.storage().records(); }

  absl::Status Put(const std::string& name, const std::string& bytes) {
    return records().Put(RecordKind::kMachine, name, bytes);
  }

  // "a=1 b=2", and " +" if there are more.
  std::string Listed(RecordKind kind, const std::string& prefix, const std::string& after, size_t limit) {
    const absl::StatusOr<NamedRecordPage> page = records().List(kind, prefix, after, limit);
    if (!page.ok()) return page.status().ToString();
    std::string text;
    for (const ListedNamedRecord& record : page->records) {
      absl::StrAppend(&text, text.empty() ? "" : " ", record.name, "=",
                      record.bytes.ok() ? *record.bytes : GetErrorInfo(record.bytes.status())->metadata.at("record"));
    }
    return text + (page->more ? " +" : "");
  }
  std::string Listed(const std::string& after, size_t limit) { return Listed(RecordKind::kMachine, "", after, limit); }

  RocksDbUnderTest under_test_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(RocksDb, RecordStoreTest,
                         testing::Values(RocksDbUnderTest::Where::kDisk, RocksDbUnderTest::Where::kMemory));

void ExpectNotFound(const absl::Status& status, ErrorReason reason, const std::string& name) {
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  ASSERT_TRUE(info.has_value()) << status;
  EXPECT_EQ(info->reason, reason);
  EXPECT_EQ(info->metadata.at("name"), name);
}

TEST_P(RecordStoreTest, PutGetDelete) {
  const std::string bytes("\0any\xff", 5);
  for (const RecordKind kind : kKinds) {
    ASSERT_TRUE(records().Put(kind, "m", "first").ok());
    ASSERT_TRUE(records().Put(kind, "m", bytes).ok());
    EXPECT_EQ(records().Get(kind, "m").value(), bytes);
    ASSERT_TRUE(records().Delete(kind, "m").ok());
    EXPECT_TRUE(absl::IsNotFound(records().Get(kind, "m").status()));
  }
}

TEST_P(RecordStoreTest, WhatIsNotThereIsNamed) {
  const struct {
    RecordKind kind;
    ErrorReason reason;
    const char* name;
  } cases[] = {{RecordKind::kMachine, ErrorReason::kMachineNotFound, "machines/m"},
               {RecordKind::kHost, ErrorReason::kHostNotFound, "hosts/m"},
               {RecordKind::kCpuProfile, ErrorReason::kCpuProfileNotFound, "cpuProfiles/m"},
               {RecordKind::kRestoreReport, ErrorReason::kCheckpointNotFound, "restores/m"}};
  for (const auto& c : cases) {
    ExpectNotFound(records().Get(c.kind, "m").status(), c.reason, c.name);
    ExpectNotFound(records().Delete(c.kind, "m"), c.reason, c.name);
  }
}

TEST_P(RecordStoreTest, ChangesOfSeveralKinds) {
  ASSERT_TRUE(records()
                  .Commit({{RecordKind::kHost, "h", "host"},
                           {RecordKind::kCpuProfile, "p1", "one"},
                           {RecordKind::kCpuProfile, "p2", "two"}})
                  .ok());
  ASSERT_TRUE(records()
                  .Commit({{RecordKind::kHost, "h", "changed"},
                           {RecordKind::kCpuProfile, "p1", absl::nullopt},
                           {RecordKind::kCpuProfile, "never there", absl::nullopt}})
                  .ok());
  under_test_.Reopen();
  EXPECT_EQ(Listed(RecordKind::kHost, "", "", 10), "h=changed");
  EXPECT_EQ(Listed(RecordKind::kCpuProfile, "", "", 10), "p2=two");
}

TEST_P(RecordStoreTest, RecordsAreThereAfterReopening) {
  ASSERT_TRUE(Put("a", "1").ok());
  ASSERT_TRUE(Put("b", "2").ok());
  ASSERT_TRUE(records().Delete(RecordKind::kMachine, "a").ok());
  under_test_.Reopen();
  EXPECT_EQ(Listed("", 10), "b=2");
}

TEST_P(RecordStoreTest, ListIsPagedInOrderOfNames) {
  for (const char* name : {"b", "aa", "a", "B", "c"}) ASSERT_TRUE(Put(name, "").ok());
  EXPECT_EQ(Listed("", 2), "B= a= +");
  EXPECT_EQ(Listed("a", 2), "aa= b= +");
  EXPECT_EQ(Listed("b", 2), "c=");
  EXPECT_EQ(Listed("", 5), "B= a= aa= b= c=");
  EXPECT_EQ(Listed("c", 5), "");
  EXPECT_EQ(Listed("", 0), "B= +");
}

TEST_P(RecordStoreTest, NamesWithAPrefix) {
  const auto name = [](const char* vm, int64_t version) { return absl::StrCat(vm, "/", NumberInName(version)); };
  for (const auto& [vm, version] : std::vector<std::pair<const char*, int64_t>>{
           {"web", 10}, {"web", 9}, {"web", INT64_MAX}, {"web-1", 1}, {"we", 1}}) {
    ASSERT_TRUE(records().Put(RecordKind::kRestoreReport, name(vm, version), absl::StrCat(version)).ok());
  }
  EXPECT_EQ(Listed(RecordKind::kRestoreReport, "web/", "", 10),
            "web/0000000000000000009=9 web/0000000000000000010=10 web/9223372036854775807=9223372036854775807");
  EXPECT_EQ(Listed(RecordKind::kRestoreReport, "web/", name("web", 9), 1), "web/0000000000000000010=10 +");
  EXPECT_EQ(Listed(RecordKind::kRestoreReport, "web/", name("web", INT64_MAX), 1), "");
  ASSERT_TRUE(records().DeletePrefix(RecordKind::kRestoreReport, "web/").ok());
  ASSERT_TRUE(records().DeletePrefix(RecordKind::kRestoreReport, "web/").ok());
  under_test_.Reopen();
  EXPECT_EQ(Listed(RecordKind::kRestoreReport, "", "", 10), "we/0000000000000000001=1 web-1/0000000000000000001=1");
  for (const char* prefix : {"", "\xff"}) {
    EXPECT_EQ(records().DeletePrefix(RecordKind::kRestoreReport, prefix).code(), absl::StatusCode::kInternal);
  }
}

TEST_P(RecordStoreTest, PagesOfLargeRecordsAreShorter) {
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(Put(name, std::string(12 << 20, 'm')).ok());
  const NamedRecordPage page = records().List(RecordKind::kMachine, "", "", 10).value();
  EXPECT_EQ(page.records.size(), 2u);
  EXPECT_TRUE(page.more);
}

TEST_P(RecordStoreTest, RecordsAndVmsAreApart) {
  CommitRequest request;
  request.vm = "same";
  request.record = "record";
  ASSERT_TRUE(under_test_.store().Commit(request).ok());
  for (const RecordKind kind : kKinds) EXPECT_EQ(Listed(kind, "", "", 10), "");
  ASSERT_TRUE(Put("same", "machine").ok());
  ASSERT_TRUE(under_test_.store().DeleteVm("same", ProtectedVersions::kRefuse, absl::UnixEpoch()).ok());
  EXPECT_EQ(Listed("", 10), "same=machine");
}

// A value whose checksum is wrong, as it would be after a bit was lost between us and the disk.
TEST_P(RecordStoreTest, DamagedRecordIsNamedAndHidesNoOther) {
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(records().Put(RecordKind::kHost, name, "host").ok());
  under_test_.Close();
  rocksdb::Options options;
  options.env = under_test_.env();
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(options, under_test_.data_dir(), &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, options);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, under_test_.data_dir(), families, &handles, &db).ok());
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    if (handle->GetName() == "hosts") EXPECT_TRUE(db->Put(rocksdb::WriteOptions(), handle, "b", "no value").ok());
    delete handle;
  }
  delete db;
  under_test_.Open();

  EXPECT_EQ(Listed(RecordKind::kHost, "", "", 10), "a=host b=hosts/b c=host");
  const absl::Status status = records().Get(RecordKind::kHost, "b").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_EQ(GetErrorInfo(status)->reason, ErrorReason::kRecordDamaged);
  EXPECT_TRUE(records().Delete(RecordKind::kHost, "b").ok());
  EXPECT_EQ(Listed(RecordKind::kHost, "", "", 10), "a=host c=host");
}

}  // namespace
}  // namespace armstate
