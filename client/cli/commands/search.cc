#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "client/checkpoint_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/number_checks.h"
#include "client/cli/output/table.h"
#include "client/cli/output/text.h"
#include "core/error.h"
#include "proto/resource_names.h"

namespace armstate {
namespace {

struct SearchOptions {
  std::string filter;
  std::string vcpus = "any";
  bool all_versions = false;
  int64_t limit = 100;
};

// True if the byte of a UTF-8 text is not the first of a character.
bool ContinuesCharacter(char byte) { return (static_cast<uint8_t>(byte) & 0xc0) == 0x80; }

// The part of the filter around the position that the error names, with a ^ under it; empty without a position.
std::string FilterExcerpt(const std::string& filter, const absl::Status& status) {
  constexpr size_t kShown = 60;  // bytes before it, and behind it
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  if (!info || info->reason != ErrorReason::kFilterInvalid) return "";
  const auto metadata = info->metadata.find("position");
  size_t position = 0;
  if (metadata == info->metadata.end() || !absl::SimpleAtoi(metadata->second, &position)) return "";
  if (position > filter.size()) return "";
  size_t begin = position > kShown ? position - kShown : 0;
  while (begin < position && ContinuesCharacter(filter[begin])) ++begin;
  size_t end = std::min(filter.size(), position + kShown);
  while (end < filter.size() && ContinuesCharacter(filter[end])) ++end;
  const absl::string_view cut = begin > 0 ? "..." : "";
  size_t column = cut.size();
  for (size_t i = begin; i < position; ++i) column += ContinuesCharacter(filter[i]) ? 0 : 1;
  return absl::StrCat("  ", cut, Printable(filter.substr(begin, end - begin)), end < filter.size() ? "..." : "", "\n  ",
                      std::string(column, ' '), "^\n");
}

std::string WithMeaning(const v1::DecodedValue& value) {
  if (value.value().empty()) return "-";
  return value.meaning().empty() ? value.value() : absl::StrCat(value.value(), " (", value.meaning(), ")");
}

// One row for each vCPU that matches; a column for each register and field that the filter names.
void PrintMatches(const v1::SearchRegistersResponse& found, std::ostream& out) {
  std::vector<std::string> header = {"VM", "VERSION", "CREATED", "VCPU"};
  for (const v1::MatchedCheckpoint& match : found.checkpoints()) {
    if (match.vcpus().empty()) continue;
    for (const v1::DecodedValue& value : match.vcpus(0).registers()) header.push_back(value.name());
    break;
  }
  Table table(std::move(header));
  for (const v1::MatchedCheckpoint& match : found.checkpoints()) {
    const absl::StatusOr<CheckpointName> name = ParseCheckpointName(match.checkpoint());
    for (const v1::MatchedVcpu& vcpu : match.vcpus()) {
      std::vector<std::string> row = {name.ok() ? name->vm : match.checkpoint(), ShortName(match.checkpoint()),
                                      TimeText(match.create_time()), absl::StrCat(vcpu.vcpu_index())};
      for (const v1::DecodedValue& value : vcpu.registers()) row.push_back(WithMeaning(value));
      table.AddRow(std::move(row));
    }
  }
  table.Print("", out);
  if (table.empty()) out << "nothing matches\n";
}

// Remarks for the user besides the matches.
void PrintNotes(const v1::SearchRegistersResponse& found, std::ostream& err) {
  if (found.scanned_checkpoints() > 0) {
    err << "armstate: " << CountText(found.scanned_checkpoints(), "checkpoint")
        << " read one by one: " << Printable(found.scan_reason()) << '\n';
  }
  for (const std::string& damaged : found.damaged()) err << "armstate: not searched: " << Printable(damaged) << '\n';
  if (found.next_page_token().empty()) return;
  err << "armstate: the first " << found.checkpoints_size();
  if (found.total_count() > 0) err << " of " << found.total_count();
  err << " checkpoints; --limit shows more\n";
}

absl::StatusOr<ExitStatus> Search(const SearchOptions& options, CommandContext& context) {
  v1::SearchRegistersRequest request;
  request.set_filter(options.filter);
  request.set_vcpu_match(options.vcpus == "all" ? v1::VCPU_MATCH_ALL : v1::VCPU_MATCH_ANY);
  request.set_all_versions(options.all_versions);
  const absl::StatusOr<v1::SearchRegistersResponse> found =
      CheckpointClient(context.connection).SearchRegisters(request, options.limit);
  if (!found.ok()) return WithExcerpt(found.status(), FilterExcerpt(options.filter, found.status()));
  PrintNotes(*found, context.err);
  if (context.json()) return PrintJson(*found, context.out);
  PrintMatches(*found, context.out);
  return ExitStatus::kOk;
}

}  // namespace

void AddSearchCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<SearchOptions>();
  CLI::App* const command =
      app.add_subcommand("search", "Find the checkpoints whose registers, fields and metadata satisfy a filter");
  command
      ->add_option(
          "FILTER", options->filter,
          "Comparisons with = != < <= > >= and :, joined by AND, OR, NOT and parentheses; OR binds more tightly than "
          "AND. They compare registers, their fields, and: vm, version, vcpu, vcpu_count, register_count, create_time, "
          "capture_time, labels.KEY, source.accelerator and the other fields of source")
      ->required();
  command->add_option("--vcpus", options->vcpus, "Which vCPUs must satisfy it")
      ->type_name("any|all")
      ->check(CLI::IsMember({"any", "all"}).description(""))
      ->capture_default_str();
  command->add_flag("--all-versions", options->all_versions,
                    "Search all versions, not only the latest of each VM; reads every checkpoint");
  command->add_option("--limit", options->limit, "Show at most this many checkpoints")
      ->type_name("N")
      ->check(NumberFrom(1))
      ->capture_default_str();
  command->footer(
      HelpFooter("  armstate search 'SCTLR_EL1.M = 0'\n"
                 "  armstate search 'TTBR0_EL1 != 0 AND labels.team = \"web\"'\n"
                 "  armstate search 'vcpu = 0 AND (ESR_EL1.EC = 0x25 OR ESR_EL1.EC = 0x21)' --all-versions\n"
                 "  armstate search 'ID_AA64PFR0_EL1.SVE >= 1' --vcpus all --output=json\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Search(*options, context); }; });
}

}  // namespace armstate
