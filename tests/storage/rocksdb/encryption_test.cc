#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "gtest/gtest.h"
#include "storage/backup.h"
#include "storage/format/checksummed.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/encrypted_values.h"
#include "storage/rocksdb/storage.h"
#include "storage/rocksdb/values.h"
#include "tests/testing/temp_dir.h"
#include "tests/testing/whole_file.h"

namespace armstate {
namespace {

constexpr uint64_t kSctlrEl1 = 0x603000000013c080;  // 8 bytes
constexpr char kSecret[] = "\x5e\xc2\xe7\xa1\x1d\x0b\xfa\xb5";

StorageOptions With(char key) {
  StorageOptions options;
  options.encryption_key = *WrappingKey::Parse(std::string(32, key));
  return options;
}

absl::StatusOr<std::unique_ptr<RocksDbStorage>> OpenAt(const std::string& path, const StorageOptions& options) {
  return RocksDbStorage::Open(path, options);
}

// Version 1 has a base of its own, the next is a difference to it; noise makes a record so large that RocksDB keeps it
// in a file of its own.
void Create(RocksDbStorage& storage, const std::string& secret, size_t noise = 0) {
  NewCheckpoint checkpoint;
  checkpoint.metadata = "metadata";
  checkpoint.vcpus.push_back({0, *RegisterList::Create({kSctlrEl1}, secret), std::string(noise, 'n') + secret});
  ASSERT_TRUE(CheckpointRepository(storage.checkpoints()).Create("web", std::move(checkpoint), absl::nullopt).ok());
}

std::string SecretOf(RocksDbStorage& storage, int64_t version) {
  const absl::StatusOr<StoredCheckpoint> stored = CheckpointRepository(storage.checkpoints()).Get("web", version);
  return stored.ok() ? std::string(stored->vcpus[0].registers.values()) : stored.status().ToString();
}

int FilesWith(const std::string& folder, const std::string& bytes) {
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().filename() == "RESERVE") continue;  // large, and never written to
    if (entry.is_regular_file() && ReadFile(entry.path().string()).find(bytes) != std::string::npos) ++count;
  }
  return count;
}

class EncryptionTest : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  TempDir folder_;
};

TEST_F(EncryptionTest, NoFileHoldsWhatWasStored) {
  for (const bool encrypted : {false, true}) {
    const std::string data = Path(encrypted ? "encrypted" : "plain"), backup = data + ".backup";
    std::unique_ptr<RocksDbStorage> storage = *OpenAt(data, encrypted ? With('k') : StorageOptions());
    Create(*storage, kSecret);
    Create(*storage, "otherkey", 100000);
    Create(*storage, kSecret, 100000);
    for (const RecordKind kind :
         {RecordKind::kMachine, RecordKind::kHost, RecordKind::kCpuProfile, RecordKind::kRestoreReport}) {
      ASSERT_EQ(storage->records().Commit({{kind, "m", absl::StrCat("machine ", kSecret)}}), absl::OkStatus());
    }
    ASSERT_TRUE(storage->CreateBackup(backup).ok());
    ASSERT_EQ(storage->Compact(), absl::OkStatus());
    EXPECT_EQ(FilesWith(data, kSecret) > 0, !encrypted);
    EXPECT_EQ(FilesWith(backup, kSecret) > 0, !encrypted);
    EXPECT_EQ(SecretOf(*storage, 1), kSecret);
    EXPECT_EQ(SecretOf(*storage, 2), "otherkey");
    EXPECT_EQ(SecretOf(*storage, 3), kSecret);
    EXPECT_EQ(*storage->records().Get(RecordKind::kMachine, "m"), absl::StrCat("machine ", kSecret));
    EXPECT_EQ(*storage->records().List(RecordKind::kHost, "", "", 10)->records[0].bytes,
              absl::StrCat("machine ", kSecret));
    ASSERT_EQ(storage->Close(), absl::OkStatus());
    EXPECT_EQ(FilesWith(data, kSecret) > 0 && encrypted, false);
  }
}

