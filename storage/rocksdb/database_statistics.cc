// The part of RocksDbDatabase that counts.
#include <cmath>
#include <utility>
#include <vector>

#include "storage/rocksdb/database.h"

namespace armstate {

uint64_t RocksDbDatabase::StoredBytes() const {
  const Pin opened = PinOpen();
  if (opened == nullptr) return 0;
  uint64_t total = 0;
  for (rocksdb::ColumnFamilyHandle* handle : opened->handles()) {
    for (const std::string& property :
         {rocksdb::DB::Properties::kTotalSstFilesSize, rocksdb::DB::Properties::kTotalBlobFileSize}) {
      uint64_t bytes = 0;
      if (opened->db().GetIntProperty(handle, property, &bytes)) total += bytes;
    }
  }
  return total;
}

uint64_t RocksDbDatabase::DiskBytes() const {
  std::vector<rocksdb::Env::FileAttributes> files;
  env_.GetChildrenFileAttributes(data_dir_, &files).PermitUncheckedError();
  uint64_t total = 0;
  for (const rocksdb::Env::FileAttributes& file : files) total += file.name == kReserveName ? 0 : file.size_bytes;
  return total;
}

std::map<std::string, int64_t> RocksDbDatabase::Counters() const {
  std::map<std::string, int64_t> counters;
  const auto add = [&counters](std::string name, double value) {
    const auto rounded = static_cast<int64_t>(std::llround(value));
    if (rounded != 0) counters.emplace(std::move(name), rounded);
  };
  for (const auto& [ticker, name] : rocksdb::TickersNameMap) {
    add(name, static_cast<double>(counters_->getTickerCount(ticker)));
  }
  for (const auto& [histogram, name] : rocksdb::HistogramsNameMap) {
    rocksdb::HistogramData data;
    counters_->histogramData(histogram, &data);
    if (data.count == 0) continue;
    add(name + ".count", static_cast<double>(data.count));
    add(name + ".sum", static_cast<double>(data.sum));
    add(name + ".p50", data.median);
    add(name + ".p99", data.percentile99);
    add(name + ".max", data.max);
  }
  return counters;
}

}  // namespace armstate
