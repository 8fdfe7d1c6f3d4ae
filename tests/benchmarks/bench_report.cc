#include "tests/benchmarks/bench_report.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/output/table.h"
#include "nlohmann/json.hpp"

namespace armstate {
namespace {

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

void Report::Add(Row row) { rows_.push_back(std::move(row)); }

void Report::AddRatio(const std::string& name, double measured, Better better, absl::optional<double> goal) {
  ratios_.push_back({name, measured, better, goal});
}

bool Report::ReadRecord(const std::string& file) {
  std::ifstream stream(file);
  const nlohmann::json json = nlohmann::json::parse(stream, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("ratios")) return false;
  for (const auto& [name, ratio] : json["ratios"].items())
    recorded_[name] = ratio.is_number() ? ratio.get<double>() : 0;
  return true;
}

bool Report::WriteRecord(const std::string& file, const std::string& provenance) const {
  nlohmann::ordered_json json{{"recorded", provenance}, {"ratios", nlohmann::ordered_json::object()}};
  for (const Ratio& ratio : ratios_) json["ratios"][ratio.name] = std::round(ratio.measured * 1000) / 1000;
  std::ofstream stream(file);
  stream << json.dump(2) << "\n";
  return stream.flush().good();
}

absl::optional<double> Report::RecordedOf(const Ratio& ratio) const {
  const auto found = recorded_.find(ratio.name);
  return found != recorded_.end() ? absl::make_optional(found->second) : absl::nullopt;
}

std::string Report::VerdictOf(const Ratio& ratio) const {
  const absl::optional<double> recorded = RecordedOf(ratio);
  if (recorded && !ratio.Meets(ratio.better == Better::kAtMost ? *recorded / kKept : *recorded * kKept)) return "WORSE";
  if (ratio.goal) return ratio.Meets(*ratio.goal) ? "met" : "NOT MET";
  return recorded ? "as before" : "";
}

void Report::PrintText(std::ostream& out) const {
  Table ratios({"RATIO", "MEASURED", "WANTED", "RECORDED", ""});
  for (const Ratio& ratio : ratios_) {
    const std::string wanted =
        ratio.goal ? absl::StrFormat("%s %.2f", ratio.better == Better::kAtMost ? "<=" : ">=", *ratio.goal) : "";
    const absl::optional<double> recorded = RecordedOf(ratio);
    ratios.AddRow({ratio.name, absl::StrFormat("%.2f", ratio.measured), wanted,
                   recorded ? absl::StrFormat("%.2f", *recorded) : "", VerdictOf(ratio)});
  }
  ratios.Print("", out);
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
  nlohmann::json json{{"ratios", nlohmann::json::array()}, {"measured", nlohmann::json::array()}};
  for (const Ratio& ratio : ratios_) {
    nlohmann::json shown{{"ratio", ratio.name}, {"measured", ratio.measured}, {"verdict", VerdictOf(ratio)}};
    if (ratio.goal) shown[ratio.better == Better::kAtMost ? "at_most" : "at_least"] = *ratio.goal;
    if (const absl::optional<double> recorded = RecordedOf(ratio)) shown["recorded"] = *recorded;
    json["ratios"].push_back(std::move(shown));
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
