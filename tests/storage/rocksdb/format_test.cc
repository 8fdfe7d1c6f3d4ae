// Databases that earlier versions of the program wrote (tests/data/storage): they are read, brought to the present
// format, and written on.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rocksdb/env.h"
#include "storage/format/digest.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"

namespace armstate {
namespace {

constexpr uint64_t kFpsr = 0x60200000001000d4;      // 4 bytes
constexpr uint64_t kSctlrEl1 = 0x603000000013c080;  // 8 bytes

// As tests/data/README.md says.
NewCheckpoint Checkpoint(const std::string& request_id, const std::string& metadata, char fill) {
  NewCheckpoint checkpoint;
  checkpoint.request_id = request_id;
  checkpoint.request_digest = Sha256(metadata);
  checkpoint.metadata = metadata;
  checkpoint.vcpus.push_back(
      {0, *RegisterList::Create({kFpsr, kSctlrEl1}, std::string(4, fill) + "ssssssss"), "opaque"});
  checkpoint.vcpus.push_back({1, *RegisterList::Create({kFpsr, kSctlrEl1}, std::string(12, fill)), ""});
  return checkpoint;
}

class GoldenDatabase {
 protected:
  explicit GoldenDatabase(const std::string& folder) {
    const std::string golden = absl::StrCat("tests/data/storage/", folder);
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

class FormatTest : public GoldenDatabase, public testing::TestWithParam<const char*> {
 protected:
  FormatTest() : GoldenDatabase(GetParam()) {}
};

TEST_P(FormatTest, EverythingIsThere) {
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

TEST_P(FormatTest, RetriesAreKnown) {
  Open();
  for (const auto& [vm, id, metadata, version] :
       {std::make_tuple("web", "id-1", "first", 1), {"web", "id-3", "third", 3}, {"db", "id-1", "other", 1}}) {
    const absl::StatusOr<CreatedCheckpoint> retry =
        repository_->Create(vm, Checkpoint(id, metadata, 'x'), absl::nullopt);
    ASSERT_TRUE(retry.ok()) << retry.status();
    EXPECT_TRUE(retry->was_retry) << vm << id;
    EXPECT_EQ(retry->summary.version, version) << vm << id;
    // The digest of the whole request was kept too.
    EXPECT_EQ(repository_->Create(vm, Checkpoint(id, "else", 'x'), absl::nullopt).status().code(),
              absl::StatusCode::kAlreadyExists);
  }
}

TEST_P(FormatTest, IsWrittenOn) {
  Open();
  ASSERT_TRUE(repository_->Create("web", Checkpoint("id-4", "fourth", 'e'), 3).ok());
  ASSERT_TRUE(repository_->Create("web", Checkpoint("", "fifth", 'f'), 4).ok());
  ASSERT_TRUE(repository_->Delete("web", 1).ok());
  EXPECT_FALSE(repository_->Create("web", Checkpoint("id-1", "sixth", 'g'), absl::nullopt)->was_retry);
  Open();
  ExpectCheckpoint("web", 3, "third", 'c');
  ExpectCheckpoint("web", 4, "fourth", 'e');
  ExpectCheckpoint("web", 5, "fifth", 'f');
  ExpectCheckpoint("web", 6, "sixth", 'g');
  ASSERT_TRUE(repository_->SetRetention("web", {0, absl::Hours(1), false}).ok());
  // Those of 2017 are older than an hour, in whichever format their time is.
  EXPECT_EQ(repository_->ApplyRetention("web").value(), 1);
  EXPECT_EQ(repository_->Get("web", 3).status().code(), absl::StatusCode::kNotFound);
  ExpectCheckpoint("web", 4, "fourth", 'e');
}

// Since format 3 there are events; those of older databases begin when they are opened.
TEST_P(FormatTest, EventsAreWrittenOn) {
  Open();
  CheckpointStore& store = storage_->checkpoints();
  const bool has_events = std::string(GetParam()) >= "format3";
  EXPECT_EQ(store.events().newest, has_events ? 5u : 0u);
  ASSERT_TRUE(repository_->Create("web", Checkpoint("id-4", "fourth", 'e'), 3).ok());
  const EventPage page = store.ReadEvents(store.events().newest - 1, 1).value();
  ASSERT_EQ(page.events.size(), 1u);
  EXPECT_EQ(page.events[0].version, 4);
  EXPECT_EQ(page.events[0].incarnation, repository_->GetVm("web")->incarnation);
}

// Two versions of two vCPUs with two registers, 16 bytes each; those of older formats count nothing.
TEST_P(FormatTest, RawBytes) {
  Open();
  const int64_t kept = std::string(GetParam()) >= "format3" ? 128 : 0;
  EXPECT_EQ(repository_->GetVm("web")->raw_bytes, kept);
  ASSERT_TRUE(repository_->Create("web", Checkpoint("id-4", "fourth", 'e'), 3).ok());
  EXPECT_EQ(repository_->GetVm("web")->raw_bytes, kept + 64);
  ASSERT_TRUE(repository_->Delete("web", 1).ok());
  EXPECT_EQ(repository_->GetVm("web")->raw_bytes, kept == 0 ? 64 : 128);
}

INSTANTIATE_TEST_SUITE_P(Golden, FormatTest, testing::Values("format1", "format2", "format3", "format4"));

class EventsFormatTest : public GoldenDatabase, public testing::TestWithParam<const char*> {
 protected:
  EventsFormatTest() : GoldenDatabase(GetParam()) {}
};

TEST_P(EventsFormatTest, EventsAreThere) {
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

INSTANTIATE_TEST_SUITE_P(Golden, EventsFormatTest, testing::Values("format3", "format4"));

class ProtectedFormat2Test : public GoldenDatabase, public testing::Test {
 protected:
  ProtectedFormat2Test() : GoldenDatabase("format2-protected") {}
};

// Format 2 did not count them.
TEST_F(ProtectedFormat2Test, ProtectedVersionsAreCounted) {
  for (int opened = 0; opened < 2; ++opened) {
    Open();
    EXPECT_EQ(repository_->GetVm("web")->protected_count, 2);
    EXPECT_EQ(repository_->GetVm("db")->protected_count, 0);
    ExpectCheckpoint("web", 3, "third", 'c');
    EXPECT_EQ(repository_->DeleteVm("web", ProtectedVersions::kRefuse).code(), absl::StatusCode::kFailedPrecondition);
  }
  ASSERT_TRUE(repository_->SetProtected("web", 1, false).ok());
  EXPECT_EQ(repository_->GetVm("web")->protected_count, 1);
  EXPECT_TRUE(repository_->DeleteVm("db", ProtectedVersions::kRefuse).ok());
  EXPECT_TRUE(repository_->DeleteVm("web", ProtectedVersions::kDelete).ok());
}

}  // namespace
}  // namespace armstate
