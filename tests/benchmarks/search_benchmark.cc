// Searching the latest checkpoints of a fleet by register, beside reading them all; and what the index costs.
//
// Example: bazel run //tests/benchmarks:search_benchmark -- /var/tmp 100000
//          (folder on the disk to be used, VMs)
//
// The guests are those of tests/testing/linux_checkpoints.h, with two vCPUs each. CONTEXTIDR is another one in each,
// and ten have their MMU off. Times are of the median of nine searches on one thread, the answer's first 1000 matches
// made.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/catalog.h"
#include "server/profiles/registry.h"
#include "server/search/index_follower.h"
#include "server/search/register_search.h"
#include "server/search/search_index.h"
#include "server/security/access_control.h"
#include "storage/repository/checkpoint_repository.h"
#include "storage/rocksdb/storage.h"
#include "tests/testing/linux_checkpoints.h"

namespace armstate {
namespace {

const Access kEverybody(AccessControl::Everything(), "");

const StopCheck kGoOn = [] { return absl::OkStatus(); };

double CpuSeconds(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void Put(uint64_t value, absl::string_view name, const RegisterList& list, std::string& values) {
  const size_t index = *list.layout().Find(*ParseRegisterName(name, IdScheme::kTcg));
  for (size_t i = 0; i < list.layout().width(index); ++i) {
    values[list.layout().offset(index) + i] = static_cast<char>(value >> 8 * i);
  }
}

NewCheckpoint Checkpoint(const LinuxGuests& linux, uint32_t guest, size_t number, uint32_t guests) {
  v1::Checkpoint basic;
  basic.mutable_source()->set_accelerator(v1::ACCELERATOR_TCG);
  basic.mutable_source()->set_host(absl::StrCat("host-", guest % 500));
  (*basic.mutable_labels())["team"] = guest % 2 == 0 ? "web" : "db";
  basic.set_vcpu_count(2);
  NewCheckpoint checkpoint;
  checkpoint.metadata = basic.SerializeAsString();
  for (const RegisterList& list : linux.Checkpoint(guest, number)) {
    std::string values(list.values());
    Put(guest, "CONTEXTIDR", list, values);
    if (guest % (guests / 10) == 0) {
      const uint64_t sctlr = LowWord(*list.Find(*ParseRegisterName("SCTLR_S", IdScheme::kTcg)));
      Put(sctlr & ~uint64_t{1}, "SCTLR_S", list, values);
    }
    checkpoint.vcpus.push_back({static_cast<int>(checkpoint.vcpus.size()),
                                RegisterList::Create(list.shared_layout(), std::move(values)).value(), ""});
  }
  return checkpoint;
}

// Seconds of CPU that pushing one checkpoint of each guest takes, the work for the index included.
double Push(const LinuxGuests& linux, CheckpointRepository& repository, CheckpointStore& store, uint32_t begin,
            uint32_t end, size_t number, uint32_t guests, IndexFollower* follower) {
  constexpr uint32_t kBatch = 1000;
  double seconds = 0;
  for (uint32_t first = begin; first < end; first += kBatch) {
    std::vector<NewCheckpoint> made;
    for (uint32_t guest = first; guest < std::min(end, first + kBatch); ++guest) {
      made.push_back(Checkpoint(linux, guest, number, guests));
    }
    const double before = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t i = 0; i < made.size(); ++i) {
      repository.CreateAsync(absl::StrCat("web-", first + i), std::move(made[i]), absl::nullopt,
                             [](const absl::StatusOr<CreatedCheckpoint>& created) {
                               if (!created.ok()) std::printf("%s\n", created.status().ToString().c_str());
                             });
    }
    // Answered after all that was pushed before.
    store.DeleteVm("none", ProtectedVersions::kRefuse, absl::Now()).IgnoreError();
    if (follower != nullptr && !follower->CatchUp(kGoOn).ok()) std::printf("the index is not ready\n");
    seconds += CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - before;
  }
  return seconds;
}

double FullScan(CheckpointRepository& repository, const Filter& filter, uint32_t guests, size_t& matches) {
  const double before = CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
  for (uint32_t guest = 0; guest < guests; ++guest) {
    const std::string vm = absl::StrCat("web-", guest);
    const StoredCheckpoint stored = repository.Get(vm, absl::nullopt).value();
    v1::Checkpoint basic;
    basic.ParseFromString(stored.summary.metadata);
    const IndexedMetadata metadata = IndexedMetadataOf(vm, basic, IdScheme::kTcg);
    matches += std::any_of(stored.vcpus.begin(), stored.vcpus.end(), [&](const VcpuRecord& vcpu) {
      return filter.Matches(metadata, vcpu.vcpu_index, vcpu.registers);
    });
  }
  return CpuSeconds(CLOCK_THREAD_CPUTIME_ID) - before;
}

void Search(RegisterSearch& search, CheckpointRepository& repository, const std::string& text, uint32_t guests) {
  v1::SearchRegistersRequest request;
  request.set_filter(text);
  request.set_page_size(1000);
  std::vector<double> times;
  int64_t found = 0;
  for (int i = 0; i < 9; ++i) {
    const double before = CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
    found = search.Search(request, kGoOn, kEverybody).value().total_count();
    times.push_back(CpuSeconds(CLOCK_THREAD_CPUTIME_ID) - before);
  }
  std::sort(times.begin(), times.end());
  size_t scanned = 0;
  const double scan = FullScan(repository, *Filter::Parse(text), guests, scanned);
  std::printf("%-52s %8ld %10.2f %10.0f %8.0f%s\n", text.c_str(), static_cast<long>(found), times[4] * 1e3, scan * 1e3,
              scan / times[4], static_cast<size_t>(found) == scanned ? "" : "  the scan found others!");
}

// In turn without and with an index that follows.
void MeasurePush(const LinuxGuests& linux, CheckpointRepository& repository, RocksDbStorage& storage,
                 const ProfileRegistry& profiles, uint32_t guests) {
  const uint32_t pushed = std::min(guests, 5000u);
  size_t number = 1;
  double seconds[2] = {};  // without, with
  for (int turn = 0; turn < 8; ++turn) {
    SearchIndex index;
    std::unique_ptr<IndexFollower> follower;
    if (turn % 2 == 1) {
      follower = std::make_unique<IndexFollower>(storage.checkpoints(), repository, profiles, index);
      while (!follower->CatchUp(kGoOn).ok()) absl::SleepFor(absl::Milliseconds(1));
    }
    // Once more before, so that what a push needs of the store is in memory.
    Push(linux, repository, storage.checkpoints(), 0, pushed, number++, guests, follower.get());
    seconds[turn % 2] += Push(linux, repository, storage.checkpoints(), 0, pushed, number++, guests, follower.get());
  }
  const double without = seconds[0] / (4.0 * pushed);
  const double with = seconds[1] / (4.0 * pushed);
  std::printf("\npush: %.1f us of CPU for a checkpoint, %.1f us with the index: +%.0f%%\n", without * 1e6, with * 1e6,
              100 * (with / without - 1));
}

void Run(const std::string& directory, uint32_t guests) {
  const std::string data_dir = absl::StrCat(directory, "/search_benchmark.", absl::ToUnixNanos(absl::Now()));
  {
    const auto storage = RocksDbStorage::Open(data_dir, {}).value();
    CheckpointStore& store = storage->checkpoints();
    CheckpointRepository repository(store);
    const auto profiles = ProfileRegistry::BuiltIn().value();
    const LinuxGuests linux;
    Push(linux, repository, store, 0, guests, 0, guests, nullptr);
    SearchIndex index;
    const absl::Time begin = absl::Now();
    auto follower = std::make_unique<IndexFollower>(store, repository, *profiles, index);
    while (!follower->CatchUp(kGoOn).ok()) absl::SleepFor(absl::Milliseconds(1));
    std::printf("%u VMs of 2 vCPUs; the index is built in %.1f s\n\n", guests,
                absl::ToDoubleSeconds(absl::Now() - begin));

    RegisterSearch search(
        repository, *profiles, index, [](const StopCheck&) { return absl::OkStatus(); }, size_t{1} << 30);
    std::printf("%-52s %8s %10s %10s %8s\n", "filter", "matches", "index ms", "scan ms", "x");
    const std::string one_percent = absl::StrCat("CONTEXTIDR < ", guests / 100);
    for (const std::string& text :
         {std::string("SCTLR_S.M = 0"), absl::StrCat("CONTEXTIDR = ", guests / 2), one_percent,
          absl::StrCat(one_percent, " AND labels.team = web"), std::string("vcpu = 0 AND SCTLR_S.M = 0 AND vm = *0"),
          std::string("SCTLR_S.M = 1")}) {
      Search(search, repository, text, guests);
    }

    follower.reset();
    MeasurePush(linux, repository, *storage, *profiles, guests);
    if (!storage->Compact().ok()) std::printf("compaction failed\n");
    const double stored = static_cast<double>(storage->statistics().stored_bytes);
    const double memory = static_cast<double>(index.memory_bytes());
    std::printf("index: %.1f MB in memory, none on disk; %.0f bytes a vCPU; the store has %.1f MB on disk (x %.2f)\n",
                memory / 1e6, memory / (2.0 * guests), stored / 1e6, memory / stored);
  }
  if (std::system(absl::StrCat("rm -rf '", data_dir, "'").c_str()) != 0) std::printf("%s is left\n", data_dir.c_str());
}

}  // namespace
}  // namespace armstate

int main(int argc, char** argv) {
  armstate::Run(argc > 1 ? argv[1] : "/var/tmp", argc > 2 ? static_cast<uint32_t>(std::atoi(argv[2])) : 100'000);
}
