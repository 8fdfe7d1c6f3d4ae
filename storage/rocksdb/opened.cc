#include "storage/rocksdb/opened.h"

#include <utility>

namespace armstate {
namespace {

// An iterator that keeps its database open.
class PinnedIterator : public rocksdb::Iterator {
 public:
  PinnedIterator(std::shared_ptr<const void> pin, rocksdb::Iterator* iterator)
      : pin_(std::move(pin)), iterator_(iterator) {}

  bool Valid() const override { return iterator_->Valid(); }
  void SeekToFirst() override { iterator_->SeekToFirst(); }
  void SeekToLast() override { iterator_->SeekToLast(); }
  void Seek(const rocksdb::Slice& target) override { iterator_->Seek(target); }
  void SeekForPrev(const rocksdb::Slice& target) override { iterator_->SeekForPrev(target); }
  void Next() override { iterator_->Next(); }
  void Prev() override { iterator_->Prev(); }
  rocksdb::Slice key() const override { return iterator_->key(); }
  rocksdb::Slice value() const override { return iterator_->value(); }
  rocksdb::Status status() const override { return iterator_->status(); }

 private:
  // In this order: the iterator goes first.
  const std::shared_ptr<const void> pin_;
  const std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace

OpenedRocksDb::OpenedRocksDb(rocksdb::DB* db, std::vector<rocksdb::ColumnFamilyHandle*> handles)
    : db_(db), handles_(std::move(handles)) {}

OpenedRocksDb::~OpenedRocksDb() {
  for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  rocksdb::Status status = db_->Close();
  db_.reset();
  closed_.set_value(std::move(status));
}

std::unique_ptr<rocksdb::Iterator> NewPinnedIterator(std::shared_ptr<OpenedRocksDb> opened, ColumnFamily family,
                                                     const rocksdb::ReadOptions& options) {
  rocksdb::Iterator* const iterator = opened->db().NewIterator(options, opened->handle(family));
  return std::make_unique<PinnedIterator>(std::move(opened), iterator);
}

std::string SeekBehindDamage(rocksdb::Iterator& iterator, const std::string& key) {
  std::string first;
  for (iterator.SeekToLast(); iterator.Valid() && iterator.key().compare(key) >= 0; iterator.Prev()) {
    first = iterator.key().ToString();
  }
  // Where there is nothing, nothing is valid.
  if (!first.empty()) iterator.Seek(first);
  return first;
}

}  // namespace armstate
