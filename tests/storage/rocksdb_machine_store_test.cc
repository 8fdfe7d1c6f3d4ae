#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "tests/storage/rocksdb_under_test.h"

namespace armstate {
namespace {

class MachineStoreTest : public testing::TestWithParam<RocksDbUnderTest::Where> {
 protected:
  MachineStore& machines() { return under_test_.storage().machines(); }

  // "a=1 b=2", and " +" if there are more.
  std::string Listed(const std::string& after, size_t limit) {
    const absl::StatusOr<MachinePage> page = machines().List(after, limit);
    if (!page.ok()) return page.status().ToString();
    std::string text;
    for (const ListedMachine& machine : page->machines) {
      absl::StrAppend(&text, text.empty() ? "" : " ", machine.name, "=",
                      machine.bytes.ok() ? *machine.bytes : "damaged");
    }
    return text + (page->more ? " +" : "");
  }

  RocksDbUnderTest under_test_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(RocksDb, MachineStoreTest,
                         testing::Values(RocksDbUnderTest::Where::kDisk, RocksDbUnderTest::Where::kMemory));

void ExpectNotFound(const absl::Status& status, const std::string& name) {
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  ASSERT_TRUE(info.has_value()) << status;
  EXPECT_EQ(info->reason, ErrorReason::kMachineNotFound);
  EXPECT_EQ(info->metadata.at("name"), name);
}

TEST_P(MachineStoreTest, PutGetDelete) {
  const std::string bytes("\0any\xff", 5);
  ExpectNotFound(machines().Get("m").status(), "machines/m");
  ExpectNotFound(machines().Delete("m"), "machines/m");
  ASSERT_TRUE(machines().Put("m", "first").ok());
  ASSERT_TRUE(machines().Put("m", bytes).ok());
  EXPECT_EQ(machines().Get("m").value(), bytes);
  ASSERT_TRUE(machines().Delete("m").ok());
  ExpectNotFound(machines().Get("m").status(), "machines/m");
}

TEST_P(MachineStoreTest, MachinesAreThereAfterReopening) {
  ASSERT_TRUE(machines().Put("a", "1").ok());
  ASSERT_TRUE(machines().Put("b", "2").ok());
  ASSERT_TRUE(machines().Delete("a").ok());
  under_test_.Reopen();
  EXPECT_EQ(Listed("", 10), "b=2");
}

TEST_P(MachineStoreTest, ListIsPagedInOrderOfNames) {
  for (const char* name : {"b", "aa", "a", "B", "c"}) ASSERT_TRUE(machines().Put(name, "").ok());
  EXPECT_EQ(Listed("", 2), "B= a= +");
  EXPECT_EQ(Listed("a", 2), "aa= b= +");
  EXPECT_EQ(Listed("b", 2), "c=");
  EXPECT_EQ(Listed("", 5), "B= a= aa= b= c=");
  EXPECT_EQ(Listed("c", 5), "");
  EXPECT_EQ(Listed("", 0), "B= +");
}

TEST_P(MachineStoreTest, PagesOfLargeMachinesAreShorter) {
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(machines().Put(name, std::string(12 << 20, 'm')).ok());
  const MachinePage page = machines().List("", 10).value();
  EXPECT_EQ(page.machines.size(), 2u);
  EXPECT_TRUE(page.more);
}

TEST_P(MachineStoreTest, MachinesAndVmsAreApart) {
  CommitRequest request;
  request.vm = "same";
  request.record = "record";
  ASSERT_TRUE(under_test_.store().Commit(request).ok());
  EXPECT_EQ(Listed("", 10), "");
  ASSERT_TRUE(machines().Put("same", "machine").ok());
  ASSERT_TRUE(under_test_.store().DeleteVm("same").ok());
  EXPECT_EQ(Listed("", 10), "same=machine");
}

}  // namespace
}  // namespace armstate
