// Makes the golden database of tests/data/storage in a new folder: tests/storage/rocksdb/golden_database.h has its
// content. Leaves out the files that RocksDB makes again by itself: locks and options.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/storage/rocksdb/golden_database.h"

namespace {

absl::Status MakeDatabase(const std::string& folder) {
  absl::StatusOr<std::unique_ptr<armstate::RocksDbStorage>> storage = armstate::RocksDbStorage::Open(folder, {});
  if (!storage.ok()) return storage.status();
  absl::Status status = armstate::FillGoldenDatabase(**storage);
  status.Update((*storage)->Close());
  return status;
}

bool IsPartOfDatabase(const std::filesystem::path& file) {
  const std::string name = file.filename();
  const std::string extension = file.extension();
  return extension == ".log" || extension == ".sst" || extension == ".blob" || name == "CURRENT" ||
         name == "IDENTITY" || (name.rfind("MANIFEST-", 0) == 0 && extension.empty());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_golden_database FOLDER\n");
    return 2;
  }
  const absl::Status status = MakeDatabase(argv[1]);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  std::vector<std::filesystem::path> others;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    if (!IsPartOfDatabase(entry.path())) others.push_back(entry.path());
  }
  for (const std::filesystem::path& other : others) std::filesystem::remove(other);
  return 0;
}
