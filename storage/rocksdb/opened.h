// `OpenedRocksDb` owns an open RocksDB and its handles.
#ifndef ARMSTATE_STORAGE_ROCKSDB_OPENED_H_
#define ARMSTATE_STORAGE_ROCKSDB_OPENED_H_

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "rocksdb/db.h"
#include "storage/rocksdb/column_family.h"

namespace armstate {

// Shared by its users; the last of them closes it.
class OpenedRocksDb {
 public:
  OpenedRocksDb(rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> handles);
  OpenedRocksDb(const OpenedRocksDb&) = delete;
  OpenedRocksDb& operator=(const OpenedRocksDb&) = delete;
  ~OpenedRocksDb();

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* handle(ColumnFamily family) const { return handles_[static_cast<size_t>(family)]; }
  const std::vector<rocksdb::ColumnFamilyHandle*>& handles() const { return handles_; }
  // Set when it is closed.
  std::shared_future<rocksdb::Status> closed() const { return closed_future_; }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  const std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::promise<rocksdb::Status> closed_;
  const std::shared_future<rocksdb::Status> closed_future_ = closed_.get_future().share();
};

// Keeps its database open.
std::unique_ptr<rocksdb::Iterator> NewPinnedIterator(std::shared_ptr<OpenedRocksDb> opened, ColumnFamily family,
                                                     const rocksdb::ReadOptions& options);

// Moves an iterator that has met a damaged block, at or behind `key`, to the first key behind that block, and returns
// the key. If nothing can be read behind it, "" and it is not valid. Walks over all that follows, backwards.
std::string SeekBehindDamage(rocksdb::Iterator& iterator, const std::string& key);

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_OPENED_H_
