// What is stored, and what the server did since it started.
#ifndef ARMSTATE_SERVER_ADMIN_STATISTICS_H_
#define ARMSTATE_SERVER_ADMIN_STATISTICS_H_

#include <functional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "armstate/v1/admin_service.pb.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"

namespace armstate {

// Reads what the store has of every VM. Errors: see GetStatistics. CANCELLED if `cancelled` is true, which is asked
// every 1000 VMs.
absl::StatusOr<v1::Statistics> CollectStatistics(CheckpointRepository& checkpoints, const RocksDbStorage& storage,
                                                 absl::Time start_time, const std::function<bool()>& cancelled);

// The buckets that are not empty.
v1::Histogram HistogramToProto(const PowerHistogram& histogram);

}  // namespace armstate

#endif  // ARMSTATE_SERVER_ADMIN_STATISTICS_H_
