// How fast the service is, beside a gRPC server that stores nothing, all in one run. scripts/bench runs it.
//
// Each server is a process of its own, and each client has a connection of its own over the loopback interface. What
// is compared is measured in turns, several times, and the ratio is the median of the turns': a shared machine is not
// equally fast at all times.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
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

// The goals of the engine, from what engine_benchmark printed: how many times a memcpy each takes.
void AddEngineGoals(const std::string& file, Report& report) {
  std::ifstream stream(file);
  const nlohmann::json json = nlohmann::json::parse(stream, nullptr, /*allow_exceptions=*/false);
  std::map<std::string, double> ratios;
  if (json.is_object() && json.contains("benchmarks")) {
    for (const nlohmann::json& run : json["benchmarks"]) ratios[run.value("name", "")] = run.value("x_memcpy", 0.0);
  }
  if (ratios["BM_Capture"] <= 0 || ratios["BM_CaptureAgain"] <= 0 || ratios["BM_Restore"] <= 0) {
    std::cerr << file << " has no figures of the engine\n";
    return;
  }
  report.AddGoal("engine: capture / memcpy of the values", ratios["BM_CaptureAgain"], 2, true);
  report.AddGoal("engine: capture into new memory / memcpy", ratios["BM_Capture"], 2, true);
  report.AddGoal("engine: restore with read-back / memcpy", ratios["BM_Restore"], 10, true);
}

absl::StatusOr<std::unique_ptr<Subject>> StartStoring(const std::string& name, const GuestRequests& requests,
                                                      const Options& options) {
  const std::string data_dir = NewFolder(options);
  auto process = ArmstatedProcess::Start(data_dir);
  if (!process.ok()) return process.status();
  return std::make_unique<Subject>(name, *std::move(process), data_dir, requests, options);
}

absl::Status MeasureBesideEmpty(const GuestRequests& requests, const Options& options, Report& report) {
  const std::string file = NewFolder(options);
  auto empty_process = ArmstatedProcess::StartCommand({"tests/benchmarks/empty_server"});
  if (!empty_process.ok()) return empty_process.status();
  auto synced_process = ArmstatedProcess::StartCommand({"tests/benchmarks/empty_server", "--sync=" + file});
  if (!synced_process.ok()) return synced_process.status();
  const auto storing = StartStoring("armstated", requests, options);
  if (!storing.ok()) return storing.status();
  Subject empty("empty", *std::move(empty_process), NewFolder(options), requests, options);
  Subject synced("empty, synced", *std::move(synced_process), file, requests, options);
  Subject& armstated = **storing;
  Turns turns;
  for (Subject* subject : {&empty, &synced, &armstated}) {
    turns.Add("CreateCheckpoint, " + subject->name(), subject->pid(), 1, [=] { return subject->Create(1); });
  }
  const auto create = [&](Subject& subject) {
    return turns.Add("CreateCheckpoint, " + subject.name(), subject.pid(), options.clients,
                     [&] { return subject.Create(options.clients); });
  };
  const size_t empty_create = create(empty);
  const size_t synced_create = create(synced);
  const size_t armstated_create = create(armstated);
  const auto stream = [&](Subject& subject) {
    return turns.Add("StreamCheckpoints, " + subject.name(), subject.pid(), kStreams,
                     [&] { return subject.Stream(kStreams); });
  };
  stream(empty);
  const size_t armstated_stream = stream(armstated);
  turns.Run(options.rounds, report);
  // Afterwards: what was pushed before is still being written into tables.
  Turns get_turns;
  const auto get = [&](Subject& subject) {
    return get_turns.Add("GetCheckpoint, " + subject.name(), subject.pid(), options.clients,
                         [&] { return subject.Get(options.clients, kGuests, 1); });
  };
  const size_t empty_get = get(empty);
  const size_t armstated_get = get(armstated);
  get_turns.Run(options.rounds, report);
  report.AddGoal("durable CreateCheckpoint / the empty server", turns.Ratio(armstated_create, empty_create), 0.8,
                 false);
  report.AddComparison("  the empty server that syncs / the empty server", turns.Ratio(synced_create, empty_create));
  report.AddComparison("  durable CreateCheckpoint / the empty server that syncs",
                       turns.Ratio(armstated_create, synced_create));
  report.AddGoal("StreamCheckpoints / CreateCheckpoint", turns.Ratio(armstated_stream, armstated_create), 3, false);
  report.AddGoal("GetCheckpoint / the empty server", get_turns.Ratio(armstated_get, empty_get), 0.9, false);
  return absl::OkStatus();
}

absl::Status MeasureSizes(const GuestRequests& requests, const Options& options, Report& report) {
  std::vector<std::unique_ptr<Subject>> storing;
  Turns get_turns;
  Turns create_turns;
  std::vector<size_t> gets;
  std::vector<size_t> creates;
  for (const int64_t stored : {int64_t{10}, int64_t{1000}, options.stored}) {
    auto started = StartStoring(absl::StrCat(stored, " stored"), requests, options);
    if (!started.ok()) return started.status();
    storing.push_back(*std::move(started));
    Subject& subject = *storing.back();
    const auto guests = static_cast<uint32_t>(std::min<int64_t>(stored, kFleet));
    const auto versions = static_cast<uint32_t>(stored / guests);
    if (absl::Status status = subject.Fill(guests, versions); !status.ok()) return status;
    gets.push_back(get_turns.Add("GetCheckpoint, " + subject.name(), subject.pid(), options.clients,
                                 [=, &subject] { return subject.Get(options.clients, guests, versions); }));
    creates.push_back(create_turns.Add("CreateCheckpoint, " + subject.name(), subject.pid(), options.clients,
                                       [=, &subject] { return subject.Create(options.clients); }));
  }
  get_turns.Run(options.rounds, report);
  create_turns.Run(options.rounds, report);
  report.AddGoal(absl::StrCat("CreateCheckpoint with ", options.stored, " stored / with 10"),
                 create_turns.Ratio(creates.back(), creates.front()), 0.8, false);
  report.AddGoal(absl::StrCat("GetCheckpoint with ", options.stored, " stored / with 10"),
                 get_turns.Ratio(gets.back(), gets.front()), 0.8, false);
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
  if (!options.engine_json.empty()) AddEngineGoals(options.engine_json, report);
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
  app.add_option("--output", options.output, "text or json")->check(CLI::IsMember({"text", "json"}));
  CLI11_PARSE(app, argc, argv);
  return armstate::Run(options);
}
