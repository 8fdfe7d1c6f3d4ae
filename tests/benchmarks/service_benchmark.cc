// The speed of the service, beside a gRPC server that stores nothing, all in one run. scripts/bench runs it.
//
// Each server is a process of its own, and each client has a connection of its own over the loopback interface. What
// is compared is measured in turns, several times, and the ratio is the median of the turns': a shared machine is not
// equally fast at all times.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/types/optional.h"
#include "client/checkpoint_stream.h"
#include "client/connection.h"
#include "nlohmann/json.hpp"
#include "tests/benchmarks/bench_report.h"
#include "tests/benchmarks/guest_requests.h"
#include "tests/benchmarks/load.h"
#include "tests/testing/armstated_process.h"

namespace armstate {
namespace {

struct Options {
  std::string directory = "/var/tmp";
  double seconds = 1;
  int rounds = 7;
  int64_t stored = 1000000;
  int clients = 64;
  std::string engine_json;
  std::string record;
  std::string new_record;
  std::string output = "text";
};

constexpr int kStreams = 2;
// VMs that are pushed to: a few of each client's.
constexpr uint32_t kGuests = 1024;
// VMs of a store with many checkpoints.
constexpr int64_t kFleet = 10000;

// One server under load. Its files go with it.
class Subject {
 public:
  Subject(std::string name, std::unique_ptr<ArmstatedProcess> process, std::string files, const GuestRequests& requests,
          const Options& options)
      : name_(std::move(name)),
        process_(std::move(process)),
        files_(std::move(files)),
        requests_(requests),
        options_(options),
        numbers_(kGuests) {}

  ~Subject() {
    process_->Stop(SIGTERM);
    std::filesystem::remove_all(files_);
  }

  const std::string& name() const { return name_; }
  pid_t pid() const { return process_->pid(); }

  // Client i pushes to guests i, i + clients ... in turn.
  LoadResult Create(int clients) { return Push(clients, LoadCreate); }
  LoadResult Stream(int streams) { return Push(streams, LoadStream); }

  // Stores so many versions of each of the first `guests` guests.
  absl::Status Fill(uint32_t guests, uint32_t versions) {
    absl::Status failed;
    ConnectionOptions connection;
    connection.target = process_->address();
    CheckpointStream stream(Connection(connection), [&failed](int64_t, const absl::StatusOr<v1::Checkpoint>& stored) {
      if (!stored.ok()) failed = stored.status();
    });
    for (uint32_t version = 0; version < versions; ++version) {
      for (uint32_t guest = 0; guest < guests; ++guest) {
        if (const auto pushed = stream.Push(requests_.Make(guest, version)); !pushed.ok()) return pushed.status();
      }
    }
    for (uint32_t guest = 0; guest < std::min(guests, kGuests); ++guest) numbers_[guest] = versions;
    if (absl::Status status = stream.Finish(); !status.ok()) return status;
    return failed;
  }

  // Of any version of any of `guests` guests that have so many each.
  LoadResult Get(int clients, uint32_t guests, uint32_t versions) {
    std::vector<std::mt19937> random;
    for (int i = 0; i < clients; ++i) random.emplace_back(i + clients * turn_);
    ++turn_;
    return LoadGet(LoadOf(clients), [&](int client) {
      return absl::StrCat(GuestName(random[client]() % guests), "/checkpoints/", 1 + random[client]() % versions);
    });
  }

 private:
  template <typename Load>
  LoadResult Push(int clients, Load load) {
    std::vector<uint32_t> turns(clients);
    return load(LoadOf(clients), [&](int client) {
      const uint32_t guest = (turns[client]++ * clients + client) % kGuests;
      v1::CreateCheckpointRequest request = requests_.Make(guest, numbers_[guest]++);
      request.set_request_id(absl::StrCat(name_, "-", guest, "-", numbers_[guest]));
      return request;
    });
  }

  LoadOptions LoadOf(int clients) const {
    LoadOptions load;
    load.address = process_->address();
    load.server = process_->pid();
    load.clients = clients;
    load.duration = absl::Seconds(options_.seconds);
    return load;
  }

