// `RocksDbErrorListener` notices when RocksDB takes no more writes.
#ifndef ARMSTATE_STORAGE_ROCKSDB_ERROR_LISTENER_H_
#define ARMSTATE_STORAGE_ROCKSDB_ERROR_LISTENER_H_

#include <atomic>

#include "rocksdb/listener.h"

namespace armstate {

// After some errors of RocksDB's own threads, as a table that finds no space, it takes no more writes.
class RocksDbErrorListener : public rocksdb::EventListener {
 public:
  // `needs_recovery` must outlive it.
  explicit RocksDbErrorListener(std::atomic<bool>& needs_recovery) : needs_recovery_(needs_recovery) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) override {
    if (error->severity() >= rocksdb::Status::Severity::kHardError) needs_recovery_ = true;
  }
  // The database is reopened instead.
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status error, bool* auto_recovery) override {
    if (error.severity() >= rocksdb::Status::Severity::kHardError) *auto_recovery = false;
  }

 private:
  std::atomic<bool>& needs_recovery_;
};

}  // namespace armstate

#endif  // ARMSTATE_STORAGE_ROCKSDB_ERROR_LISTENER_H_
