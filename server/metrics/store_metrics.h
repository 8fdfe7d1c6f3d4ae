// StoreMetrics reports to Prometheus what the store and the process have done, and how much they hold.
#ifndef ARMSTATE_SERVER_METRICS_STORE_METRICS_H_
#define ARMSTATE_SERVER_METRICS_STORE_METRICS_H_

#include <vector>

#include "prometheus/collectable.h"
#include "prometheus/metric_family.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"

namespace armstate {

// Asks for the numbers at each scrape; none of it reads the records of VMs, so that a scrape takes milliseconds with
// any number of them. Thread-safe. The arguments must outlive the object.
class StoreMetrics final : public prometheus::Collectable {
 public:
  StoreMetrics(const CheckpointRepository& checkpoints, const RocksDbStorage& storage)
      : checkpoints_(checkpoints), storage_(storage) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const CheckpointRepository& checkpoints_;
  const RocksDbStorage& storage_;
};

}  // namespace armstate

#endif  // ARMSTATE_SERVER_METRICS_STORE_METRICS_H_
