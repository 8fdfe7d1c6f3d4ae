#include "proto/resource_names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/error.h"

namespace armstate {
namespace {

constexpr size_t kMaxIdSize = 128;  // bytes

constexpr absl::string_view kVms = "vms/";
constexpr absl::string_view kCheckpoints = "/checkpoints/";
constexpr absl::string_view kCpuProfiles = "cpuProfiles/";
constexpr absl::string_view kMachines = "machines/";
constexpr absl::string_view kHosts = "hosts/";
constexpr absl::string_view kLatest = "latest";

bool IsId(absl::string_view id) {
  return !id.empty() && id.size() <= kMaxIdSize && absl::ascii_isalnum(id[0]) &&
         std::all_of(id.begin(), id.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-'; });
}

absl::Status Invalid(absl::string_view name, absl::string_view expected) {
  return MakeError(
      absl::StatusCode::kInvalidArgument, ErrorReason::kResourceNameInvalid,
      absl::StrCat("\"", name, "\" is not a name of the form ", expected,
                   "; an ID has 1 to 128 letters, digits, '.', '_', '-' and begins with a letter or digit"),
      {{"name", std::string(name)}, {"expected", std::string(expected)}});
}

absl::StatusOr<std::string> ParseId(absl::string_view name, absl::string_view collection, absl::string_view expected) {
  absl::string_view id = name;
  if (!absl::ConsumePrefix(&id, collection) || !IsId(id)) return Invalid(name, expected);
  return std::string(id);
}

}  // namespace

absl::StatusOr<std::string> ParseVmName(absl::string_view name) { return ParseId(name, kVms, "vms/{vm}"); }

absl::StatusOr<std::string> ParseCpuProfileName(absl::string_view name) {
  return ParseId(name, kCpuProfiles, "cpuProfiles/{profile}");
}

absl::StatusOr<std::string> ParseMachineName(absl::string_view name) {
  return ParseId(name, kMachines, "machines/{machine}");
}

absl::StatusOr<std::string> ParseHostName(absl::string_view name) { return ParseId(name, kHosts, "hosts/{host}"); }

absl::StatusOr<CheckpointName> ParseCheckpointName(absl::string_view name) {
  const auto invalid = [name] { return Invalid(name, "vms/{vm}/checkpoints/{version}"); };
  // Search from the end: a VM may be called "checkpoints".
  const size_t separator = name.rfind(kCheckpoints);
  if (separator == absl::string_view::npos) return invalid();
  const absl::StatusOr<std::string> vm = ParseVmName(name.substr(0, separator));
  if (!vm.ok()) return invalid();
  const absl::string_view version_text = name.substr(separator + kCheckpoints.size());
  if (version_text == kLatest) return CheckpointName{*vm, absl::nullopt};
  int64_t version = 0;
  // SimpleAtoi also accepts blanks, signs and leading zeros, but a version must have only one name.
  if (!absl::SimpleAtoi(version_text, &version) || version < 1 || absl::StrCat(version) != version_text)
    return invalid();
  return CheckpointName{*vm, version};
}

std::string FormatVmName(absl::string_view vm) { return absl::StrCat(kVms, vm); }

std::string FormatCpuProfileName(absl::string_view profile) { return absl::StrCat(kCpuProfiles, profile); }

std::string FormatMachineName(absl::string_view machine) { return absl::StrCat(kMachines, machine); }

std::string FormatHostName(absl::string_view host) { return absl::StrCat(kHosts, host); }

std::string FormatCheckpointName(absl::string_view vm, absl::optional<int64_t> version) {
  return absl::StrCat(kVms, vm, kCheckpoints, version ? absl::StrCat(*version) : std::string(kLatest));
}

}  // namespace armstate
