#include "server/admin/statistics.h"

#include <cstdint>
#include <limits>
#include <string>

#include "core/error.h"
#include "google/protobuf/util/time_util.h"

namespace armstate {
namespace {

using ::google::protobuf::util::TimeUtil;

constexpr size_t kVmsPerPage = 1000;

}  // namespace

v1::Histogram HistogramToProto(const PowerHistogram& histogram) {
  v1::Histogram message;
  const size_t last = histogram.counts.size() - 1;
  for (size_t i = 0; i <= last; ++i) {
    if (histogram.counts[i] == 0) continue;
    v1::Histogram::Bucket* bucket = message.add_buckets();
    bucket->set_up_to(i == last ? std::numeric_limits<int64_t>::max() : (int64_t{1} << i) - 1);
    bucket->set_count(histogram.counts[i]);
  }
  return message;
}

absl::StatusOr<v1::Statistics> CollectStatistics(CheckpointRepository& checkpoints, const RocksDbStorage& storage,
                                                 absl::Time start_time, const std::function<bool()>& cancelled) {
  v1::Statistics statistics;
  std::string cursor;
  do {
    if (cancelled()) return CallCancelled("cancelled");
    const absl::StatusOr<VmPage> page = checkpoints.ListVms(cursor, kVmsPerPage);
    if (!page.ok()) return page.status();
    for (const ListedVm& listed : page->vms) {
      statistics.set_vm_count(statistics.vm_count() + 1);
      if (!listed.info.ok()) {
        statistics.set_damaged_vm_count(statistics.damaged_vm_count() + 1);
        continue;
      }
      const VmInfo& info = *listed.info;
      statistics.set_checkpoint_count(statistics.checkpoint_count() + info.checkpoint_count);
      statistics.set_protected_checkpoint_count(statistics.protected_checkpoint_count() + info.protected_count);
      statistics.set_raw_bytes(statistics.raw_bytes() + info.raw_bytes);
    }
    cursor = page->next_cursor;
  } while (!cursor.empty());

  const StorageStatistics stored = storage.statistics();
  statistics.set_stored_bytes(static_cast<int64_t>(stored.disk_bytes));
  if (statistics.raw_bytes() > 0) {
    statistics.set_stored_ratio(static_cast<double>(statistics.stored_bytes()) /
                                static_cast<double>(statistics.raw_bytes()));
  }
  *statistics.mutable_start_time() = TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(start_time));
  const RepositoryStatistics created = checkpoints.statistics();
  statistics.set_created_checkpoints(created.checkpoints);
  statistics.set_full_copies(created.full_copies);
  const CommitStatistics& commits = stored.commits;
  statistics.set_commit_operations(commits.operations);
  statistics.set_commit_writes(commits.writes);
  statistics.set_failed_commit_writes(commits.failed_writes);
  statistics.set_commit_bytes(commits.written_bytes);
  *statistics.mutable_commit_time() = TimeUtil::NanosecondsToDuration(absl::ToInt64Nanoseconds(commits.write_time));
  *statistics.mutable_commit_batch_sizes() = HistogramToProto(commits.batch_sizes);
  *statistics.mutable_commit_microseconds() = HistogramToProto(commits.write_microseconds);
  statistics.mutable_rocksdb()->insert(stored.rocksdb.begin(), stored.rocksdb.end());
  return statistics;
}

}  // namespace armstate
