#include <algorithm>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "client/cli/commands/arguments.h"
#include "client/cli/commands/commands.h"
#include "client/cli/commands/id_scheme.h"
#include "client/cli/files/probe_files.h"
#include "client/cli/output/register_text.h"
#include "client/cli/output/table.h"
#include "client/files/input_file.h"
#include "client/host_client.h"
#include "core/error.h"
#include "core/register_list.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "proto/cpu_profile_conversion.h"
#include "proto/enum_name.h"

namespace armstate {
namespace {

struct ProfileShowOptions {
  std::string profile;
  std::vector<std::string> names;
};

struct ProfileImportOptions {
  std::vector<std::string> files;
  bool probe = false;
};

template <typename Profiles>
void PrintProfiles(const Profiles& profiles, std::ostream& out) {
  Table table({"PROFILE", "SOURCE", "HYPERVISOR", "MACHINE", "CPU", "OPTIONS", "REGISTERS"});
  for (const v1::CpuProfile& profile : profiles) {
    if (profile.has_error()) {
      table.AddRow({ShortName(profile.name()), "DAMAGED", profile.error().message()});
      continue;
    }
    table.AddRow({ShortName(profile.name()), EnumName(profile.accelerator()),
                  absl::StrCat(profile.hypervisor(), " ", profile.hypervisor_version()), profile.machine_type(),
                  profile.cpu_model(), absl::StrJoin(profile.machine_options(), ","),
                  absl::StrCat(profile.register_count())});
  }
  table.Print("", out);
}

absl::StatusOr<ExitStatus> ListProfiles(CommandContext& context) {
  const absl::StatusOr<std::vector<v1::CpuProfile>> profiles = HostClient(context.connection).ListCpuProfiles();
  if (!profiles.ok()) return profiles.status();
  if (context.json()) {
    v1::ListCpuProfilesResponse response;
    response.mutable_cpu_profiles()->Add(profiles->begin(), profiles->end());
    return PrintJson(response, context.out);
  }
  PrintProfiles(*profiles, context.out);
  return ExitStatus::kOk;
}

class Silence final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
};

// The text of the profile itself, which scripts/make-profiles writes within an armstate.v1.StoredCpuProfile.
absl::StatusOr<std::string> ProfileText(const std::string& path, absl::string_view bytes) {
  v1::StoredCpuProfile stored;
  google::protobuf::TextFormat::Parser parser;
  Silence silence;
  parser.RecordErrorsTo(&silence);
  if (bytes.find("\nprofile {") == absl::string_view::npos || !parser.ParseFromString(std::string(bytes), &stored)) {
    return std::string(bytes);
  }
  if (!stored.base().empty()) {
    return UsageError(absl::StrCat(path, " is only the difference to ", stored.base(),
                                   ": `scripts/make-profiles --out` into an empty folder makes whole profiles"));
  }
  std::string text;
  google::protobuf::TextFormat::PrintToString(stored.profile(), &text);
  return text;
}

// A profile as `armstate profile show` prints it as JSON, or a text like those under profiles/.
absl::StatusOr<v1::CpuProfile> ReadProfile(const std::string& path) {
  const absl::StatusOr<InputFile> file = InputFile::Open(path);
  if (!file.ok()) return file.status();
  if (absl::EndsWith(path, ".textproto")) {
    const absl::StatusOr<std::string> text = ProfileText(path, file->bytes());
    if (!text.ok()) return text.status();
    absl::StatusOr<ParsedCpuProfile> parsed = ParseCpuProfileText(*text);
    if (!parsed.ok()) return Annotate(parsed.status(), path);
    return std::move(parsed->message);
  }
  v1::CpuProfile profile;
  const google::protobuf::util::Status status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(file->bytes().data(), file->bytes().size()), &profile);
  if (!status.ok()) {
    return UsageError(absl::StrCat(path, " is no CPU profile in JSON: ", std::string(status.message()),
                                   "; --probe imports the profiles of a host's probe"));
  }
  return profile;
}

absl::StatusOr<ExitStatus> ImportProfiles(const ProfileImportOptions& options, CommandContext& context) {
  std::vector<v1::ImportCpuProfileRequest> requests;
  if (options.probe) {
    const absl::Status added = AddProbeFiles(options.files, *requests.emplace_back().mutable_probe());
    if (!added.ok()) return added;
  } else {
    for (const std::string& file : options.files) {
      absl::StatusOr<v1::CpuProfile> profile = ReadProfile(file);
      if (!profile.ok()) return profile.status();
      *requests.emplace_back().mutable_cpu_profile() = *std::move(profile);
    }
  }
  v1::ImportCpuProfileResponse all;
  for (const v1::ImportCpuProfileRequest& request : requests) {
    const absl::StatusOr<v1::ImportCpuProfileResponse> imported =
        HostClient(context.connection).ImportCpuProfile(request);
    if (!imported.ok()) return imported.status();
    all.MergeFrom(*imported);
  }
  if (context.json()) return PrintJson(all, context.out);
  PrintProfiles(all.cpu_profiles(), context.out);
  return ExitStatus::kOk;
}

