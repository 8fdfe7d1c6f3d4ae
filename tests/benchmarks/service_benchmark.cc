// How fast the service is, beside a gRPC server that stores nothing, all in one run. scripts/bench runs it.
//
// Each server is a process of its own, and each client has a connection of its own over the loopback interface.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/checkpoint_stream.h"
#include "client/commands/table.h"
#include "client/connection.h"
#include "nlohmann/json.hpp"
#include "tests/benchmarks/guest_requests.h"
#include "tests/benchmarks/load.h"
#include "tests/testing/armstated_process.h"

namespace armstate {
namespace {

struct Options {
  std::string directory = "/var/tmp";
  double seconds = 3;
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

struct Row {
  std::string what;
  int clients = 0;
  LoadResult result;
  int64_t memory = 0;
};

// The numbers of a run, and how they are shown.
class Report {
 public:
  const LoadResult& Add(Row row) {
    if (row.result.failed > 0) {
      std::cerr << row.what << ": " << row.result.failed << " failed: " << row.result.first_error << "\n";
    }
    rows_.push_back(std::move(row));
    return rows_.back().result;
  }
  // `measured` against a goal: at least so much, or with `at_most` no more than that.
  void AddGoal(const std::string& name, double measured, double goal, bool at_most) {
    goals_.push_back({name, measured, goal, at_most});
  }

  void PrintText() const {
    Table goals({"GOAL", "MEASURED", "WANTED", ""});
    for (const Goal& goal : goals_) {
      goals.AddRow({goal.name, absl::StrFormat("%.2f", goal.measured),
                    absl::StrFormat("%s %.2f", goal.at_most ? "<=" : ">=", goal.goal), goal.met() ? "met" : "NOT MET"});
    }
    goals.Print("", std::cout);
    std::cout << "\n";
    Table rows({"", "CLIENTS", "PER SECOND", "P50 MS", "P99 MS", "SERVER CPU US", "CLIENT CPU US", "SERVER MB"});
    for (const Row& row : rows_) {
      const LoadResult& result = row.result;
      rows.AddRow({row.what, absl::StrCat(row.clients), absl::StrFormat("%.0f", result.per_second),
                   absl::StrFormat("%.2f", absl::ToDoubleMilliseconds(result.p50)),
                   absl::StrFormat("%.2f", absl::ToDoubleMilliseconds(result.p99)),
                   absl::StrFormat("%.1f", absl::ToDoubleMicroseconds(result.server_cpu)),
                   absl::StrFormat("%.1f", absl::ToDoubleMicroseconds(result.client_cpu)),
                   absl::StrFormat("%.0f", static_cast<double>(row.memory) / (1 << 20))});
    }
    rows.Print("", std::cout);
  }

  void PrintJson() const {
    nlohmann::json json{{"goals", nlohmann::json::array()}, {"measured", nlohmann::json::array()}};
    for (const Goal& goal : goals_) {
      json["goals"].push_back({{"goal", goal.name},
                               {"measured", goal.measured},
                               {goal.at_most ? "at_most" : "at_least", goal.goal},
                               {"met", goal.met()}});
    }
    for (const Row& row : rows_) {
      const LoadResult& result = row.result;
      json["measured"].push_back({{"what", row.what},
                                  {"clients", row.clients},
                                  {"per_second", result.per_second},
                                  {"p50_seconds", absl::ToDoubleSeconds(result.p50)},
                                  {"p99_seconds", absl::ToDoubleSeconds(result.p99)},
                                  {"server_cpu_seconds", absl::ToDoubleSeconds(result.server_cpu)},
                                  {"client_cpu_seconds", absl::ToDoubleSeconds(result.client_cpu)},
                                  {"server_memory_bytes", row.memory},
                                  {"failed", result.failed}});
    }
    std::cout << json.dump(2) << "\n";
  }

 private:
  struct Goal {
    std::string name;
    double measured;
    double goal;
    bool at_most;
    bool met() const { return at_most ? measured <= goal : measured >= goal; }
  };
  std::vector<Goal> goals_;
  std::vector<Row> rows_;
};

// One server under load.
class Subject {
 public:
  Subject(std::string name, std::unique_ptr<ArmstatedProcess> process, const GuestRequests& requests,
          const Options& options, Report& report)
      : name_(std::move(name)),
        process_(std::move(process)),
        requests_(requests),
        options_(options),
        report_(report),
        numbers_(kGuests) {}

  ArmstatedProcess& process() { return *process_; }

  // Client i pushes to guests i, i + clients ... in turn.
  LoadResult Create(int clients) { return Push("CreateCheckpoint", clients, LoadCreate); }
  LoadResult Stream(int streams) { return Push("StreamCheckpoints", streams, LoadStream); }

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
    for (int i = 0; i < clients; ++i) random.emplace_back(i);
    return Done("GetCheckpoint", clients, LoadGet(LoadOf(clients), [&](int client) {
                  return absl::StrCat(GuestName(random[client]() % guests), "/checkpoints/",
                                      1 + random[client]() % versions);
                }));
  }

