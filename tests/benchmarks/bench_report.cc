#include "tests/benchmarks/bench_report.h"

#include <algorithm>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/commands/table.h"
#include "nlohmann/json.hpp"

namespace armstate {
namespace {

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

void Report::Add(Row row) { rows_.push_back(std::move(row)); }

void Report::AddGoal(const std::string& name, double measured, double goal, bool at_most) {
  goals_.push_back({name, measured, goal, at_most, /*is_goal=*/true});
}

void Report::AddComparison(const std::string& name, double measured) {
  goals_.push_back({name, measured, 0, false, /*is_goal=*/false});
}

void Report::PrintText(std::ostream& out) const {
  Table goals({"GOAL", "MEASURED", "WANTED", ""});
  for (const Goal& goal : goals_) {
    const std::string measured = absl::StrFormat("%.2f", goal.measured);
    if (!goal.is_goal) {
      goals.AddRow({goal.name, measured, "", ""});
      continue;
    }
    goals.AddRow({goal.name, measured, absl::StrFormat("%s %.2f", goal.at_most ? "<=" : ">=", goal.goal),
                  goal.met() ? "met" : "NOT MET"});
  }
  goals.Print("", out);
  out << "\n";
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
  rows.Print("", out);
}

void Report::PrintJson(std::ostream& out) const {
  nlohmann::json json{{"goals", nlohmann::json::array()},
                      {"comparisons", nlohmann::json::array()},
                      {"measured", nlohmann::json::array()}};
  for (const Goal& goal : goals_) {
    if (!goal.is_goal) {
      json["comparisons"].push_back({{"comparison", goal.name}, {"measured", goal.measured}});
      continue;
    }
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
  out << json.dump(2) << "\n";
}

size_t Turns::Add(const std::string& what, pid_t server, int clients, std::function<LoadResult()> run) {
  loads_.push_back({what, server, clients, std::move(run), {}});
  return loads_.size() - 1;
}

void Turns::Run(int rounds, Report& report) {
  for (int round = 0; round < rounds; ++round) {
    for (Load& load : loads_) load.results.push_back(load.run());
  }
  for (const Load& load : loads_) {
    for (const LoadResult& result : load.results) {
      if (result.failed == 0) continue;
      std::cerr << load.what << ": " << result.failed << " failed: " << result.first_error << "\n";
    }
    std::vector<LoadResult> sorted = load.results;
    std::sort(sorted.begin(), sorted.end(),
              [](const LoadResult& a, const LoadResult& b) { return a.per_second < b.per_second; });
    report.Add({load.what, load.clients, sorted[sorted.size() / 2], MemoryOf(load.server)});
  }
}

double Turns::Ratio(size_t measured, size_t peer) const {
  std::vector<double> ratios;
  for (size_t round = 0; round < loads_[measured].results.size(); ++round) {
    ratios.push_back(loads_[measured].results[round].per_second / loads_[peer].results[round].per_second);
  }
  return Median(std::move(ratios));
}

}  // namespace armstate
