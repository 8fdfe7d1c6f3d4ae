#include "server/profiles/profile_name.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace armstate {
namespace {

// Consumes a number at the front; version numbers are small.
absl::optional<int> ConsumeNumber(absl::string_view& text) {
  size_t digits = 0;
  while (digits < text.size() && absl::ascii_isdigit(text[digits])) ++digits;
  int number = 0;
  if (digits > 4 || !absl::SimpleAtoi(text.substr(0, digits), &number)) return absl::nullopt;
  text.remove_prefix(digits);
  return number;
}

// Consumes "10.0" at the front.
absl::optional<QemuSeries> ConsumeSeries(absl::string_view& text) {
  absl::string_view left = text;
  const absl::optional<int> major = ConsumeNumber(left);
  if (!major || !absl::ConsumePrefix(&left, ".")) return absl::nullopt;
  const absl::optional<int> minor = ConsumeNumber(left);
  if (!minor) return absl::nullopt;
  text = left;
  return QemuSeries(*major, *minor);
}

// Consumes ".5" at the front if `end` or the end of the text follows it.
absl::optional<int> ConsumePatch(absl::string_view& text, absl::string_view end) {
  absl::string_view left = text;
  if (!absl::ConsumePrefix(&left, ".")) return absl::nullopt;
  const absl::optional<int> patch = ConsumeNumber(left);
  if (!patch || (!left.empty() && end.find(left[0]) == absl::string_view::npos)) return absl::nullopt;
  text = left;
  return patch;
}

}  // namespace

absl::optional<QemuProfileName> ParseQemuProfileName(absl::string_view id) {
  QemuProfileName name;
  if (!absl::ConsumePrefix(&id, "qemu-")) return absl::nullopt;
  const absl::optional<QemuSeries> series = ConsumeSeries(id);
  if (!series) return absl::nullopt;
  name.series = *series;
  name.patch = ConsumePatch(id, ".");
  if (!absl::ConsumePrefix(&id, ".")) return absl::nullopt;
  // The only dot in a machine's name is that of its version.
  size_t dot = id.find('.');
  if (dot == absl::string_view::npos) return absl::nullopt;
  const size_t dash = id.substr(0, dot).rfind('-');
  if (dash != absl::string_view::npos) {
    absl::string_view version = id.substr(dash + 1);
    const absl::optional<QemuSeries> of_machine = ConsumeSeries(version);
    if (of_machine && absl::StartsWith(version, ".")) {
      name.machine_version = of_machine;
      name.machine = std::string(id.substr(0, dash));
      dot = id.size() - version.size();
    }
  }
  if (!name.machine_version) name.machine = std::string(id.substr(0, dot));
  name.cpu = std::string(id.substr(dot + 1));
  if (name.machine.empty() || name.cpu.empty()) return absl::nullopt;
  return name;
}

absl::optional<std::pair<QemuSeries, absl::optional<int>>> ParseQemuVersion(absl::string_view version) {
  const absl::optional<QemuSeries> series = ConsumeSeries(version);
  if (!series) return absl::nullopt;
  return std::make_pair(*series, ConsumePatch(version, " +-~("));
}

std::pair<std::string, absl::optional<QemuSeries>> ParseMachineType(absl::string_view machine_type) {
  const size_t dash = machine_type.rfind('-');
  if (dash != absl::string_view::npos) {
    absl::string_view version = machine_type.substr(dash + 1);
    const absl::optional<QemuSeries> parsed = ConsumeSeries(version);
    if (parsed && version.empty()) return {std::string(machine_type.substr(0, dash)), parsed};
  }
  return {std::string(machine_type), absl::nullopt};
}

std::string FormatSeries(const QemuSeries& series) { return absl::StrCat(series.first, ".", series.second); }

}  // namespace armstate