  const std::string name_;
  const std::unique_ptr<ArmstatedProcess> process_;
  const std::string files_;
  const GuestRequests& requests_;
  const Options& options_;
  std::vector<uint32_t> numbers_;
  uint32_t turn_ = 0;
};

std::string NewFolder(const Options& options) {
  return absl::StrCat(options.directory, "/armstate-bench.", absl::ToUnixNanos(absl::Now()));
}

// The ratios of the engine, from what engine_benchmark printed: how many times a copy of the values each takes.
void AddEngineRatios(const std::string& file, Report& report) {
  std::ifstream stream(file);
  const nlohmann::json json = nlohmann::json::parse(stream, nullptr, /*allow_exceptions=*/false);
  std::map<std::string, nlohmann::json> runs;
  if (json.is_object() && json.contains("benchmarks")) {
    for (const nlohmann::json& run : json["benchmarks"]) runs[run.value("name", "")] = run;
  }
  const auto times = [&](const std::string& run, const char* copy) {
    return runs[run].is_object() ? runs[run].value(copy, 0.0) : 0.0;
  };
  if (times("BM_Capture", "x_new_copy") <= 0 || times("BM_Restore", "x_memcpy") <= 0) {
    std::cerr << file << " has no figures of the engine\n";
    return;
  }
  report.AddRatio("engine: capture / a copy of the values into new memory", times("BM_Capture", "x_new_copy"),
                  Report::Better::kAtMost, 2);
  report.AddRatio("engine: capture / memcpy", times("BM_Capture", "x_memcpy"), Report::Better::kAtMost);
  report.AddRatio("engine: restore with read-back / memcpy", times("BM_Restore", "x_memcpy"), Report::Better::kAtMost,
                  10);
}

// Appends as many bytes as the empty server does for a call, and syncs each time, as fast as the disk can.
LoadResult SyncAlone(const Options& options) {
  const std::string path = NewFolder(options);
  const int file = open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  unlink(path.c_str());
  LoadOptions load;
  load.server = getpid();
  load.warm_up = absl::ZeroDuration();
  load.duration = absl::Seconds(options.seconds);
  LoadMeter meter(load);
  const std::string bytes(300, 'x');
  absl::Time begin;
  do {
    begin = absl::Now();
  } while (write(file, bytes.data(), bytes.size()) > 0 && fdatasync(file) == 0 && meter.End(begin, ""));
  close(file);
  return meter.Result();
}

absl::StatusOr<std::unique_ptr<Subject>> StartStoring(const std::string& name, const GuestRequests& requests,
                                                      const Options& options) {
  const std::string data_dir = NewFolder(options);
  auto process = ArmstatedProcess::Start(data_dir);
  if (!process.ok()) return process.status();
  return std::make_unique<Subject>(name, *std::move(process), data_dir, requests, options);
}

absl::StatusOr<std::unique_ptr<Subject>> StartEmpty(const std::string& name, const std::vector<std::string>& flags,
                                                    const std::string& file, const GuestRequests& requests,
                                                    const Options& options) {
  std::vector<std::string> command = {"tests/benchmarks/empty_server"};
  command.insert(command.end(), flags.begin(), flags.end());
  auto process = ArmstatedProcess::StartCommand(command);
  if (!process.ok()) return process.status();
  return std::make_unique<Subject>(name, *std::move(process), file, requests, options);
}

absl::Status MeasureBesideEmpty(const GuestRequests& requests, const Options& options, Report& report) {
  const auto empty = StartEmpty("empty", {}, NewFolder(options), requests, options);
  if (!empty.ok()) return empty.status();
  const std::string file = NewFolder(options);
  const auto synced = StartEmpty("empty, synced", {"--sync=" + file}, file, requests, options);
  if (!synced.ok()) return synced.status();
  const auto armstated = StartStoring("armstated", requests, options);
  if (!armstated.ok()) return armstated.status();
  Turns turns;
  const auto create = [&](Subject& subject, int clients) {
    return turns.Add("CreateCheckpoint, " + subject.name(), subject.pid(), clients,
                     [&subject, clients] { return subject.Create(clients); });
  };
  const auto stream = [&](Subject& subject) {
    return turns.Add("StreamCheckpoints, " + subject.name(), subject.pid(), kStreams,
                     [&] { return subject.Stream(kStreams); });
  };
  const size_t sync_alone = turns.Add("300 bytes appended and synced", getpid(), 1, [&] { return SyncAlone(options); });
  create(**empty, 1);
  const size_t synced_create_alone = create(**synced, 1);
  const size_t armstated_create_alone = create(**armstated, 1);
  const size_t empty_create = create(**empty, options.clients);
  const size_t synced_create = create(**synced, options.clients);
  const size_t armstated_create = create(**armstated, options.clients);
  const size_t empty_stream = stream(**empty);
  const size_t armstated_stream = stream(**armstated);
  turns.Run(options.rounds, report);
  // Afterwards: what was pushed before is still being written into tables.
  Turns get_turns;
  const auto get = [&](Subject& subject) {
    return get_turns.Add("GetCheckpoint, " + subject.name(), subject.pid(), options.clients,
                         [&] { return subject.Get(options.clients, kGuests, 1); });
  };
  const size_t empty_get = get(**empty);
  const size_t armstated_get = get(**armstated);
  get_turns.Run(options.rounds, report);
  const auto add = [&](const std::string& name, double measured, absl::optional<double> goal = absl::nullopt) {
    report.AddRatio(name, measured, Report::Better::kAtLeast, goal);
  };
  add("CreateCheckpoint / the empty server that syncs", turns.Ratio(armstated_create, synced_create), 0.9);
  add("StreamCheckpoints / the empty stream", turns.Ratio(armstated_stream, empty_stream), 0.35);
  add("GetCheckpoint / the empty server", get_turns.Ratio(armstated_get, empty_get), 0.95);
  add("CreateCheckpoint by one client / the empty server that syncs",
      turns.Ratio(armstated_create_alone, synced_create_alone));
  add("CreateCheckpoint by one client / syncs of the disk", turns.Ratio(armstated_create_alone, sync_alone));
  add("CreateCheckpoint / the empty server", turns.Ratio(armstated_create, empty_create));
  add("StreamCheckpoints / CreateCheckpoint", turns.Ratio(armstated_stream, armstated_create));
  return absl::OkStatus();
}

absl::Status MeasureSizes(const GuestRequests& requests, const Options& options, Report& report) {
  const auto empty = StartEmpty("empty", {}, NewFolder(options), requests, options);
  if (!empty.ok()) return empty.status();
  const std::string file = NewFolder(options);
  const auto synced = StartEmpty("empty, synced", {"--sync=" + file}, file, requests, options);
  if (!synced.ok()) return synced.status();
  Turns get_turns;
  Turns create_turns;
  // So that it has what is asked for.
  if (absl::Status status = (*empty)->Fill(kGuests, 1); !status.ok()) return status;
  const size_t empty_get = get_turns.Add("GetCheckpoint, empty, again", (*empty)->pid(), options.clients,
                                         [&] { return (*empty)->Get(options.clients, kGuests, 1); });
  const size_t synced_create = create_turns.Add("CreateCheckpoint, empty, synced, again", (*synced)->pid(),
                                                options.clients, [&] { return (*synced)->Create(options.clients); });
  struct Size {
    int64_t stored;
    std::unique_ptr<Subject> subject;
    size_t get;
    size_t create;
  };
  std::vector<Size> sizes;
  for (const int64_t stored : {int64_t{10}, int64_t{1000}, options.stored}) {
    auto started = StartStoring(absl::StrCat(stored, " stored"), requests, options);
    if (!started.ok()) return started.status();
    Subject& subject = **started;
    const auto guests = static_cast<uint32_t>(std::min<int64_t>(stored, kFleet));
    const auto versions = static_cast<uint32_t>(stored / guests);
    if (absl::Status status = subject.Fill(guests, versions); !status.ok()) return status;
    const size_t get = get_turns.Add("GetCheckpoint, " + subject.name(), subject.pid(), options.clients,
                                     [=, &subject] { return subject.Get(options.clients, guests, versions); });
    const size_t create = create_turns.Add("CreateCheckpoint, " + subject.name(), subject.pid(), options.clients,
                                           [=, &subject] { return subject.Create(options.clients); });
    sizes.push_back({stored, *std::move(started), get, create});
  }
  get_turns.Run(options.rounds, report);
  create_turns.Run(options.rounds, report);
  for (const Size& size : sizes) {
    report.AddRatio(absl::StrCat("GetCheckpoint with ", size.stored, " stored / the empty server"),
                    get_turns.Ratio(size.get, empty_get), Report::Better::kAtLeast);
    report.AddRatio(absl::StrCat("CreateCheckpoint with ", size.stored, " stored / the empty server that syncs"),
                    create_turns.Ratio(size.create, synced_create), Report::Better::kAtLeast);
  }
  const Size& smallest = sizes.front();
  const Size& largest = sizes.back();
  report.AddRatio(absl::StrCat("CreateCheckpoint with ", largest.stored, " stored / with 10"),
                  create_turns.Ratio(largest.create, smallest.create), Report::Better::kAtLeast, 0.8);
  report.AddRatio(absl::StrCat("GetCheckpoint with ", largest.stored, " stored / with 10"),
                  get_turns.Ratio(largest.get, smallest.get), Report::Better::kAtLeast, 0.8);
  return absl::OkStatus();
}

int Run(const Options& options) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);  // gRPC's, in the clients: as in the servers
  const GuestRequests requests;
  Report report;
  absl::Status status = MeasureBesideEmpty(requests, options, report);
  if (status.ok() && options.stored > 0) status = MeasureSizes(requests, options, report);
  if (!status.ok()) {
    std::cerr << status << "\n";
    return 1;
  }
  if (!options.engine_json.empty()) AddEngineRatios(options.engine_json, report);
  if (!options.record.empty() && !report.ReadRecord(options.record)) {
    std::cerr << options.record << " is no record of ratios\n";
    return 1;
  }
  const std::string now = absl::FormatTime("%Y-%m-%d %H:%M %Z", absl::Now(), absl::UTCTimeZone());
  if (!options.new_record.empty() &&
      !report.WriteRecord(options.new_record,
                          absl::StrCat(now, ", ", std::thread::hardware_concurrency(),
                                       " processors, --seconds=", options.seconds, " --rounds=", options.rounds))) {
    std::cerr << options.new_record << " cannot be written\n";
    return 1;
  }
  if (options.output == "json") {
    report.PrintJson(std::cout);
  } else {
    report.PrintText(std::cout);
  }
  return 0;
}

}  // namespace
}  // namespace armstate

int main(int argc, char** argv) {
  armstate::Options options;
  CLI::App app("Measures the service beside a gRPC server that stores nothing.", "service_benchmark");
  app.add_option("--dir", options.directory, "folder on the disk to be measured")->capture_default_str();
  app.add_option("--seconds", options.seconds, "how long each load is measured in each round")->capture_default_str();
  app.add_option("--rounds", options.rounds, "how often each load is measured")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--stored", options.stored,
                 "how many stored checkpoints the largest store has; 0: no store but the empty one")
      ->capture_default_str();
  app.add_option("--clients", options.clients, "how many clients there are at once")->capture_default_str();
  app.add_option("--engine", options.engine_json, "what engine_benchmark printed with --benchmark_format=json");
  app.add_option("--record", options.record, "ratios of an earlier run, of which 0.95 is to be kept");
  app.add_option("--new_record", options.new_record, "file that this run's ratios are written to");
  app.add_option("--output", options.output, "text or json")->check(CLI::IsMember({"text", "json"}));
  CLI11_PARSE(app, argc, argv);
  return armstate::Run(options);
}
