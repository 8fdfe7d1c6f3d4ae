#include <cstdint>
#include <limits>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/admin_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/table.h"
#include "client/cli/output/text.h"
#include "google/protobuf/util/time_util.h"

namespace armstate {
namespace {

// "1", "2 to 3", "4 to 7" ...
std::string RangeText(int64_t up_to) {
  if (up_to <= 1) return absl::StrCat(up_to);
  if (up_to == std::numeric_limits<int64_t>::max()) return absl::StrCat(int64_t{1} << 30, " and more");
  return absl::StrCat(up_to / 2 + 1, " to ", up_to);
}

std::string Per(double amount, int64_t count) {
  return count == 0 ? "-" : absl::StrFormat("%.1f", amount / static_cast<double>(count));
}

void PrintHistogram(const std::string& values, const v1::Histogram& histogram, std::ostream& out) {
  Table table({values, "WRITES"});
  for (const v1::Histogram::Bucket& bucket : histogram.buckets()) {
    table.AddRow({RangeText(bucket.up_to()), absl::StrCat(bucket.count())});
  }
  if (!table.empty()) out << '\n';
  table.Print("", out);
}

void PrintStatistics(const v1::Statistics& statistics, std::ostream& out) {
  Table stored({"STORED", ""});
  stored.AddRow({"VMs", absl::StrCat(statistics.vm_count())});
  stored.AddRow({"checkpoints", absl::StrCat(statistics.checkpoint_count(), ", ",
                                             statistics.protected_checkpoint_count(), " of them protected")});
  stored.AddRow({"raw", absl::StrCat(BytesText(statistics.raw_bytes()), ", 16 bytes a register")});
  stored.AddRow({"on disk", absl::StrCat(BytesText(statistics.stored_bytes()), ", all included")});
  if (statistics.raw_bytes() > 0) {
    stored.AddRow({"of raw", absl::StrFormat("%.1f%%", 100 * statistics.stored_ratio())});
  }
  stored.Print("", out);

  const int64_t writes = statistics.commit_writes();
  const auto write_us =
      static_cast<double>(google::protobuf::util::TimeUtil::DurationToMicroseconds(statistics.commit_time()));
  Table since({absl::StrCat("SINCE ", TimeText(statistics.start_time())), ""});
  since.AddRow({"checkpoints created",
                absl::StrCat(statistics.created_checkpoints(), ", ", statistics.full_copies(), " as full copies")});
  since.AddRow({"commits and deletions", absl::StrCat(statistics.commit_operations())});
  since.AddRow({"writes to disk", absl::StrCat(writes, ", ", statistics.failed_commit_writes(), " failed")});
  since.AddRow({"operations in a write", Per(static_cast<double>(statistics.commit_operations()), writes)});
  since.AddRow({"bytes in a write", Per(static_cast<double>(statistics.commit_bytes()), writes)});
  since.AddRow({"microseconds for a write", Per(write_us, writes)});
  out << '\n';
  since.Print("", out);
  PrintHistogram("OPERATIONS IN A WRITE", statistics.commit_batch_sizes(), out);
  PrintHistogram("MICROSECONDS, FSYNC INCLUDED", statistics.commit_microseconds(), out);
}

void PrintCounters(const v1::Statistics& statistics, std::ostream& out) {
  Table table({"COUNTER", "VALUE"});
  for (const auto& [name, value] :
       std::map<std::string, int64_t>(statistics.rocksdb().begin(), statistics.rocksdb().end())) {
    table.AddRow({name, absl::StrCat(value)});
  }
  table.Print("", out);
}

absl::StatusOr<ExitStatus> Stats(bool rocksdb, CommandContext& context) {
  const absl::StatusOr<v1::Statistics> statistics = AdminClient(context.connection).GetStatistics();
  if (!statistics.ok()) return statistics.status();
  if (context.json()) return PrintJson(*statistics, context.out);
  if (rocksdb) {
    PrintCounters(*statistics, context.out);
  } else {
    PrintStatistics(*statistics, context.out);
  }
  return ExitStatus::kOk;
}

}  // namespace

void AddStatsCommand(CLI::App& app, Command& chosen) {
  auto rocksdb = std::make_shared<bool>(false);
  CLI::App* const command =
      app.add_subcommand("stats", "Show the size of the store and the server's activity since it started");
  command->add_flag("--rocksdb", *rocksdb, "Show RocksDB's own counters instead");
  command->footer(
      HelpFooter("  armstate stats\n"
                 "  armstate stats --rocksdb\n"
                 "  armstate stats --output=json\n"));
  command->callback(
      [rocksdb, &chosen] { chosen = [rocksdb](CommandContext& context) { return Stats(*rocksdb, context); }; });
}

}  // namespace armstate
