// The figures of a benchmark of servers: loads that are measured in turns, ratios and their goals, and how they are
// shown.
#ifndef ARMSTATE_TESTS_BENCHMARKS_BENCH_REPORT_H_
#define ARMSTATE_TESTS_BENCHMARKS_BENCH_REPORT_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "tests/benchmarks/load.h"

namespace armstate {

class Report {
 public:
  struct Row {
    std::string what;
    int clients = 0;
    LoadResult result;
    // Of the server, in bytes.
    int64_t memory = 0;
  };

  void Add(Row row);
  // A ratio to what is physically there. kAtLeast: more is better.
  enum class Better { kAtLeast, kAtMost };
  void AddRatio(const std::string& name, double measured, Better better, absl::optional<double> goal = absl::nullopt);

  // The ratios of an earlier run, which are not to get worse: what WriteRecord wrote. False if it cannot be read.
  bool ReadRecord(const std::string& file);
  // `provenance`: when and where. False if it cannot be written.
  bool WriteRecord(const std::string& file, const std::string& provenance) const;

  void PrintText(std::ostream& out) const;
  void PrintJson(std::ostream& out) const;

 private:
  struct Ratio {
    std::string name;
    double measured = 0;
    Better better = Better::kAtLeast;
    absl::optional<double> goal;
    bool Meets(double wanted) const { return better == Better::kAtMost ? measured <= wanted : measured >= wanted; }
  };
  // What the record leaves of leeway, for the noise of a shared machine.
  static constexpr double kKept = 0.95;

  // "met", "NOT MET", "WORSE" than the record allows, or empty without goal and record.
  std::string VerdictOf(const Ratio& ratio) const;
  absl::optional<double> RecordedOf(const Ratio& ratio) const;

  std::vector<Row> rows_;
  std::vector<Ratio> ratios_;
  std::map<std::string, double> recorded_;
};

// Loads that are measured one after the other, again and again.
class Turns {
 public:
  // `server`: whose memory is shown. Returns the number of the load.
  size_t Add(const std::string& what, pid_t server, int clients, std::function<LoadResult()> run);

  // Measures each so often. Of each load, the report gets the measurement with the median rate.
  void Run(int rounds, Report& report);

  // After Run: the median over the rounds of one load's rate to another's.
  double Ratio(size_t measured, size_t peer) const;

 private:
  struct Load {
    std::string what;
    pid_t server = 0;
    int clients = 0;
    std::function<LoadResult()> run;
    std::vector<LoadResult> results;
  };
  std::vector<Load> loads_;
};

}  // namespace armstate

#endif  // ARMSTATE_TESTS_BENCHMARKS_BENCH_REPORT_H_
