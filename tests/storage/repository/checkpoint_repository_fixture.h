// `CheckpointRepositoryTest` is a fixture with a repository over RocksDB in memory.
#ifndef ARMSTATE_TESTS_STORAGE_REPOSITORY_CHECKPOINT_REPOSITORY_FIXTURE_H_
#define ARMSTATE_TESTS_STORAGE_REPOSITORY_CHECKPOINT_REPOSITORY_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "storage/repository/checkpoint_repository.h"
#include "tests/storage/rocksdb/rocksdb_under_test.h"

namespace armstate {

inline constexpr uint64_t kFpsr = 0x60200000001000d4;      // 4 bytes
inline constexpr uint64_t kSctlrEl1 = 0x603000000013c080;  // 8 bytes

class CheckpointRepositoryTest : public testing::Test {
 protected:
  static NewCheckpoint Checkpoint(const std::string& request_id, const std::string& digest,
                                  const std::string& metadata) {
    NewCheckpoint checkpoint;
    checkpoint.request_id = request_id;
    checkpoint.request_digest = digest;
    checkpoint.metadata = metadata;
    checkpoint.vcpus.push_back({0, *RegisterList::Create({kFpsr, kSctlrEl1}, "ffffssssssss"), "opaque 0"});
    checkpoint.vcpus.push_back({1, *RegisterList::Create({kFpsr, kSctlrEl1}, "FFFFSSSSSSSS"), ""});
    checkpoint.vcpus.push_back({7, *RegisterList::Create({kSctlrEl1}, "77777777"), "opaque 7"});
    return checkpoint;
  }

  // Forgets what the repository has in memory, and closes the store.
  void Reopen() {
    under_test_.Reopen();
    repository_ = std::make_unique<CheckpointRepository>(under_test_.store(), [this] { return now_; });
  }

  RocksDbUnderTest under_test_{RocksDbUnderTest::Where::kMemory};
  absl::Time now_ = absl::FromUnixSeconds(1000);
  std::unique_ptr<CheckpointRepository> repository_ =
      std::make_unique<CheckpointRepository>(under_test_.store(), [this] { return now_; });
};

// The metadata values of an error, as "key=value key=value"; empty for a wrong code or reason.
inline std::string Metadata(const absl::Status& status, absl::StatusCode code, ErrorReason reason) {
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  if (status.code() != code || !info || info->reason != reason) return absl::StrCat("unexpected: ", status.ToString());
  std::string text;
  for (const auto& [key, value] : info->metadata) absl::StrAppend(&text, text.empty() ? "" : " ", key, "=", value);
  return text;
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_REPOSITORY_CHECKPOINT_REPOSITORY_FIXTURE_H_
