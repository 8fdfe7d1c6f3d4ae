// A database that an earlier build of the program wrote (tests/data/storage) is read and written on.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rocksdb/env.h"
#include "tests/storage/rocksdb/golden_database.h"

namespace armstate {
namespace {

class FormatTest : public testing::Test {
 protected:
  FormatTest() {
    const std::string golden = "tests/data/storage/format1";
    EXPECT_TRUE(env_->CreateDirIfMissing("/data").ok());
    std::vector<std::string> names;
    EXPECT_TRUE(rocksdb::Env::Default()->GetChildren(golden, &names).ok());
    for (const std::string& name : names) {
      std::string content;
      EXPECT_TRUE(rocksdb::ReadFileToString(rocksdb::Env::Default(), absl::StrCat(golden, "/", name), &content).ok());
      EXPECT_TRUE(rocksdb::WriteStringToFile(env_.get(), content, absl::StrCat("/data/", name)).ok());
    }
  }

  void Open() {
    repository_.reset();
    storage_.reset();
    StorageOptions options;
    options.env = env_.get();
    absl::StatusOr<std::unique_ptr<RocksDbStorage>> storage = RocksDbStorage::Open("/data", options);
    ASSERT_TRUE(storage.ok()) << storage.status();
    storage_ = *std::move(storage);
    repository_ = std::make_unique<CheckpointRepository>(storage_->checkpoints());
  }

  void ExpectCheckpoint(const std::string& vm, int64_t version, const std::string& metadata, char fill) {
    const absl::StatusOr<StoredCheckpoint> stored = repository_->Get(vm, version);
    ASSERT_TRUE(stored.ok()) << stored.status();
    EXPECT_EQ(stored->summary.metadata, metadata);
    ASSERT_EQ(stored->vcpus.size(), 2u);
    EXPECT_EQ(stored->vcpus[0].registers.id(1).raw(), kSctlrEl1);
    EXPECT_EQ(stored->vcpus[0].registers.values(), std::string(4, fill) + "ssssssss");
    EXPECT_EQ(stored->vcpus[0].opaque, "opaque");
    EXPECT_EQ(stored->vcpus[1].registers.values(), std::string(12, fill));
  }

  std::unique_ptr<rocksdb::Env> env_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  std::unique_ptr<RocksDbStorage> storage_;
  std::unique_ptr<CheckpointRepository> repository_;
};

TEST_F(FormatTest, EverythingIsThere) {
  for (int opened = 0; opened < 2; ++opened) {
    Open();
    ExpectCheckpoint("web", 1, "first", 'a');
    EXPECT_EQ(repository_->Get("web", 2).status().code(), absl::StatusCode::kNotFound);
    ExpectCheckpoint("web", 3, "third", 'c');
    ExpectCheckpoint("db", 1, "other", 'd');
    EXPECT_EQ(absl::ToUnixNanos(repository_->Get("web", 3)->summary.create_time), 1500000002000000001);
    EXPECT_EQ(absl::ToUnixNanos(storage_->checkpoints().Get("web", 3)->time), 1500000002000000001);
    const VmInfo web = repository_->GetVm("web").value();
    EXPECT_EQ(web.last_version, 3);
    EXPECT_EQ(web.checkpoint_count, 2);
    EXPECT_EQ(repository_->List("web", 0, 10)->checkpoints.size(), 2u);
    EXPECT_EQ(storage_->records().Get(RecordKind::kMachine, "m1").value(), "machine bytes");
  }
}

TEST_F(FormatTest, RetriesAreKnown) {
  Open();
  for (const auto& [vm, id, metadata, version] :
       {std::make_tuple("web", "id-1", "first", 1), {"web", "id-3", "third", 3}, {"db", "id-1", "other", 1}}) {
    const absl::StatusOr<CreatedCheckpoint> retry =
        repository_->Create(vm, GoldenCheckpoint(id, metadata, 'x'), absl::nullopt);
    ASSERT_TRUE(retry.ok()) << retry.status();
    EXPECT_TRUE(retry->was_retry) << vm << id;
    EXPECT_EQ(retry->summary.version, version) << vm << id;
    // The digest of the whole request was kept too.
    EXPECT_EQ(repository_->Create(vm, GoldenCheckpoint(id, "else", 'x'), absl::nullopt).status().code(),
              absl::StatusCode::kAlreadyExists);
  }
}

TEST_F(FormatTest, IsWrittenOn) {
  Open();
  ASSERT_TRUE(repository_->Create("web", GoldenCheckpoint("id-4", "fourth", 'e'), 3).ok());
  ASSERT_TRUE(repository_->Create("web", GoldenCheckpoint("", "fifth", 'f'), 4).ok());
  ASSERT_TRUE(repository_->Delete("web", 1).ok());
  EXPECT_FALSE(repository_->Create("web", GoldenCheckpoint("id-1", "sixth", 'g'), absl::nullopt)->was_retry);
  Open();
  ExpectCheckpoint("web", 3, "third", 'c');
  ExpectCheckpoint("web", 4, "fourth", 'e');
  ExpectCheckpoint("web", 5, "fifth", 'f');
  ExpectCheckpoint("web", 6, "sixth", 'g');
  ASSERT_TRUE(repository_->SetRetention("web", {0, absl::Hours(1), false}).ok());
  // Those of 2017 are older than an hour.
  EXPECT_EQ(repository_->ApplyRetention("web").value(), 1);
  EXPECT_EQ(repository_->Get("web", 3).status().code(), absl::StatusCode::kNotFound);
  ExpectCheckpoint("web", 4, "fourth", 'e');
}

TEST_F(FormatTest, EventsAreWrittenOn) {
  Open();
  CheckpointStore& store = storage_->checkpoints();
  EXPECT_EQ(store.events().newest, 5u);
  ASSERT_TRUE(repository_->Create("web", GoldenCheckpoint("id-4", "fourth", 'e'), 3).ok());
  const EventPage page = store.ReadEvents(store.events().newest - 1, 1).value();
  ASSERT_EQ(page.events.size(), 1u);
  EXPECT_EQ(page.events[0].version, 4);
  EXPECT_EQ(page.events[0].incarnation, repository_->GetVm("web")->incarnation);
}

// Two versions of two vCPUs with two registers, 16 bytes each.
TEST_F(FormatTest, RawBytes) {
  Open();
  EXPECT_EQ(repository_->GetVm("web")->raw_bytes, 128);
  ASSERT_TRUE(repository_->Create("web", GoldenCheckpoint("id-4", "fourth", 'e'), 3).ok());
  EXPECT_EQ(repository_->GetVm("web")->raw_bytes, 192);
  ASSERT_TRUE(repository_->Delete("web", 1).ok());
  EXPECT_EQ(repository_->GetVm("web")->raw_bytes, 128);
}

TEST_F(FormatTest, EventsAreThere) {
  Open();
  const EventPage page = storage_->checkpoints().ReadEvents(0, 10).value();
  EXPECT_EQ(page.newest, 5u);
  std::string text;
  for (const CheckpointEvent& event : page.events) {
    absl::StrAppend(&text, event.sequence, ": ", static_cast<int>(event.kind), " ", event.vm, " ", event.version, " ",
                    absl::ToUnixNanos(event.time), "\n");
  }
  EXPECT_EQ(text,
            "1: 1 web 1 1500000000000000001\n"
            "2: 1 web 2 1500000001000000001\n"
            "3: 1 web 3 1500000002000000001\n"
            "4: 1 db 1 1500000003000000001\n"
            "5: 2 web 2 1500000004000000001\n");
}

}  // namespace
}  // namespace armstate
