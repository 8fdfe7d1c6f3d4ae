#include "client/kvm/capture.h"

#include <sys/utsname.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "armstate/v1/checkpoint.pb.h"
#include "client/files/input_file.h"
#include "client/kvm/guest/guest.h"
#include "client/kvm/tool/commands.h"
#include "client/kvm/tool/cpu_model.h"
#include "client/kvm/tool/files.h"
#include "client/kvm/tool/minimal_vmm.h"
#include "client/kvm/tool/vmm_options.h"
#include "google/protobuf/util/time_util.h"
#include "proto/vcpu_state_conversion.h"

namespace armstate {
namespace {

struct CaptureOptions {
  VmmOptions vmm;
  std::string payload;
  int vcpus = 1;
  int memory_mib = 16;
  int after_lines = 10;
  std::string out;
  std::string memory;
};

v1::Source SourceOf(const VcpuFeatures& features, const VcpuState& vcpu) {
  v1::Source source;
  source.set_accelerator(v1::ACCELERATOR_KVM);
  source.set_hypervisor("armstate-kvm");
  utsname names = {};
  if (uname(&names) == 0) {
    source.set_host_kernel(names.release);
    source.set_host(names.nodename);
  }
  constexpr uint64_t kMidr = 0x6030'0000'0013'c000;
  if (const auto midr = vcpu.registers.Find(RegisterId::Known<kMidr>())) {
    source.set_cpu_model(CpuModelName(LowWord(*midr)));
  }
  for (std::string& name : VcpuFeatureNames(features)) source.add_vcpu_features(std::move(name));
  return source;
}

absl::StatusOr<ExitStatus> CaptureGuest(const CaptureOptions& options, std::ostream& out) {
  MinimalVmm::Options vmm_options;
  const absl::StatusOr<VcpuFeatures> features = FeaturesOf(options.vmm.features);
  if (!features.ok()) return features.status();
  if (options.payload.empty() && features->has(VcpuFeature::kEl1Is32Bit)) {
    return absl::InvalidArgumentError("the built-in guest has AArch64 code; name another with --payload");
  }
  vmm_options.features = *features;
  vmm_options.vcpu_count = options.vcpus;
  vmm_options.memory_size = static_cast<size_t>(options.memory_mib) << 20;
  absl::StatusOr<std::unique_ptr<MinimalVmm>> vmm = MinimalVmm::Create(vmm_options);
  if (!vmm.ok()) return vmm.status();
  if (!(*vmm)->restorer().missing().empty()) {
    const MissingKvmFeature& missing = (*vmm)->restorer().missing().front();
    return absl::FailedPreconditionError(
        absl::StrCat("this host does not support ", missing.feature, ": ", missing.call, ": ", missing.error));
  }
  if (options.payload.empty()) {
    if (absl::Status status = (*vmm)->Load(BuiltInGuest()); !status.ok()) return status;
  } else {
    const absl::StatusOr<InputFile> payload = InputFile::Open(options.payload);
    if (!payload.ok()) return payload.status();
    if (absl::Status status = (*vmm)->Load(payload->bytes()); !status.ok()) return status;
  }
  const absl::Status ran = (*vmm)->Run(options.after_lines, options.vmm.timeout_duration(),
                                       [&](absl::string_view line) { out << line << '\n'; });
  if (!ran.ok()) return ran;

  const absl::Time capture_time = absl::Now();
  absl::StatusOr<KvmCapture> capture = CaptureKvmVcpus((*vmm)->vcpu_calls());
  if (!capture.ok()) return capture.status();
  v1::Checkpoint checkpoint;
  *checkpoint.mutable_source() = SourceOf(*features, capture->vcpus.front());
  *checkpoint.mutable_capture_time() =
      google::protobuf::util::TimeUtil::NanosecondsToTimestamp(absl::ToUnixNanos(capture_time));
  for (VcpuState& state : capture->vcpus) *checkpoint.add_vcpus() = VcpuStateToProto(std::move(state));
  for (const CaptureGap& gap : capture->gaps) *checkpoint.add_gaps() = CaptureGapToProto(gap);
  if (!options.memory.empty()) {
    const absl::Span<char> memory = (*vmm)->memory();
    absl::Status status = WriteFile(options.memory, absl::string_view(memory.data(), memory.size()));
    if (!status.ok()) return status;
  }
  if (absl::Status status = WriteJsonFile(options.out, checkpoint); !status.ok()) return status;
  return ExitStatus::kOk;
}

}  // namespace

void AddCaptureCommand(CLI::App& app, KvmCommand& chosen) {
  auto options = std::make_shared<CaptureOptions>();
  CLI::App* const command =
      app.add_subcommand("capture", "Run a small guest on KVM, stop it, and write its checkpoint and memory to files");
  command
      ->add_option("--payload", options->payload, "The guest, a flat binary for 0x40080000; without it, a built-in one")
      ->type_name("FILE");
  command->add_option("--vcpus", options->vcpus, "The guest's number of vCPUs")
      ->check(CLI::Range(1, kMaxGuestVcpus))
      ->capture_default_str();
  command->add_option("--memory-mib", options->memory_mib, "The guest's memory")
      ->check(CLI::Range(1, static_cast<int>(kMaxGuestMemory >> 20)))
      ->capture_default_str();
  command
      ->add_option("--after-lines", options->after_lines,
                   "Stop when the guest has printed this many lines, which are shown")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command->add_option("--out", options->out, "JSON of armstate.v1.Checkpoint, for `armstate push`")
      ->type_name("FILE")
      ->required();
  command->add_option("--memory", options->memory, "The guest's whole memory, as raw bytes")->type_name("FILE");
  AddVmmOptions(*command, options->vmm);
  command->footer(KvmHelpFooter(
      "  armstate-kvm capture --features pmu --vcpus 2 --after-lines 50 --out vm.json --memory vm.ram\n"));
  command->callback(
      [options, &chosen] { chosen = [options](std::ostream& out) { return CaptureGuest(*options, out); }; });
}

}  // namespace armstate
