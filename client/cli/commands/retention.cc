#include <cstdint>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "client/checkpoint_client.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/output/text.h"

namespace armstate {
namespace {

struct RetentionOptions {
  std::string vm;
  int64_t keep_last = 0;
  std::string keep_for;
  bool keep_labelled = false;
  bool no_keep_labelled = false;
  bool off = false;
  // Tells whether the command line has the option.
  const CLI::Option* keep_last_option = nullptr;
};

// "7d", or what absl::ParseDuration reads: "36h", "90m", "1h30m".
absl::StatusOr<absl::Duration> ParseAge(absl::string_view text) {
  absl::string_view number = text;
  int64_t days = 0;
  if (absl::ConsumeSuffix(&number, "d") && absl::SimpleAtoi(number, &days)) return days * absl::Hours(24);
  absl::Duration age;
  if (absl::ParseDuration(text, &age)) return age;
  return UsageError(absl::StrCat("--keep-for ", text, " is not a time like 7d, 36h or 90m"));
}

// Makes a request that changes the rules on the command line; its mask is empty if there are none.
absl::StatusOr<v1::UpdateVmRequest> UpdateRequest(const RetentionOptions& options) {
  v1::UpdateVmRequest request;
  request.mutable_vm()->set_name(VmNameOf(options.vm));
  v1::Retention& retention = *request.mutable_vm()->mutable_retention();
  google::protobuf::FieldMask& mask = *request.mutable_update_mask();
  if (options.off) mask.add_paths("retention");
  if (options.keep_last_option->count() > 0) {
    retention.set_keep_last(options.keep_last);
    mask.add_paths("retention.keep_last");
  }
  if (!options.keep_for.empty()) {
    const absl::StatusOr<absl::Duration> age = ParseAge(options.keep_for);
    if (!age.ok()) return age.status();
    const int64_t seconds = absl::ToInt64Seconds(*age);
    retention.mutable_keep_for()->set_seconds(seconds);
    // The server refuses fractions of a second.
    retention.mutable_keep_for()->set_nanos(
        static_cast<int32_t>((*age - absl::Seconds(seconds)) / absl::Nanoseconds(1)));
    mask.add_paths("retention.keep_for");
  }
  if (options.keep_labelled && options.no_keep_labelled) {
    return UsageError("say either --keep-labelled or --no-keep-labelled");
  }
  if (options.keep_labelled || options.no_keep_labelled) {
    retention.set_keep_labelled(options.keep_labelled);
    mask.add_paths("retention.keep_labelled");
  }
  if (options.off && mask.paths_size() > 1) return UsageError("--off lifts all rules: leave the others out");
  return request;
}

absl::StatusOr<v1::Vm> GetOrUpdate(const RetentionOptions& options, CommandContext& context) {
  const absl::StatusOr<v1::UpdateVmRequest> update = UpdateRequest(options);
  if (!update.ok()) return update.status();
  const CheckpointClient client(context.connection);
  if (!update->update_mask().paths().empty()) return client.UpdateVm(*update);
  v1::GetVmRequest request;
  request.set_name(update->vm().name());
  return client.GetVm(request);
}

absl::StatusOr<ExitStatus> Retention(const RetentionOptions& options, CommandContext& context) {
  const absl::StatusOr<v1::Vm> vm = GetOrUpdate(options, context);
  if (!vm.ok()) return vm.status();
  if (context.json()) return PrintJson(*vm, context.out);
  context.out << vm->name() << ": keeps " << RetentionText(vm->retention()) << "; "
              << CountText(vm->checkpoint_count(), "checkpoint") << " kept\n";
  return ExitStatus::kOk;
}

}  // namespace

void AddRetentionCommand(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<RetentionOptions>();
  CLI::App* const command = app.add_subcommand(
      "retention",
      "Show or change which checkpoints of a VM are kept. Versions that no rule keeps are deleted, now and "
      "later; the latest one and protected ones always stay. Rules that are not given do not change");
  command->add_option("VM", options->vm, "The VM")->required();
  options->keep_last_option =
      command->add_option("--keep-last", options->keep_last, "Keep the last N versions; 0 removes the rule")
          ->type_name("N");
  command
      ->add_option("--keep-for", options->keep_for, "Keep versions younger than this (7d, 36h ...); 0 removes the rule")
      ->type_name("AGE");
  command->add_flag("--keep-labelled", options->keep_labelled, "Also keep versions that have labels");
  command->add_flag("--no-keep-labelled", options->no_keep_labelled, "Stop keeping versions because of their labels");
  command->add_flag("--off", options->off, "Remove all rules, so that nothing is deleted");
  command->footer(
      HelpFooter("  armstate retention web-1\n"
                 "  armstate retention web-1 --keep-last 100 --keep-for 7d --keep-labelled\n"
                 "  armstate retention web-1 --off\n"));
  command->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return Retention(*options, context); }; });
}

}  // namespace armstate
