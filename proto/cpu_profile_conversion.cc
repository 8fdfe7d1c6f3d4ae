#include "proto/cpu_profile_conversion.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/error.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/text_format.h"
#include "proto/register_rule_conversion.h"
#include "proto/resource_names.h"

namespace armstate {
namespace {

using ::google::protobuf::TextFormat;

// The messages are nested four deep.
constexpr int kMaxNesting = 8;

absl::Status Malformed(absl::string_view message, std::map<std::string, std::string> metadata = {}) {
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kCpuProfileMalformed, message, std::move(metadata));
}

// protobuf counts lines and columns from 0.
absl::Status AtLocation(int line, int column, absl::string_view message, std::map<std::string, std::string> metadata) {
  metadata["line"] = absl::StrCat(line + 1);
  return Malformed(absl::StrCat("line ", line + 1, ", column ", column + 1, ": ", message), std::move(metadata));
}

// Keeps the first error, since later ones are often its consequences.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (status_.ok()) status_ = AtLocation(line, column, message, {});
  }
  const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
};

// Returns the place in the text that is at fault, as precisely as the metadata of `status` allows.
TextFormat::ParseLocation FindLocation(const absl::Status& status, const v1::CpuProfile& message,
                                       const TextFormat::ParseInfoTree& locations) {
  const auto* descriptor = v1::CpuProfile::descriptor();
  const absl::optional<ErrorInfo> info = GetErrorInfo(status);
  const auto register_id = info->metadata.find("register_id");
  if (register_id != info->metadata.end()) {
    const auto* field = descriptor->FindFieldByNumber(v1::CpuProfile::kRegistersFieldNumber);
    int found = -1;
    for (int i = 0; i < message.registers_size(); ++i) {
      const uint64_t id = message.registers(i).id();
      if (absl::StrFormat("0x%016x", id) == register_id->second) found = i;
      // The rules are checked in order: for an ID that occurs twice, the one out of order is at fault.
      if (found == i && i > 0 && id <= message.registers(i - 1).id()) break;
    }
    if (found >= 0) return locations.GetLocation(field, found);
  }
  const auto named = info->metadata.find("field");
  if (named != info->metadata.end()) {
    const auto* field = descriptor->FindFieldByName(named->second);
    const TextFormat::ParseLocation location = locations.GetLocation(field, -1);
    if (location.line >= 0) return location;
  }
  return TextFormat::ParseLocation(0, 0);  // a missing field is reported at the start
}

absl::StatusOr<ListLoad> ListLoadFromProto(const v1::ListLoad& message) {
  ListLoad load;
  switch (message.missing()) {
    case v1::ListLoad::MISSING_NOT_INITIALIZED:
      load.missing = ListLoad::Missing::kNotInitialized;
      break;
    case v1::ListLoad::MISSING_NOT_KNOWN:
      load.missing = ListLoad::Missing::kNotKnown;
      break;
    default:
      load.missing = ListLoad::Missing::kLoadedAsZero;
  }
  load.longer_is_refused = message.longer_is_refused();
  load.last_are_dropped = message.last_are_dropped();
  for (const auto& [ids, to] : {std::make_pair(&message.ignored(), &load.ignored),
                                std::make_pair(&message.taken_without(), &load.taken_without)}) {
    for (const uint64_t raw : *ids) {
      const absl::StatusOr<RegisterId> id = RegisterId::Create(raw);
      if (!id.ok()) return Malformed(id.status().message(), {{"field", "list_load"}});
      to->push_back(*id);
    }
    std::sort(to->begin(), to->end());
  }
  return load;
}

}  // namespace

absl::StatusOr<ParsedCpuProfile> ParseCpuProfileText(absl::string_view text) {
  ParsedCpuProfile parsed;
  FirstError first_error;
  TextFormat::ParseInfoTree locations;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&first_error);
  parser.WriteLocationsTo(&locations);
  parser.SetRecursionLimit(kMaxNesting);
  google::protobuf::io::ArrayInputStream input(text.data(), static_cast<int>(text.size()));
  if (!parser.Parse(&input, &parsed.message)) {
    return first_error.status().ok() ? Malformed("not a text-format armstate.v1.CpuProfile") : first_error.status();
  }
  parsed.message.set_register_count(parsed.message.registers_size());
  absl::StatusOr<std::shared_ptr<const CpuProfile>> profile = CpuProfileFromProto(parsed.message);
  if (!profile.ok()) {
    const TextFormat::ParseLocation location = FindLocation(profile.status(), parsed.message, locations);
    return AtLocation(location.line, location.column, profile.status().message(),
                      GetErrorInfo(profile.status())->metadata);
  }
  parsed.profile = *std::move(profile);
  return parsed;
}

absl::StatusOr<std::shared_ptr<const CpuProfile>> CpuProfileFromProto(const v1::CpuProfile& message) {
  absl::StatusOr<std::string> name = ParseCpuProfileName(message.name());
  if (!name.ok()) return Malformed(name.status().message(), {{"field", "name"}});
  if (message.accelerator() != v1::ACCELERATOR_TCG && message.accelerator() != v1::ACCELERATOR_KVM) {
    return Malformed("the accelerator of a profile is TCG or KVM", {{"field", "accelerator"}});
  }
  std::vector<RegisterRule> rules;
  rules.reserve(message.registers_size());
  for (const v1::RegisterRule& rule_message : message.registers()) {
    absl::StatusOr<RegisterRule> rule = RegisterRuleFromProto(rule_message);
    if (!rule.ok()) return rule.status();
    rules.push_back(*std::move(rule));
  }
  const IdScheme scheme = message.accelerator() == v1::ACCELERATOR_TCG ? IdScheme::kTcg : IdScheme::kKvm;
  absl::StatusOr<ListLoad> list_load = ListLoadFromProto(message.list_load());
  if (!list_load.ok()) return list_load.status();
  return CpuProfile::Create(*std::move(name), scheme, std::move(rules), *std::move(list_load));
}

}  // namespace armstate
