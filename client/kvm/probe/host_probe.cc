#include "client/kvm/probe/host_probe.h"

#include <sys/utsname.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/kvm/probe/class_probe.h"
#include "client/kvm/probe/file_writer.h"
#include "client/kvm/probe/known_registers.h"
#include "client/kvm/probe/probed_vm.h"
#include "client/kvm/probe/scratch_vm.h"
#include "client/kvm/vm.h"
#include "core/vcpu_feature.h"

namespace armstate {
namespace {

constexpr uint32_t Bit(VcpuFeature feature) { return 1u << static_cast<int>(feature); }

constexpr uint32_t kBase = Bit(VcpuFeature::kPsci02);
constexpr uint32_t kPmu = kBase | Bit(VcpuFeature::kPmuV3);
constexpr uint32_t kSve = Bit(VcpuFeature::kSve);
constexpr uint32_t kPtrauth = Bit(VcpuFeature::kPtrauthAddress) | Bit(VcpuFeature::kPtrauthGeneric);

constexpr uint64_t kZ0 = 0x6080'0000'0015'0000;
constexpr uint64_t kP0 = 0x6050'0000'0015'0400;
constexpr uint64_t kFfr = 0x6050'0000'0015'0600;

struct FeatureClass {
  const char* name;
  VcpuFeatures features;
};

// A capability for which the host is asked before any VM exists.
struct Capabilities {
  const char* name;
  KvmCapability capability;
  uint32_t features;  // the features that need it
};
constexpr Capabilities kCapabilities[] = {
    {"pmu", KvmCapability::kPmuV3, Bit(VcpuFeature::kPmuV3)},
    {"sve", KvmCapability::kSve, kSve},
    {"pauth_a", KvmCapability::kPtrauthAddress, Bit(VcpuFeature::kPtrauthAddress)},
    {"pauth_g", KvmCapability::kPtrauthGeneric, Bit(VcpuFeature::kPtrauthGeneric)},
    {"el1_32", KvmCapability::kEl1Is32Bit, Bit(VcpuFeature::kEl1Is32Bit)},
    {"el2", KvmCapability::kEl2, Bit(VcpuFeature::kHasEl2)},
    {"mte", KvmCapability::kMemoryTagging, 0},
    {"wr_imp_id", KvmCapability::kWritableImplementationId, 0},
    {"regmask", KvmCapability::kSupportedRegisterMaskRanges, 0},
    {"ipa", KvmCapability::kIpaSize, 0},
};

VcpuFeatures Features(uint32_t bits, bool memory_tagging = false) {
  VcpuFeatures features;
  features.bits = bits;
  features.memory_tagging = memory_tagging;
  return features;
}

std::vector<FeatureClass> Classes(uint32_t supported, bool memory_tagging) {
  const uint32_t full = kPmu | kSve | kPtrauth;
  const FeatureClass wanted[] = {{"base", Features(kBase)},
                                 {"pmu", Features(kPmu)},
                                 {"sve", Features(kPmu | kSve)},
                                 {"ptrauth", Features(kPmu | kPtrauth)},
                                 {"full", Features(full)},
                                 {"full_mte", Features(full & (supported | kBase), true)},
                                 {"aarch32", Features(kPmu | Bit(VcpuFeature::kEl1Is32Bit))},
                                 {"el2", Features(kPmu | Bit(VcpuFeature::kHasEl2))}};
  std::vector<FeatureClass> classes;
  for (const FeatureClass& c : wanted) {
    if ((c.features.bits & ~(supported | kBase)) != 0 || (c.features.memory_tagging && !memory_tagging)) continue;
    classes.push_back(c);
  }
  return classes;
}

class Prober {
 public:
  Prober(std::string host, std::string cpu, std::string cpus, std::unique_ptr<KvmVm> vm)
      : host_(std::move(host)), cpu_(std::move(cpu)), cpus_(std::move(cpus)), vm_(std::move(vm)) {
    utsname names = {};
    uname(&names);
    release_ = names.release;
    version_ = names.version;
  }

  absl::StatusOr<HostProbeResult> Run() {
    Describe();
    if (absl::Status status = AskInit(); !status.ok()) return status;
    HostProbeResult result;
    for (const FeatureClass& feature_class : Classes(supported_, memory_tagging_)) {
      // The host claims these features, but may still refuse such a VM.
      if (const auto vm = CreateScratchVm(feature_class.features); !vm.ok()) {
        Answer(absl::StrCat("class.", feature_class.name), std::string(vm.status().message()));
        continue;
      }
      absl::Status status = ProbeClass(feature_class);
      if (!status.ok()) return absl::Status(status.code(), absl::StrCat(feature_class.name, ": ", status.message()));
      ++result.classes;
    }
    if (result.classes == 0) return absl::UnavailableError("this host makes no VM; see dmesg");
    result.text = file_.Finish();
    result.calls = calls_;
    return result;
  }

