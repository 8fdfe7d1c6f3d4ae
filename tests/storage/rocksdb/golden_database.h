// The content of the golden database in tests/data/storage, and how it is made.
#ifndef ARMSTATE_TESTS_STORAGE_ROCKSDB_GOLDEN_DATABASE_H_
#define ARMSTATE_TESTS_STORAGE_ROCKSDB_GOLDEN_DATABASE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/format/digest.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"

namespace armstate {

inline constexpr uint64_t kFpsr = 0x60200000001000d4;      // 4 bytes
inline constexpr uint64_t kSctlrEl1 = 0x603000000013c080;  // 8 bytes

inline NewCheckpoint GoldenCheckpoint(const std::string& request_id, const std::string& metadata, char fill) {
  NewCheckpoint checkpoint;
  checkpoint.request_id = request_id;
  checkpoint.request_digest = Sha256(metadata);
  checkpoint.metadata = metadata;
  checkpoint.vcpus.push_back(
      {0, *RegisterList::Create({kFpsr, kSctlrEl1}, std::string(4, fill) + "ssssssss"), "opaque"});
  checkpoint.vcpus.push_back({1, *RegisterList::Create({kFpsr, kSctlrEl1}, std::string(12, fill)), ""});
  return checkpoint;
}

// Fills an empty store. Calls are one second apart, from 1500000000.000000001 s on.
inline absl::Status FillGoldenDatabase(RocksDbStorage& storage) {
  int64_t calls = 0;
  CheckpointRepository repository(
      storage.checkpoints(), [&calls] { return absl::FromUnixNanos(1500000000000000001) + absl::Seconds(calls++); });
  absl::Status status = repository.Create("web", GoldenCheckpoint("id-1", "first", 'a'), 0).status();
  status.Update(repository.Create("web", GoldenCheckpoint("", "second", 'b'), 1).status());
  status.Update(repository.Create("web", GoldenCheckpoint("id-3", "third", 'c'), 2).status());
  status.Update(repository.Create("db", GoldenCheckpoint("id-1", "other", 'd'), 0).status());
  status.Update(repository.Delete("web", 2));
  status.Update(storage.records().Put(RecordKind::kMachine, "m1", "machine bytes"));
  return status;
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_ROCKSDB_GOLDEN_DATABASE_H_
