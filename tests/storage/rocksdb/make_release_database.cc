// Makes the database of tests/storage/rocksdb/release_database.h as the RocksDB of this system does, and ends as by a
// crash.
#include <cstdio>
#include <cstdlib>

#include "tests/storage/rocksdb/release_database.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_release_database FOLDER\n");
    return 2;
  }
  armstate::StorageOptions options;
  options.kept_events = armstate::kReleaseKeptEvents;
  auto storage = armstate::RocksDbStorage::Open(argv[1], options);
  const absl::Status status = storage.ok() ? armstate::FillReleaseDatabase(**storage) : storage.status();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::_Exit(status.ok() ? 0 : 1);
}