 private:
  // Adds the line about the host.
  void Describe() {
    ProbeJson info = {{"release", release_}, {"version", version_}};
    for (const Capabilities& asked : kCapabilities) {
      const int answer = vm_->CheckCapability(asked.capability);
      info[asked.name] = absl::StrCat(answer);
      if (answer > 0) supported_ |= asked.features;
      if (asked.capability == KvmCapability::kMemoryTagging) memory_tagging_ = answer > 0;
      if (asked.capability == KvmCapability::kWritableImplementationId) writable_implementation_id_ = answer > 0;
    }
    ProbeJson line = {{"host", host_}, {"info", std::move(info)}, {"writable_masks", nullptr}};
    if (!cpus_.empty()) line["cpus"] = cpus_;
    std::vector<uint64_t> masks(kKvmFeatureIdMasks);
    if (vm_->GetWritableMasks(absl::MakeSpan(masks)) == 0) {
      line["writable_masks"] = ProbeJson::object();
      for (size_t i = 0; i < masks.size(); ++i) {
        constexpr unsigned kOp1[] = {0, 1, 3};
        const auto index = static_cast<unsigned>(i);
        if (masks[i] == 0) continue;
        line["writable_masks"][HexId(RegisterId::System(3, kOp1[index / 64], 0, index / 8 % 8, index % 8).raw())] =
            Hex(masks[i]);
      }
    }
    file_.Add(line);
  }

  void Answer(const std::string& label, const std::string& result) {
    file_.Add({{"kind", "errno"}, {"label", label}, {"result", {result}}});
  }

