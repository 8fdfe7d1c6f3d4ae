// CollectStatistics reports what is stored and what the server has done since it started.
#ifndef ARMSTATE_SERVER_ADMIN_STATISTICS_H_
#define ARMSTATE_SERVER_ADMIN_STATISTICS_H_

#include <functional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "armstate/v1/admin_service.pb.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"

namespace armstate {

// Reads the store's summary of every VM. Errors: see GetStatistics. `cancelled` is polled every 1000 VMs; CANCELLED if
// it returns true.
absl::StatusOr<v1::Statistics> CollectStatistics(CheckpointRepository& checkpoints, const RocksDbStorage& storage,
                                                 absl::Time start_time, const std::function<bool()>& cancelled);

// Returns the non-empty buckets.
v1::Histogram HistogramToProto(const PowerHistogram& histogram);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_ADMIN_STATISTICS_H_
