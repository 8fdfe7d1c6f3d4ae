#include "client/cli/commands/target_options.h"

#include "absl/strings/str_cat.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/output/user_error.h"
#include "client/files/input_file.h"
#include "core/conversion.h"
#include "google/protobuf/text_format.h"
#include "proto/rule_text.h"

namespace armstate {
void AddToleranceOptions(CLI::App& command, ToleranceOptions& options) {
  command
      .add_option("--tolerate", options.files,
                  "Tolerances to use in addition to the server's, see profiles/tolerances.textproto")
      ->type_name("FILE");
  command.add_flag("--strict", options.strict, "Ignore the server's tolerances");
}

void AddAcceptOption(CLI::App& command, std::vector<std::string>& names) {
  command
      .add_option("--accept", names,
                  "Go on without what refuses a conversion: feature-gone, state-lost, counter-frequency or "
                  "exception-levels; may be repeated")
      ->type_name("NAME")
      ->check(CLI::IsMember(std::vector<std::string>(AcceptableNames().begin(), AcceptableNames().end())))
      ->take_all()
      ->allow_extra_args(false);
}

absl::Status ReadTolerances(const ToleranceOptions& options,
                            google::protobuf::RepeatedPtrField<v1::Tolerance>& tolerances) {
  for (const std::string& path : options.files) {
    const absl::StatusOr<InputFile> file = InputFile::Open(path);
    if (!file.ok()) return file.status();
    v1::ToleranceSet set;
    google::protobuf::TextFormat::ParseInfoTree locations;
    if (const absl::optional<RuleTextError> error = ParseRuleText(file->bytes(), set, locations)) {
      return UsageError(absl::StrCat(path, ": ", error->ToString()));
    }
    tolerances.MergeFrom(set.tolerances());
  }
  return absl::OkStatus();
}

void AddTargetOptions(CLI::App& command, CheckpointTarget checkpoint, TargetOptions& options) {
  CLI::Option_group* const group = command.add_option_group("target");
  group->add_option("--host", options.host, "A host, see `armstate host list`")->type_name("HOST");
  group->add_option("--target", options.profile, "A CPU profile, see `armstate profile list`")->type_name("PROFILE");
  if (checkpoint == CheckpointTarget::kAllowed) {
    group
        ->add_option("--like", options.checkpoint,
                     "A vCPU like that of another checkpoint, of which only the present values are known")
        ->type_name("VM[@VERSION]");
  }
  group->require_option(1);
}

void AddRestorerOption(CLI::App& command, v1::Restorer& by) {
  command
      .add_option_function<std::string>(
          "--by", [&by](const std::string& name) { by = name == "qemu" ? v1::RESTORER_QEMU : v1::RESTORER_ARMSTATE; },
          "What restores: armstate (the default), or QEMU, which loads the stream unchanged")
      ->check(CLI::IsMember({"armstate", "qemu"}))
      ->type_name("armstate|qemu");
}

v1::RestoreTarget TargetOf(const TargetOptions& options) {
  v1::RestoreTarget target;
  if (!options.host.empty()) target.set_host(HostNameOf(options.host));
  if (!options.profile.empty()) target.set_cpu_profile(CpuProfileNameOf(options.profile));
  if (!options.checkpoint.empty()) target.set_checkpoint(CheckpointNameOf(options.checkpoint));
  return target;
}

std::string TargetName(const v1::RestoreTarget& target) {
  switch (target.target_case()) {
    case v1::RestoreTarget::kHost:
      return target.host();
    case v1::RestoreTarget::kCpuProfile:
      return target.cpu_profile();
    case v1::RestoreTarget::kCheckpoint:
      return target.checkpoint();
    case v1::RestoreTarget::TARGET_NOT_SET:
      break;
  }
  return "";
}

}  // namespace armstate