  // Adds the answers of KVM_ARM_VCPU_INIT, by target and by feature.
  absl::Status AskInit() {
    if (const KvmErrno error = vm_->PreferredTarget(target_); error != 0) {
      return KvmStatus("KVM_ARM_PREFERRED_TARGET", error);
    }
    Answer("preferred_target", absl::StrCat(target_));
    const auto ask = [&](const std::string& label, uint32_t target, uint32_t features) -> absl::Status {
      KvmErrno error = 0;
      const absl::StatusOr<ScratchVm> vm = CreateUnfinishedVm(Features(features), target, error);
      if (!vm.ok()) return vm.status();
      Answer(label, error == 0 ? "0" : ErrnoName(error));
      return absl::OkStatus();
    };
    for (uint32_t target = 0; target < 7; ++target) {
      if (absl::Status status = ask(absl::StrCat("init.target", target), target, kBase); !status.ok()) return status;
    }
    for (uint32_t feature = 0; feature < 10; ++feature) {
      absl::Status status = ask(absl::StrCat("init.feature", feature), target_, 1u << feature);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ProbeClass(const FeatureClass& feature_class) {
    const VcpuFeatures& features = feature_class.features;
    ProbedVm vm([&] { return CreateScratchVm(features); });
    if (!vm.status().ok()) return vm.status();
    const ProbeJson line = {{"host", host_},
                            {"cpu", cpu_},
                            {"kernel", release_},
                            {"cfg", feature_class.name},
                            {"feature_bits", features.bits},
                            {"mte", features.memory_tagging ? 1 : 0},
                            {"target", target_}};
    ClassProbe probe(feature_class.name, vm, file_);
    if (absl::Status status = probe.List(line, "reset"); !status.ok()) return status;
    if (features.has(VcpuFeature::kSve)) {
      if (absl::Status status = TryVectorLengths(feature_class); !status.ok()) return status;
    }
    if (writable_implementation_id_) {
      if (absl::Status status = TryImplementationId(feature_class); !status.ok()) return status;
    }
    for (absl::Status (ClassProbe::*experiment)() :
         {&ClassProbe::TryRegisters, &ClassProbe::TryEffects, &ClassProbe::TryFirmwareWithoutSsbs,
          &ClassProbe::TryVmWide, &ClassProbe::TryCounterPairs, &ClassProbe::TryTimers}) {
      if (absl::Status status = (probe.*experiment)(); !status.ok()) return status;
    }
    if (!features.has(VcpuFeature::kEl1Is32Bit)) {
      const absl::Status ran = RunPayload(*vm.scratch().vm);
      const absl::Status listed = ran.ok() ? probe.List(line, "ran") : ran;
      if (!listed.ok()) Answer(absl::StrCat("ran.", feature_class.name), std::string(listed.message()));
    }
    calls_ += vm.calls();
    return absl::OkStatus();
  }

  // "vls": sets of vector lengths, on a vCPU that may still choose.
  absl::Status TryVectorLengths(const FeatureClass& feature_class) {
    KvmErrno error = 0;
    ProbedVm vm([&] { return CreateUnfinishedVm(feature_class.features, target_, error); });
    std::string own;
    if (!vm.status().ok()) return vm.status();
    vm.Read(0, kKvmSveVectorLengths, own);
    ProbeJson tries = ProbeJson::object();
    const auto attempt = [&](uint64_t lengths) {
      std::string reads;
      const std::string wanted = BytesOf(lengths, WidthOf(kKvmSveVectorLengths));
      const KvmErrno answer = vm.Write(0, kKvmSveVectorLengths, wanted);
      vm.Read(0, kKvmSveVectorLengths, reads);
      tries[Hex(lengths)] = answer != 0       ? ErrnoName(answer)
                            : reads == wanted ? "ok"
                                              : absl::StrCat("->", Hex(WordOf(reads)));
    };
    attempt(0);
    // Tries the host's lengths up to each one, and these with one length added or removed.
    for (uint32_t longest = 0; longest < 17; ++longest) {
      const uint64_t up_to = WordOf(own) & ((uint64_t{2} << longest) - 1);
      if (up_to != 0) attempt(up_to);
      for (uint32_t changed = 0; changed <= longest; ++changed) attempt(up_to ^ uint64_t{1} << changed);
    }
    file_.Add({{"kind", "vls"},
               {"cfg", feature_class.name},
               {"phase", "fresh"},
               {"reg", HexId(kKvmSveVectorLengths)},
               {"value", Hex(WordOf(own))},
               {"tries", std::move(tries)}});
    calls_ += vm.calls();
    if (!vm.status().ok()) return vm.status();
    return TryShortVectors(feature_class, WordOf(own) & -WordOf(own));
  }

  // "short_vectors": what Z0, P0 and FFR keep of all ones with the shortest vectors that the host has.
  absl::Status TryShortVectors(const FeatureClass& feature_class, uint64_t lengths) {
    ProbedVm vm([&] { return CreateScratchVm(feature_class.features, lengths); });
    if (!vm.status().ok()) return vm.status();
    ProbeJson line = {{"kind", "short_vectors"},
                      {"cfg", feature_class.name},
                      {"phase", "fresh"},
                      {"lengths", Hex(lengths)},
                      {"regs", ProbeJson::array()}};
    for (const uint64_t id : {kZ0, kP0, kFfr}) {
      std::string reads;
      const KvmErrno error = vm.Write(0, id, std::string(WidthOf(id), '\xff'));
      vm.Read(0, id, reads);
      line["regs"].push_back({HexId(id), error == 0 ? "" : ErrnoName(error), HexBytes(reads)});
    }
    file_.Add(line);
    calls_ += vm.calls();
    return vm.status();
  }

  // "impid": what the CPU's name registers take in a VM in which they may be written.
  absl::Status TryImplementationId(const FeatureClass& feature_class) {
    VcpuFeatures features = feature_class.features;
    features.writable_implementation_id = true;
    ProbedVm vm([&] { return CreateScratchVm(features); });
    if (!vm.status().ok()) return vm.status();
    for (const uint64_t id : {kProbeMidr, kProbeRevidr, kProbeAidr}) {
      uint64_t value = 0;
      if (vm.ReadWord(0, id, value) != 0) continue;
      ProbeJson line = {{"kind", "impid"},
                        {"cfg", feature_class.name},
                        {"phase", "fresh"},
                        {"reg", HexId(id)},
                        {"value", Hex(value)}};
      line.update(TryBits(vm, id, value).result);
      file_.Add(line);
    }
    calls_ += vm.calls();
    return vm.status();
  }

  std::string host_;
  std::string cpu_;
  std::string cpus_;
  std::unique_ptr<KvmVm> vm_;
  std::string release_;
  std::string version_;
  ProbeFileWriter file_;
  uint32_t supported_ = 0;
  bool memory_tagging_ = false;
  bool writable_implementation_id_ = false;
  uint32_t target_ = 0;
  uint64_t calls_ = 0;
};

}  // namespace

absl::StatusOr<HostProbeResult> ProbeHost(const std::string& host, const std::string& cpu, const std::string& cpus) {
  absl::StatusOr<std::unique_ptr<KvmVm>> vm = KvmVm::Create();
  if (!vm.ok()) return vm.status();
  return Prober(host, cpu, cpus, *std::move(vm)).Run();
}

}  // namespace armstate
