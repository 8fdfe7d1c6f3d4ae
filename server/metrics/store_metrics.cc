#include "server/metrics/store_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "prometheus/client_metric.h"
#include "server/rpc/resident_bytes.h"

namespace armstate {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

class Families {
 public:
  void AddCounter(const std::string& name, const std::string& help, double value) {
    ClientMetric& metric = Add(name, help, MetricType::Counter);
    metric.counter.value = value;
  }
  void AddGauge(const std::string& name, const std::string& help, double value) {
    ClientMetric& metric = Add(name, help, MetricType::Gauge);
    metric.gauge.value = value;
  }
  // Bucket i of a PowerHistogram has the values below 2^i. `unit` is what one of its units is in the metric's.
  void AddHistogram(const std::string& name, const std::string& help, const PowerHistogram& histogram, double unit,
                    double sum) {
    ClientMetric& metric = Add(name, help, MetricType::Histogram);
    uint64_t count = 0;
    for (size_t i = 0; i < histogram.counts.size(); ++i) {
      count += static_cast<uint64_t>(histogram.counts[i]);
      const bool is_last = i + 1 == histogram.counts.size();
      const double bound =
          is_last ? std::numeric_limits<double>::infinity() : (std::ldexp(1.0, static_cast<int>(i)) - 1) * unit;
      metric.histogram.bucket.push_back({count, bound});
    }
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum = sum;
  }
  // One metric for all of RocksDB's counters, by their names.
  void AddRocksDb(const std::map<std::string, int64_t>& counters) {
    MetricFamily family = {
        "armstate_rocksdb_events_total", "RocksDB's counters, by their names there.", MetricType::Counter, {}};
    for (const auto& [name, value] : counters) {
      // Those of its histograms: see armstate stats.
      if (absl::StrContains(name, ".p50") || absl::StrContains(name, ".p99") || absl::EndsWith(name, ".max")) continue;
      ClientMetric metric;
      metric.label.push_back({"event", name});
      metric.counter.value = static_cast<double>(value);
      family.metric.push_back(std::move(metric));
    }
    families_.push_back(std::move(family));
  }
  std::vector<MetricFamily> Take() { return std::move(families_); }

 private:
  ClientMetric& Add(const std::string& name, const std::string& help, MetricType type) {
    families_.push_back({name, help, type, {ClientMetric()}});
    return families_.back().metric.back();
  }

  std::vector<MetricFamily> families_;
};

// By the names of Prometheus' own client libraries.
void AddProcess(Families& families) {
  families.AddGauge("process_resident_memory_bytes", "The resident memory.", static_cast<double>(ResidentBytes()));
  rusage usage = {};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    const double seconds = absl::ToDoubleSeconds(absl::DurationFromTimeval(usage.ru_utime)) +
                           absl::ToDoubleSeconds(absl::DurationFromTimeval(usage.ru_stime));
    families.AddCounter("process_cpu_seconds_total", "The processor time of all threads.", seconds);
  }
  if (DIR* const folder = opendir("/proc/self/fd"); folder != nullptr) {
    int descriptors = -3;  // ".", ".." and the folder itself
    while (readdir(folder) != nullptr) ++descriptors;
    closedir(folder);
    families.AddGauge("process_open_fds", "The number of open file descriptors.", descriptors);
  }
}

}  // namespace

std::vector<MetricFamily> StoreMetrics::Collect() const {
  Families families;
  const RepositoryStatistics created = checkpoints_.statistics();
  families.AddCounter("armstate_checkpoints_created_total", "Checkpoints that were acknowledged.",
                      static_cast<double>(created.checkpoints));
  families.AddCounter("armstate_full_copies_total", "Those of them that are stored in full, not as a difference.",
                      static_cast<double>(created.full_copies));
  const StorageStatistics stored = storage_.statistics();
  const CommitStatistics& commits = stored.commits;
  families.AddCounter("armstate_commit_operations_total", "Pushes, changes and deletions that were written.",
                      static_cast<double>(commits.operations));
  families.AddCounter("armstate_commit_failures_total", "Writes to the disk that failed.",
                      static_cast<double>(commits.failed_writes));
  families.AddCounter("armstate_commit_bytes_total", "What RocksDB was given to write, uncompressed.",
                      static_cast<double>(commits.written_bytes));
  families.AddHistogram("armstate_commit_batch_size", "Operations in one write to the disk.", commits.batch_sizes, 1,
                        static_cast<double>(commits.operations));
  families.AddHistogram("armstate_commit_duration_seconds", "The time of a write and its sync.",
                        commits.write_microseconds, 1e-6, absl::ToDoubleSeconds(commits.write_time));
  families.AddGauge("armstate_data_bytes", "The size of all files in data_dir.",
                    static_cast<double>(stored.disk_bytes));
  families.AddGauge("armstate_writable", "1 if checkpoints can be stored, 0 otherwise.",
                    storage_.CheckWritable().ok() ? 1 : 0);
  families.AddRocksDb(stored.rocksdb);
  AddProcess(families);
  return families.Take();
}

}  // namespace armstate
