#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "armstate/v1/checkpoint.pb.h"
#include "armstate/v1/restore_service.pb.h"
#include "client/files/input_file.h"
#include "client/kvm/restore_input.h"
#include "client/kvm/tool/commands.h"
#include "client/kvm/tool/files.h"
#include "client/kvm/tool/minimal_vmm.h"
#include "client/kvm/tool/vmm_options.h"
#include "core/catalog.h"
#include "core/error.h"
#include "proto/restore_report_conversion.h"
#include "proto/secret_redaction.h"
#include "proto/vcpu_state_conversion.h"

namespace armstate {
namespace {

struct RestoreOptions {
  VmmOptions vmm;
  std::string checkpoint;
  std::string plan;
  std::string memory;
  std::string report;
  int lines = 0;
};

// The state to write to the vCPUs: the plan's if there is one, otherwise the checkpoint's.
absl::StatusOr<KvmRestoreInput> LoadInput(const RestoreOptions& options, const v1::Checkpoint& checkpoint) {
  if (!options.plan.empty()) {
    v1::PlanRestoreResponse plan;
    if (absl::Status status = ReadJsonFile(options.plan, plan); !status.ok()) return status;
    absl::StatusOr<KvmRestoreInput> input = PlannedStates(plan, checkpoint);
    if (!input.ok()) return Annotate(input.status(), options.plan);
    return input;
  }
  absl::StatusOr<KvmRestoreInput> input = CheckpointStates(checkpoint);
  if (!input.ok()) return Annotate(input.status(), options.checkpoint);
  return input;
}

v1::RestoreReport ReportOf(const KvmRestoreInput& input, absl::Span<const KvmVcpu> ports,
                           const KvmRestoreResult& result) {
  std::vector<VcpuReportInput> vcpus;
  for (size_t i = 0; i < input.states.size(); ++i) {
    vcpus.push_back({input.states[i].vcpu_index, input.states[i].registers, *ports[i].layout(), result.reports[i]});
  }
  v1::RestoreReport report = RestoreReportToProto(vcpus, IdScheme::kKvm, ReportedRegisters::kFindings);
  report.set_by(v1::RESTORER_ARMSTATE);
  for (const MissingKvmFeature& missing : result.missing) {
    v1::MissingVcpuFeature* const feature = report.add_missing_vcpu_features();
    feature->set_feature(missing.feature);
    feature->set_call(missing.call);
    feature->set_error(missing.error);
  }
  for (const std::string& problem : result.problems) report.add_notes(problem);
  if (!result.complete()) report.set_verdict(v1::VERDICT_REFUSED);
  RedactSecrets(report);
  return report;
}

// Prints only the findings that refuse; the report has the others.
void PrintRefusal(const KvmRestoreResult& result, std::ostream& out) {
  out << "refused\n";
  for (const MissingKvmFeature& missing : result.missing) {
    out << "this host does not support " << missing.feature << ": " << missing.call << ": " << missing.error << '\n';
  }
  for (const std::string& problem : result.problems) out << problem << '\n';
  for (size_t vcpu = 0; vcpu < result.reports.size(); ++vcpu) {
    for (const RegisterFinding& finding : result.reports[vcpu].findings) {
      if (VerdictOf(finding) != Verdict::kRefused) continue;
      out << "vCPU " << vcpu << ": " << RegisterName(finding.id, IdScheme::kKvm) << ": ";
      if (!IsSecretRegister(finding.id)) {
        out << "wanted " << FormatValue(finding.wanted) << (finding.got.empty() ? "" : ", got ")
            << (finding.got.empty() ? "" : FormatValue(finding.got)) << ": ";
      }
      out << finding.reason << '\n';
    }
  }
}

absl::Status LoadMemory(const std::string& path, MinimalVmm::Options& options, absl::optional<InputFile>& file) {
  if (path.empty()) return absl::OkStatus();
  absl::StatusOr<InputFile> opened = InputFile::Open(path);
  if (!opened.ok()) return opened.status();
  options.memory_size = opened->bytes().size();
  file.emplace(*std::move(opened));
  return absl::OkStatus();
}

absl::StatusOr<ExitStatus> RestoreGuest(const RestoreOptions& options, std::ostream& out) {
  v1::Checkpoint checkpoint;
  if (absl::Status status = ReadJsonFile(options.checkpoint, checkpoint); !status.ok()) return status;
  const absl::StatusOr<KvmRestoreInput> input = LoadInput(options, checkpoint);
  if (!input.ok()) return input.status();

  const std::vector<std::string> recorded(checkpoint.source().vcpu_features().begin(),
                                          checkpoint.source().vcpu_features().end());
  const absl::StatusOr<VcpuFeatures> features =
      FeaturesOf(options.vmm.features.empty() ? recorded : options.vmm.features);
  if (!features.ok()) return features.status();
  MinimalVmm::Options vmm_options;
  vmm_options.features = *features;
  vmm_options.vcpu_count = static_cast<int>(std::min<size_t>(input->states.size(), kMaxGuestVcpus + 1));
  absl::optional<InputFile> memory;
  if (absl::Status status = LoadMemory(options.memory, vmm_options, memory); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<MinimalVmm>> vmm = MinimalVmm::Create(vmm_options, input->states);
  if (!vmm.ok()) return vmm.status();
  if (memory) std::copy(memory->bytes().begin(), memory->bytes().end(), (*vmm)->memory().begin());

  KvmRestoreResult result = (*vmm)->restorer().Write(input->states, input->orders);
  ApplyPlanTolerances(*input, result);
  const v1::RestoreReport report = ReportOf(*input, (*vmm)->restorer().vcpus(), result);
  if (!options.report.empty()) {
    if (absl::Status status = WriteJsonFile(options.report, report); !status.ok()) return status;
  }
  if (report.verdict() == v1::VERDICT_REFUSED) {
    PrintRefusal(result, out);
    return ExitStatus::kRefused;  // the guest would differ from the checkpoint
  }
  const absl::Status ran =
      (*vmm)->Run(options.lines, options.vmm.timeout_duration(), [&](absl::string_view line) { out << line << '\n'; });
  if (!ran.ok()) return ran;
  return ExitStatus::kOk;
}

}  // namespace

void AddRestoreCommand(CLI::App& app, KvmCommand& chosen) {
  auto options = std::make_shared<RestoreOptions>();
  CLI::App* const command = app.add_subcommand(
      "restore", "Restore a checkpoint onto the vCPUs of a small VM, report the result of every register, and run it");
  command->add_option("CHECKPOINT", options->checkpoint, "JSON of armstate.v1.Checkpoint; - is standard input")
      ->required();
  command
      ->add_option("--plan", options->plan,
                   "JSON of armstate.v1.PlanRestoreResponse: write only its registers, in its order")
      ->type_name("FILE");
  command
      ->add_option("--memory", options->memory,
                   "The guest's memory, which decides its size; without it 16 MiB of zeros")
      ->type_name("FILE");
  command->add_option("--report", options->report, "Write the result as JSON of armstate.v1.RestoreReport")
      ->type_name("FILE");
  command
      ->add_option("--lines", options->lines,
                   "If nothing was refused: run the guest until it has printed this many lines")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  AddVmmOptions(*command, options->vmm);
  command->get_option("--features")->description("vCPU features, instead of those of the checkpoint's source");
  command->footer(
      KvmHelpFooter("  armstate-kvm restore vm.json --memory vm.ram --report report.json --lines 50\n"
                    "  armstate-kvm restore vm.json --plan plan.json --memory vm.ram --report report.json\n"));
  command->callback(
      [options, &chosen] { chosen = [options](std::ostream& out) { return RestoreGuest(*options, out); }; });
}

}  // namespace armstate
