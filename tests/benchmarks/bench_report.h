// The figures of a benchmark of servers: loads that are measured in turns, goals, and how they are shown.
#ifndef ARMSTATE_TESTS_BENCHMARKS_BENCH_REPORT_H_
#define ARMSTATE_TESTS_BENCHMARKS_BENCH_REPORT_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

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
  // `measured` against a goal: at least so much, or with `at_most` no more than that.
  void AddGoal(const std::string& name, double measured, double goal, bool at_most);
  // What the goal before is to be seen beside.
  void AddComparison(const std::string& name, double measured);

  void PrintText(std::ostream& out) const;
  void PrintJson(std::ostream& out) const;

 private:
  struct Goal {
    std::string name;
    double measured = 0;
    double goal = 0;
    bool at_most = false;
    bool is_goal = true;
    bool met() const { return at_most ? measured <= goal : measured >= goal; }
  };
  std::vector<Row> rows_;
  std::vector<Goal> goals_;
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