// Prints reset values, the bits that a write may change, and notes, for the selected registers or for all.
absl::Status PrintRules(const CpuProfile& profile, absl::Span<const RegisterSelector> selectors, std::ostream& out) {
  std::vector<size_t> indexes;
  for (const RegisterSelector& selector : selectors) {
    const absl::optional<size_t> index = profile.layout()->Find(selector.id);
    if (!index) {
      return MakeError(absl::StatusCode::kNotFound, ErrorReason::kRegisterNotFound,
                       absl::StrCat("the profile has no register ", RegisterName(selector.id, profile.scheme()), " (",
                                    selector.id.ToString(), ")"),
                       {{"register_id", selector.id.ToString()}});
    }
    indexes.push_back(*index);
  }
  for (size_t i = 0; selectors.empty() && i < profile.layout()->size(); ++i) indexes.push_back(i);

  Table table({"REGISTER", "RESET", "WRITABLE BITS", ""});
  for (const size_t index : indexes) {
    const RegisterLayout& layout = *profile.layout();
    const absl::string_view writable = profile.writable().substr(layout.offset(index), layout.width(index));
    const uint32_t owner = profile.owners()[index];
    table.AddRow({RegisterName(layout.id(index), profile.scheme()), FormatValue(profile.reset().value(index)),
                  FormatValue(writable),
                  owner == index ? "" : absl::StrCat("shows ", RegisterName(layout.id(owner), profile.scheme()))});
  }
  table.Print("", out);
  return absl::OkStatus();
}

absl::StatusOr<ExitStatus> ShowProfile(const ProfileShowOptions& options, CommandContext& context) {
  v1::GetCpuProfileRequest request;
  request.set_name(CpuProfileNameOf(options.profile));
  absl::StatusOr<v1::CpuProfile> message = HostClient(context.connection).GetCpuProfile(request);
  if (!message.ok()) return message.status();
  const absl::StatusOr<std::vector<RegisterSelector>> selectors = SelectorsOf(options.names, *message);
  if (!selectors.ok()) return selectors.status();
  if (context.json()) {
    auto* rules = message->mutable_registers();
    const auto unwanted = [&selectors](const v1::RegisterRule& rule) {
      return !selectors->empty() && std::none_of(selectors->begin(), selectors->end(), [&rule](const auto& selector) {
        return selector.id.raw() == rule.id();
      });
    };
    rules->erase(std::remove_if(rules->begin(), rules->end(), unwanted), rules->end());
    return PrintJson(*message, context.out);
  }
  const absl::StatusOr<std::shared_ptr<const CpuProfile>> profile = CpuProfileFromProto(*message);
  if (!profile.ok()) return profile.status();
  const absl::Status printed = PrintRules(**profile, *selectors, context.out);
  if (!printed.ok()) return printed;
  return ExitStatus::kOk;
}

}  // namespace

void AddProfileCommand(CLI::App& app, Command& chosen) {
  CLI::App* const profile =
      app.add_subcommand("profile", "List, show and import CPU profiles: what each kind of target accepts");
  profile->require_subcommand(1);

  CLI::App* const list = profile->add_subcommand("list", "List the profiles that the server knows");
  list->footer(HelpFooter("  armstate profile list\n"));
  list->callback([&chosen] { chosen = ListProfiles; });

  auto options = std::make_shared<ProfileShowOptions>();
  CLI::App* const show =
      profile->add_subcommand("show", "Show the registers of a profile, and what a write may change");
  show->add_option("PROFILE", options->profile, "The profile")->required();
  show->add_option("NAME", options->names, "Only these registers")->type_name("");
  show->footer(HelpFooter("  armstate profile show qemu-7.2.virt.cortex-a57 SCTLR_EL1 MIDR_EL1\n"));
  show->callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return ShowProfile(*options, context); }; });

  auto import_options = std::make_shared<ProfileImportOptions>();
  CLI::App* const import_command = profile->add_subcommand(
      "import", "Add profiles without a host; a profile that the server has already keeps its name");
  import_command
      ->add_option("FILE", import_options->files, "What 'profile show --output=json' printed, or a .textproto")
      ->required();
  import_command->add_flag("--probe", import_options->probe, "The files are the probe of one host");
  import_command->footer(
      HelpFooter("  armstate profile import mine.json\n  armstate profile import --probe rack4-a72.probe.zst\n"));
  import_command->callback([import_options, &chosen] {
    chosen = [import_options](CommandContext& context) { return ImportProfiles(*import_options, context); };
  });
  profile->footer(HelpFooter("  armstate profile list\n  armstate profile show qemu-7.2.virt.cortex-a57\n"));
}

}  // namespace armstate
