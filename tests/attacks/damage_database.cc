// Overwrites values of a database that no armstated has open, as a failing disk might: with bytes that are no such
// value.
//
//   damage_database DATA_DIR FAMILY all|first
//
// FAMILY is a column family (storage/rocksdb/keys.h), as vms or events. Prints how many values it overwrote.
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "rocksdb/db.h"

namespace {

int Fail(const std::string& what) {
  std::fprintf(stderr, "damage_database: %s\n", what.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 || (std::strcmp(argv[3], "all") != 0 && std::strcmp(argv[3], "first") != 0)) {
    std::fprintf(stderr, "usage: damage_database DATA_DIR FAMILY all|first\n");
    return 2;
  }
  const std::string family = argv[2];
  const bool all = std::strcmp(argv[3], "all") == 0;
  const rocksdb::Options options;
  std::vector<std::string> names;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, argv[1], &names);
  if (!status.ok()) return Fail(status.ToString());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, options);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  status = rocksdb::DB::Open(options, argv[1], families, &handles, &opened);
  if (!status.ok()) return Fail(status.ToString());
  const std::unique_ptr<rocksdb::DB> db(opened);
  int overwritten = 0;
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    if (handle->GetName() == family) {
      std::vector<std::string> keys;
      const std::unique_ptr<rocksdb::Iterator> all_keys(db->NewIterator({}, handle));
      for (all_keys->SeekToFirst(); all_keys->Valid() && (all || keys.empty()); all_keys->Next()) {
        keys.push_back(all_keys->key().ToString());
      }
      rocksdb::WriteOptions synced;
      synced.sync = true;
      for (const std::string& key : keys) {
        status = db->Put(synced, handle, key, "no value");
        if (!status.ok()) return Fail(status.ToString());
        ++overwritten;
      }
    }
    db->DestroyColumnFamilyHandle(handle);
  }
  std::printf("%d\n", overwritten);
  return overwritten > 0 ? 0 : Fail(family + " has no value");
}
