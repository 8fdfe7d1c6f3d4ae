// A database with something of every kind in it, for another release of RocksDB to open.
#ifndef ARMSTATE_TESTS_STORAGE_ROCKSDB_RELEASE_DATABASE_H_
#define ARMSTATE_TESTS_STORAGE_ROCKSDB_RELEASE_DATABASE_H_

#include <cstdint>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "storage/format/digest.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"

namespace armstate {

// What `web` and `db` have in the end; `gone` was deleted.
inline constexpr int64_t kWebVersions = 12;
inline constexpr int64_t kWebDeleted = 2;
inline constexpr int64_t kWebProtected = 3;
inline constexpr int64_t kDbVersions = 3;
inline constexpr uint64_t kReleaseKeptEvents = 8;

// Two vCPUs of 40 registers, which tell of their VM and version. Every fifth has opaque bytes for a blob file.
inline NewCheckpoint ReleaseCheckpoint(const std::string& vm, int64_t version) {
  NewCheckpoint checkpoint;
  checkpoint.request_id = absl::StrCat("id-", version);
  checkpoint.metadata = absl::StrCat(vm, " ", version);
  checkpoint.request_digest = Sha256(checkpoint.metadata);
  for (int vcpu = 0; vcpu < 2; ++vcpu) {
    std::mt19937 random(static_cast<uint32_t>(vm.size() * 1000 + version * 10 + vcpu));
    std::vector<uint64_t> ids;
    std::string values;
    for (uint64_t i = 0; i < 40; ++i) {
      ids.push_back(0x603000000013c000 + i);
      values.append(8, static_cast<char>(i < 30 ? i : random()));
    }
    std::string opaque(version % 5 == 0 ? 8000 : 10, '\0');
    for (char& byte : opaque) byte = static_cast<char>(random());
    checkpoint.vcpus.push_back({vcpu, *RegisterList::Create(ids, values), opaque});
  }
  return checkpoint;
}

// Into an empty store: in tables and blob files, and what came last only in the log.
inline absl::Status FillReleaseDatabase(RocksDbStorage& storage) {
  CheckpointRepository repository(storage.checkpoints());
  RecordStore& records = storage.records();
  const auto create = [&repository](const std::string& vm, int64_t version) {
    return repository.Create(vm, ReleaseCheckpoint(vm, version), version - 1).status();
  };
  absl::Status status;
  const auto then = [&status](const absl::Status& next) { status.Update(next); };
  for (int64_t version = 1; version <= kWebVersions; ++version) {
    then(create("web", version));
    if (version <= 3) then(create("gone", version));
    if (version == 6) {
      then(repository.SetProtected("web", kWebProtected, true));
      then(repository.Delete("web", kWebDeleted));
      then(records.Put(RecordKind::kHost, "h1", "host bytes"));
      then(records.Put(RecordKind::kMachine, "m1", "machine bytes"));
      then(records.Put(RecordKind::kRestoreReport, "web/1", "report"));
      then(storage.Compact());
      then(repository.DeleteVm("gone", ProtectedVersions::kRefuse));
      then(records.DeletePrefix(RecordKind::kRestoreReport, "web/"));
    }
  }
  for (int64_t version = 1; version <= kDbVersions; ++version) then(create("db", version));
  return status;
}

}  // namespace armstate

#endif  // ARMSTATE_TESTS_STORAGE_ROCKSDB_RELEASE_DATABASE_H_