 private:
  template <typename Load>
  LoadResult Push(const std::string& what, int clients, Load load) {
    std::vector<uint32_t> turns(clients);
    return Done(what, clients, load(LoadOf(clients), [&](int client) {
                  const uint32_t guest = (turns[client]++ * clients + client) % kGuests;
                  v1::CreateCheckpointRequest request = requests_.Make(guest, numbers_[guest]++);
                  request.set_request_id(absl::StrCat(name_, "-", guest, "-", numbers_[guest]));
                  return request;
                }));
  }

  LoadOptions LoadOf(int clients) const {
    LoadOptions load;
    load.address = process_->address();
    load.server = process_->pid();
    load.clients = clients;
    load.duration = absl::Seconds(options_.seconds);
    return load;
  }

  LoadResult Done(const std::string& what, int clients, LoadResult result) {
    return report_.Add({absl::StrCat(what, ", ", name_), clients, result, MemoryOf(process_->pid())});
  }

  const std::string name_;
  const std::unique_ptr<ArmstatedProcess> process_;
  const GuestRequests& requests_;
  const Options& options_;
  Report& report_;
  std::vector<uint32_t> numbers_;
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

// Throughput with so many checkpoints stored.
struct Rates {
  double create = 0;
  double get = 0;
};

absl::StatusOr<Rates> MeasureWith(int64_t stored, const GuestRequests& requests, const Options& options,
                                  Report& report) {
  const std::string data_dir = NewFolder(options);
  auto process = ArmstatedProcess::Start(data_dir);
  if (!process.ok()) return process.status();
  Subject subject(absl::StrCat(stored, " stored"), *std::move(process), requests, options, report);
  const auto guests = static_cast<uint32_t>(std::min<int64_t>(stored, kFleet));
  const auto versions = static_cast<uint32_t>(stored / guests);
  absl::Status status = subject.Fill(guests, versions);
  Rates rates;
  if (status.ok()) {
    rates.get = subject.Get(options.clients, guests, versions).per_second;
    rates.create = subject.Create(options.clients).per_second;
  }
  subject.process().Stop(SIGTERM);
  std::filesystem::remove_all(data_dir);
  if (!status.ok()) return status;
  return rates;
}

int Run(const Options& options) {
  const GuestRequests requests;
  Report report;
  auto empty_process = ArmstatedProcess::StartCommand({"tests/benchmarks/empty_server"});
  const std::string data_dir = NewFolder(options);
  auto armstated_process = ArmstatedProcess::Start(data_dir);
  if (!empty_process.ok() || !armstated_process.ok()) {
    std::cerr << empty_process.status() << "\n" << armstated_process.status() << "\n";
    return 1;
  }
  Subject empty("empty", *std::move(empty_process), requests, options, report);
  Subject armstated("armstated", *std::move(armstated_process), requests, options, report);
  empty.Create(1);
  armstated.Create(1);
  const double empty_create = empty.Create(options.clients).per_second;
  const double create = armstated.Create(options.clients).per_second;
  report.AddGoal("durable CreateCheckpoint / the empty server", create / empty_create, 0.8, false);
  empty.Stream(kStreams);
  const double stream = armstated.Stream(kStreams).per_second;
  report.AddGoal("StreamCheckpoints / CreateCheckpoint", stream / create, 3, false);
  const double empty_get = empty.Get(options.clients, kGuests, 1).per_second;
  const double get = armstated.Get(options.clients, kGuests, 1).per_second;
  report.AddGoal("GetCheckpoint / the empty server", get / empty_get, 0.9, false);
  armstated.process().Stop(SIGTERM);
  std::filesystem::remove_all(data_dir);
  Rates few;
  for (const int64_t stored : {int64_t{10}, int64_t{1000}, options.stored}) {
    const absl::StatusOr<Rates> rates = MeasureWith(stored, requests, options, report);
    if (!rates.ok()) {
      std::cerr << rates.status() << "\n";
      return 1;
    }
    if (stored == 10) few = *rates;
    if (stored != options.stored) continue;
    report.AddGoal(absl::StrCat("CreateCheckpoint with ", stored, " stored / with 10"), rates->create / few.create, 0.8,
                   false);
    report.AddGoal(absl::StrCat("GetCheckpoint with ", stored, " stored / with 10"), rates->get / few.get, 0.8, false);
  }
  if (!options.engine_json.empty()) AddEngineGoals(options.engine_json, report);
  if (options.output == "json") {
    report.PrintJson();
  } else {
    report.PrintText();
  }
  return 0;
}

}  // namespace
}  // namespace armstate

int main(int argc, char** argv) {
  armstate::Options options;
  CLI::App app("Measures the service beside a gRPC server that stores nothing.", "service_benchmark");
  app.add_option("--dir", options.directory, "folder on the disk to be measured")->capture_default_str();
  app.add_option("--seconds", options.seconds, "how long each load is measured")->capture_default_str();
  app.add_option("--stored", options.stored, "how many stored checkpoints the largest store has")
      ->capture_default_str();
  app.add_option("--clients", options.clients, "how many clients there are at once")->capture_default_str();
  app.add_option("--engine", options.engine_json, "what engine_benchmark printed with --benchmark_format=json");
  app.add_option("--output", options.output, "text or json")->check(CLI::IsMember({"text", "json"}));
  CLI11_PARSE(app, argc, argv);
  return armstate::Run(options);
}