TEST_F(EncryptionTest, OnlyItsKeyOpensADatabase) {
  Create(**OpenAt(Path("data"), With('k')), kSecret);
  const absl::Status none = OpenAt(Path("data"), {}).status();
  EXPECT_EQ(none.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(GetErrorInfo(none)->reason, ErrorReason::kEncryptionKeyWrong);
  EXPECT_NE(none.message().find("is encrypted, and no key was given"), std::string::npos) << none;
  const absl::Status wrong = OpenAt(Path("data"), With('w')).status();
  EXPECT_EQ(wrong.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(GetErrorInfo(wrong)->metadata.at("expected"), With('k').encryption_key->id());
  EXPECT_EQ(GetErrorInfo(wrong)->metadata.at("given"), With('w').encryption_key->id());
  EXPECT_EQ(SecretOf(**OpenAt(Path("data"), With('k')), 1), kSecret);
}

TEST_F(EncryptionTest, KeysAreChangedWhileItIsOpen) {
  {
    std::unique_ptr<RocksDbStorage> storage = *OpenAt(Path("data"), With('k'));
    EXPECT_EQ(storage->data_key(), 1u);
    Create(*storage, "before..");
    ASSERT_TRUE(storage->CreateBackup(Path("backup")).ok());
    EXPECT_EQ(*storage->ChangeKeys(*With('n').encryption_key, RocksDbStorage::NewDataKey::kNo), 1u);
    EXPECT_EQ(*storage->ChangeKeys(*With('n').encryption_key, RocksDbStorage::NewDataKey::kMake), 2u);
    EXPECT_EQ(storage->data_key(), 2u);
    Create(*storage, "after...");
    EXPECT_EQ(SecretOf(*storage, 1), "before..");
  }
  EXPECT_FALSE(OpenAt(Path("data"), With('k')).ok());
  {
    std::unique_ptr<RocksDbStorage> storage = *OpenAt(Path("data"), With('n'));
    EXPECT_EQ(storage->data_key(), 2u);
    EXPECT_EQ(SecretOf(*storage, 1), "before..");
    EXPECT_EQ(SecretOf(*storage, 2), "after...");
  }
  // The backup is of before: its key is the old one.
  ASSERT_EQ(RestoreBackup(Path("backup"), 1, Path("restored")), absl::OkStatus());
  EXPECT_FALSE(OpenAt(Path("restored"), With('n')).ok());
  EXPECT_EQ(SecretOf(**OpenAt(Path("restored"), With('k')), 1), "before..");
}

TEST_F(EncryptionTest, ADatabaseThatWasNotEncryptedIsFromThenOn) {
  {
    std::unique_ptr<RocksDbStorage> storage = *OpenAt(Path("data"), {});
    EXPECT_EQ(storage->data_key(), 0u);
    EXPECT_EQ(storage->ChangeKeys(*With('k').encryption_key, RocksDbStorage::NewDataKey::kNo).status().code(),
              absl::StatusCode::kFailedPrecondition);
    Create(*storage, "before..");
  }
  std::unique_ptr<RocksDbStorage> storage = *OpenAt(Path("data"), With('k'));
  Create(*storage, kSecret);
  EXPECT_EQ(SecretOf(*storage, 1), "before..");
  EXPECT_EQ(SecretOf(*storage, 2), kSecret);
  EXPECT_EQ(FilesWith(Path("data"), kSecret), 0);
  // What is written again is encrypted.
  ASSERT_EQ(storage->checkpoints().SetProtected("web", 1, true), absl::OkStatus());
  EXPECT_EQ(SecretOf(*storage, 1), "before..");
  storage.reset();
  EXPECT_FALSE(OpenAt(Path("data"), {}).ok());
}

// Also where the checksum is right, as after an attack.
TEST_F(EncryptionTest, EachFlippedByteOfAValueIsDataLoss) {
  const std::shared_ptr<const DataKeys> keys = DataKeys::Create();
  const std::string plain = EncodeBytesValue("a base");
  const std::string value = EncryptValue(*keys, ColumnFamily::kBases, "web 1", plain);
  EXPECT_EQ(value.size(), plain.size() + DataKeys::kAddedBytes);
  EXPECT_EQ(*DecryptValue(keys.get(), ColumnFamily::kBases, "web 1", value, "x"), plain);
  const auto is_lost = [&](ColumnFamily family, const char* key, const std::string& bytes) {
    const absl::StatusOr<std::string> decrypted = DecryptValue(keys.get(), family, key, bytes, "x");
    return absl::IsDataLoss(decrypted.ok() ? DecodeBytesValue(*decrypted, "x").status() : decrypted.status());
  };
  for (size_t i = 0; i < value.size(); ++i) {
    for (const int bit : {1, 2, 128}) {
      std::string damaged = value;
      damaged[i] = static_cast<char>(damaged[i] ^ bit);
      EXPECT_TRUE(is_lost(ColumnFamily::kBases, "web 1", damaged)) << i;
      SetCrc(damaged);
      // A value of format 1 has a checksum only: it cannot be told from one that was never encrypted.
      if (i >= kCrcBytes + 1) EXPECT_TRUE(is_lost(ColumnFamily::kBases, "web 1", damaged)) << i;
    }
    EXPECT_TRUE(is_lost(ColumnFamily::kBases, "web 1", value.substr(0, i))) << i;
  }
  EXPECT_TRUE(is_lost(ColumnFamily::kBases, "web 2", value));
  EXPECT_TRUE(is_lost(ColumnFamily::kCheckpoints, "web 1", value));
  EXPECT_TRUE(absl::IsDataLoss(DecryptValue(nullptr, ColumnFamily::kBases, "web 1", value, "x").status()));
}

}  // namespace
}  // namespace armstate
