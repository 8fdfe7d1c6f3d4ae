// The size of a fleet's checkpoints on disk, beside 16 bytes for each register: after compaction, keys, indexes,
// layouts, request IDs and metadata included.
//
// Example: bazel run //tests/benchmarks:storage_size
//          bazel run //tests/benchmarks:storage_size -- 1000 100    (guests, checkpoints of each)
//
// The guests are those of tests/testing/linux_checkpoints.h. Each checkpoint has what a client of the service sends: a
// request ID (a random UUID), its digest, the description of the source, a capture time and two labels. "record" is
// what the layers above the store make of it, before RocksDB.
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "storage/format/byte_delta.h"
#include "storage/format/digest.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"
#include "tests/testing/linux_checkpoints.h"
#include "tests/testing/temp_dir.h"

namespace armstate {
namespace {

std::string Uuid(std::mt19937_64& random) {
  const uint64_t a = random(), b = random();
  return absl::StrFormat("%08x-%04x-4%03x-a%03x-%012x", a >> 32, a >> 16 & 0xffff, a & 0xfff, b >> 48 & 0xfff,
                         b & 0xffffffffffff);
}

// About as long as, and built like, the service's protobuf message.
std::string Metadata(uint32_t guest, absl::Time capture_time) {
  const int64_t nanos = absl::ToUnixNanos(capture_time);
  return absl::StrCat("\x22\x0c", absl::string_view(reinterpret_cast<const char*>(&nanos), 8),
                      "\x2a\x4c\x08\x01\x12\x04QEMU\x1a\x06"
                      "7.2.22\x22\x10"
                      "6.1.0-37-generic\x2a\x08virt-7.2\x32\x0a"
                      "cortex-a15\x3a\x07host-",
                      guest % 50,
                      "\x32\x0c\x0a\x04team\x12\x04web\x32\x0d\x0a\x03job\x12\x06hourly\x48\x02\x50\x8a\x03");
}

struct Fleet {
  const char* name;
  uint32_t guests;
  size_t checkpoints;
  bool random_values;
  bool with_request_id;
};

void Measure(const LinuxGuests& linux, const Fleet& fleet) {
  const TempDir directory;
  const auto storage = RocksDbStorage::Open(directory.path() + "/data", {}).value();
  const uint64_t empty = storage->statistics().stored_bytes;
  absl::Time now = absl::FromUnixSeconds(1700000000);
  std::mt19937_64 random(1);
  CheckpointRepository repository(storage->checkpoints(), [&] { return now; });
  int failed = 0;
  for (size_t number = 0; number < fleet.checkpoints; ++number) {
    for (uint32_t guest = 0; guest < fleet.guests; ++guest) {
      now += absl::Nanoseconds(300000000 / fleet.guests + random() % 1000);
      NewCheckpoint checkpoint;
      if (fleet.with_request_id) {
        checkpoint.request_id = Uuid(random);
        checkpoint.request_digest = Sha256(checkpoint.request_id);
      }
      checkpoint.metadata = Metadata(guest, now - absl::Nanoseconds(random() % 5000000));
      checkpoint.labelled = true;
      std::vector<RegisterList> lists = linux.Checkpoint(guest, number);
      for (size_t vcpu = 0; vcpu < lists.size(); ++vcpu) {
        if (fleet.random_values) {
          std::string values(lists[vcpu].values().size(), '\0');
          for (char& byte : values) byte = static_cast<char>(random());
          lists[vcpu] = RegisterList::Create(lists[vcpu].shared_layout(), std::move(values)).value();
        }
        checkpoint.vcpus.push_back({static_cast<int>(vcpu), std::move(lists[vcpu]), ""});
      }
      // The server checks nothing that matters here; a VM name as people give them.
      repository.CreateAsync(absl::StrFormat("web-%05d", guest), std::move(checkpoint), absl::nullopt,
                             [&failed](const absl::StatusOr<CreatedCheckpoint>& created) { failed += !created.ok(); });
    }
    // Answered after all that was pushed before, so that each guest has its answer before its next checkpoint.
    storage->checkpoints().DeleteVm("none", ProtectedVersions::kRefuse, now).IgnoreError();
  }
  if (failed > 0 || !storage->Compact().ok()) {
    std::printf("%s: %d checkpoints failed\n", fleet.name, failed);
    return;
  }
  const RepositoryStatistics made = repository.statistics();
  const uint64_t stored = storage->statistics().stored_bytes - empty;
  const double raw = static_cast<double>(made.raw_bytes);
  std::printf("%-34s %6u %8zu %8ld %9.1f %10.1f %9.1f %8.2f%%\n", fleet.name, fleet.guests, fleet.checkpoints,
              static_cast<long>(made.full_copies), raw / made.checkpoints,
              static_cast<double>(made.stored_bytes) / made.checkpoints, static_cast<double>(stored) / made.checkpoints,
              100 * static_cast<double>(stored) / raw);
}

void PrintHead() {
  std::printf("%-34s %6s %8s %8s %9s %10s %9s %9s\n", "", "guests", "each", "full", "raw B", "record B", "disk B",
              "of raw");
}

// Which earlier version to compare with: values only, mean of the recorded checkpoints and both vCPUs.
void CompareBases(const LinuxGuests& linux) {
  size_t to_first = 0, to_last = 0, count = 0;
  for (size_t number = 1; number < linux.recorded(); ++number) {
    const std::vector<RegisterList> first = linux.Checkpoint(0, 0), last = linux.Checkpoint(0, number - 1),
                                    lists = linux.Checkpoint(0, number);
    for (size_t vcpu = 0; vcpu < lists.size(); ++vcpu, ++count) {
      ByteWriter of_first, of_last;
      AppendDelta(first[vcpu].values(), FindEqualWords(first[vcpu].values()), lists[vcpu].values(), of_first);
      AppendDelta(last[vcpu].values(), FindEqualWords(last[vcpu].values()), lists[vcpu].values(), of_last);
      to_first += std::move(of_first).Release().size();
      to_last += std::move(of_last).Release().size();
    }
  }
  std::printf(
      "values of a vCPU, %zu bytes, as a difference to the first checkpoint: %.1f bytes, to the one before: %.1f\n\n",
      linux.Checkpoint(0, 0)[0].values().size(), static_cast<double>(to_first) / count,
      static_cast<double>(to_last) / count);
}

int Run(int argc, char** argv) {
  const LinuxGuests linux;
  if (argc == 3) {
    PrintHead();
    Measure(linux, {"Linux guests", static_cast<uint32_t>(std::atoi(argv[1])), static_cast<size_t>(std::atoi(argv[2])),
                    false, true});
    return 0;
  }
  CompareBases(linux);
  PrintHead();
  Measure(linux, {"the recording, once", 1, 10, false, true});
  Measure(linux, {"the recording, 100 guests", 100, 10, false, true});
  Measure(linux, {"long series, 100 guests", 100, 200, false, true});
  Measure(linux, {"long series, without request IDs", 100, 200, false, false});
  Measure(linux, {"random values", 100, 10, true, true});
  return 0;
}

}  // namespace
}  // namespace armstate

int main(int argc, char** argv) { return armstate::Run(argc, argv); }
