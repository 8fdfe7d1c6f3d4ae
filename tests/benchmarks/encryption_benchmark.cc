// What encryption costs: the same durable commits into a database with a key and into one without, in turns.
//
// Example: bazel run //tests/benchmarks:encryption_benchmark -- /var/tmp 20000 5
//          (folder on the disk to be measured, checkpoints for each measurement, rounds)
//
// A push over the network costs several times the CPU of a commit, so what is shown of the latter is the most that can
// be added to a push.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"
#include "tests/benchmarks/commit_load.h"
#include "tests/testing/linux_checkpoints.h"

namespace armstate {
namespace {

constexpr int kInFlight = 64, kGuests = 1000;

struct Figures {
  double seconds = 0, cpu = 0;  // of each commit
  double log_bytes = 0;         // what RocksDB got, of each
  double stored_bytes = 0;      // after compaction, of each
};

Figures Measure(const std::string& folder, const StorageOptions& options, int count, const LinuxGuests& linux) {
  const std::string data_dir = absl::StrCat(folder, "/encryption_benchmark.", absl::ToUnixNanos(absl::Now()));
  Figures figures;
  {
    const auto storage = RocksDbStorage::Open(data_dir, options).value();
    CheckpointRepository repository(storage->checkpoints());
    const uint64_t empty = storage->statistics().stored_bytes;
    const CommitTime took = CommitCheckpoints(repository, Prepare(linux), kInFlight, kGuests, count);
    figures.seconds = took.seconds / count;
    figures.cpu = took.cpu_seconds / count;
    figures.log_bytes = static_cast<double>(storage->statistics().commits.written_bytes) / count;
    if (!storage->Compact().ok()) std::printf("not compacted\n");
    figures.stored_bytes = static_cast<double>(storage->statistics().stored_bytes - empty) / count;
  }
  std::filesystem::remove_all(data_dir);
  return figures;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace
}  // namespace armstate

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "/var/tmp";
  const int count = argc > 2 ? std::atoi(argv[2]) : 20000;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  armstate::StorageOptions with_key;
  with_key.encryption_key = armstate::WrappingKey::Parse(std::string(32, 'k')).value();
  const armstate::LinuxGuests linux;
  std::vector<double> cpu, seconds, log_bytes, stored_bytes;
  std::printf("%12s %14s %14s %14s\n", "", "CPU us each", "us each", "stored bytes");
  for (int round = 0; round < rounds; ++round) {
    const armstate::Figures plain = armstate::Measure(folder, {}, count, linux);
    const armstate::Figures encrypted = armstate::Measure(folder, with_key, count, linux);
    for (const auto& [name, figures] : {std::make_pair("plain", plain), std::make_pair("encrypted", encrypted)}) {
      std::printf("%12s %14.2f %14.2f %14.1f\n", name, 1e6 * figures.cpu, 1e6 * figures.seconds, figures.stored_bytes);
    }
    cpu.push_back(encrypted.cpu / plain.cpu);
    seconds.push_back(encrypted.seconds / plain.seconds);
    log_bytes.push_back(encrypted.log_bytes - plain.log_bytes);
    stored_bytes.push_back(encrypted.stored_bytes - plain.stored_bytes);
  }
  std::printf(
      "encrypted / plain, median of %d rounds: CPU of a commit %.3f, time of a commit %.3f (goal: 1.05 of a push)\n",
      rounds, armstate::Median(cpu), armstate::Median(seconds));
  std::printf("bytes added to a checkpoint: %.1f in the log (goal: 40 a record), %.1f after compression\n",
              armstate::Median(log_bytes), armstate::Median(stored_bytes));
}
