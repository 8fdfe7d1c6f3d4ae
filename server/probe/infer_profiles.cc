#include "server/probe/infer_profiles.h"

#include <algorithm>
#include <bitset>
#include <utility>

#include "core/register_list.h"
#include "proto/cpu_profile_conversion.h"
#include "server/probe/infer_register_rules.h"
#include "server/profiles/registered_profile.h"

namespace armstate {
namespace {

using FeatureClass = ProbeRecording::FeatureClass;

constexpr uint64_t kMpidr = RegisterId::System(3, 0, 0, 0, 5).raw();

void AddWords(const std::string& bytes, google::protobuf::RepeatedField<uint64_t>& words) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte == 0) continue;
    while (words.size() <= static_cast<int>(i / 8)) words.Add(0);
    words[static_cast<int>(i / 8)] |= uint64_t{byte} << i % 8 * 8;
  }
}

// A counter has another value at every read.
bool Moves(const ProbeRecording::Experiments& experiments, size_t width) {
  if (experiments.moving) return true;
  if (!experiments.bits) return false;
  return experiments.bits->other == (width == 8 ? ~uint64_t{0} : (uint64_t{1} << 8 * width) - 1);
}

// Returns what was tried on this register in this class, or else in the most similar class in which it has the same
// reset value.
const ProbeRecording::Experiments* FindExperiments(const ProbeRecording& probe, const FeatureClass& feature_class,
                                                   uint64_t id) {
  const auto own = feature_class.experiments.find(id);
  if (own != feature_class.experiments.end()) return &own->second;
  // This class was experimented on, so what is missing was not observed.
  if (!feature_class.experiments.empty()) return nullptr;
  const std::string& reset = feature_class.vcpus[0].at(id);
  const ProbeRecording::Experiments* best = nullptr;
  std::pair<int, int> best_likeness;
  for (const FeatureClass& other : probe.classes) {
    const auto found = other.experiments.find(id);
    if (found == other.experiments.end()) continue;
    if (other.vcpus[0].at(id) != reset && !Moves(found->second, reset.size())) continue;
    const int common = static_cast<int>(std::bitset<64>(other.features & feature_class.features).count());
    const int apart = static_cast<int>(std::bitset<64>(other.features ^ feature_class.features).count());
    const std::pair<int, int> likeness(common, -apart);
    if (best == nullptr || likeness > best_likeness) {
      best = &found->second;
      best_likeness = likeness;
    }
  }
  return best;
}

// Returns how the value grows with the vCPU's index (MPIDR_EL1), if it grows evenly.
void AddGrowth(const FeatureClass& feature_class, uint64_t id, v1::RegisterRule& rule) {
  if (feature_class.vcpus.size() < 2 || feature_class.vcpus[0].at(id).size() > 8) return;
  if (rule.has_moving_counter() || rule.has_view()) return;
  const uint64_t first = LowWord(feature_class.vcpus[0].at(id));
  const uint64_t step = LowWord(feature_class.vcpus[1].at(id)) - first;
  for (size_t i = 2; i < feature_class.vcpus.size(); ++i) {
    if (LowWord(feature_class.vcpus[i].at(id)) != first + step * i) return;
  }
  rule.set_reset_per_vcpu_index(step);
  // KVM's affinity of vCPU 16 is 0.0.1.0: a GICv3 sends an interrupt to at most 16 vCPUs that differ in Aff0
  // (arch/arm64/kvm: reset_mpidr).
  if (id == kMpidr && step == 1) rule.set_vcpus_per_aff1(16);
}

}  // namespace

absl::StatusOr<v1::CpuProfile> ProfileFromProbe(const ProbeRecording& probe, const FeatureClass& feature_class,
                                                ImplementationId implementation_id) {
  const bool writable_id = implementation_id == ImplementationId::kWritable;
  v1::CpuProfile profile;
  profile.set_accelerator(v1::ACCELERATOR_KVM);
  profile.set_hypervisor("KVM");
  profile.set_hypervisor_version(probe.kernel);
  profile.set_cpu_model(probe.cpu);
  profile.set_vcpu_features(feature_class.features);
  profile.set_memory_tagging(feature_class.memory_tagging);
  profile.set_writable_implementation_id(writable_id);
  for (const auto& [id, value] : feature_class.vcpus[0]) {
    v1::RegisterRule* rule = profile.add_registers();
    rule->set_id(id);
    AddWords(value, *rule->mutable_reset());
    AddRule({id, LowWord(value), static_cast<uint32_t>(value.size()), FindExperiments(probe, feature_class, id),
             feature_class, probe, writable_id},
            *rule);
    AddGrowth(feature_class, id, *rule);
    // The value is momentary; without this, two probes of the same host would differ.
    if (rule->has_moving_counter()) rule->clear_reset();
  }
  profile.set_register_count(profile.registers_size());
  profile.set_name(ProbedProfileName(profile, feature_class.name));
  const absl::StatusOr<std::shared_ptr<const CpuProfile>> checked = CpuProfileFromProto(profile);
  if (!checked.ok()) return checked.status();
  return profile;
}

absl::StatusOr<std::vector<v1::CpuProfile>> ProfilesFromProbe(const ProbeRecording& probe) {
  std::vector<v1::CpuProfile> profiles;
  for (const FeatureClass& feature_class : probe.classes) {
    for (const ImplementationId implementation_id : {ImplementationId::kFixed, ImplementationId::kWritable}) {
      if (implementation_id == ImplementationId::kWritable && !probe.writable_implementation_id) continue;
      absl::StatusOr<v1::CpuProfile> profile = ProfileFromProbe(probe, feature_class, implementation_id);
      if (!profile.ok()) return profile.status();
      profiles.push_back(*std::move(profile));
    }
  }
  return profiles;
}

}  // namespace armstate
