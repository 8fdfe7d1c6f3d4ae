#include "client/commands/command.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

namespace armstate {
namespace {

constexpr absl::string_view kUsagePayload = "armstate/UsageError";
constexpr absl::string_view kNextStepPayload = "armstate/NextStep";
constexpr absl::string_view kExcerptPayload = "armstate/Excerpt";

std::string TextPayload(const absl::Status& status, absl::string_view name) {
  const absl::optional<absl::Cord> text = status.GetPayload(name);
  return text ? std::string(*text) : std::string();
}

}  // namespace

std::string Palette::Paint(absl::string_view code, absl::string_view text) const {
  if (!enabled_) return std::string(text);
  return absl::StrCat("\x1b[", code, "m", text, "\x1b[0m");
}

ExitStatus PrintJson(const google::protobuf::Message& message, std::ostream& out) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  std::string text;
  // Fails only for messages that are malformed in themselves, e.g. an Any of an unknown type; none of ours is.
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return ExitStatus::kError;
  out << text;
  return ExitStatus::kOk;
}

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsagePayload, absl::Cord());
  return status;
}

bool IsUsageError(const absl::Status& status) { return status.GetPayload(kUsagePayload).has_value(); }

absl::Status WithNextStep(absl::Status status, absl::string_view next_step) {
  status.SetPayload(kNextStepPayload, absl::Cord(next_step));
  return status;
}

absl::Status WithExcerpt(absl::Status status, absl::string_view excerpt) {
  status.SetPayload(kExcerptPayload, absl::Cord(excerpt));
  return status;
}

std::string GetExcerpt(const absl::Status& status) { return TextPayload(status, kExcerptPayload); }

std::string GetNextStep(const absl::Status& status) { return TextPayload(status, kNextStepPayload); }

}  // namespace armstate
