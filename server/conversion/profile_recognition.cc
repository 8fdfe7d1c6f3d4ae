#include "server/conversion/profile_recognition.h"

#include <algorithm>
#include <bitset>
#include <limits>
#include <map>
#include <set>

#include "core/merge.h"
#include "proto/resource_names.h"
#include "server/profiles/built_in_profiles.h"
#include "server/profiles/profile_name.h"

namespace armstate {
namespace {

constexpr int kPlainMachine = 1 << 20;
constexpr int kOtherMachine = 1 << 21;

bool HasConstantsOf(const RegisterList& list, int vcpu_count, const CpuProfile& profile) {
  const std::string reset = profile.ResetValues({0, vcpu_count});
  const absl::string_view values = list.values(), writable = profile.writable();
  for (size_t i = 0; i < values.size(); ++i) {
    if (((values[i] ^ reset[i]) & ~writable[i]) != 0) return false;
  }
  return true;
}

size_t WritableBits(const CpuProfile& profile) {
  size_t bits = 0;
  for (const char byte : profile.writable()) bits += std::bitset<8>(static_cast<unsigned char>(byte)).count();
  return bits;
}

// Returns how well a profile's machine type matches the VM's; 0 is best. A profile of an older machine type also stands
// for the machine types before it (profiles/README.md).
int MachineDistance(const std::string& machine_type, const v1::CpuProfile& profile) {
  if (profile.machine_type() == machine_type) return 0;
  const absl::StatusOr<std::string> id = ParseCpuProfileName(profile.name());
  const absl::optional<QemuProfileName> name = id.ok() ? ParseQemuProfileName(*id) : absl::nullopt;
  const auto [machine, version] = ParseMachineType(machine_type);
  if (!name || name->machine != machine) return kOtherMachine;
  if (!name->machine_version) return kPlainMachine;
  if (!version || *name->machine_version < *version) return kOtherMachine;
  return 1 + 100 * (name->machine_version->first - version->first) + name->machine_version->second - version->second;
}

}  // namespace

RecognisedProfile RecogniseProfile(const RegisterList& list, int vcpu_count, const std::string& machine_type,
                                   const ProfileRegistry& profiles) {
  // The profiles with the best matching machine come first.
  std::multimap<int, std::string> candidates;
  const BuiltInProfiles& built_in = profiles.built_in();
  for (size_t i = 0; i < built_in.size(); ++i) {
    const absl::StatusOr<v1::CpuProfile> header = built_in.Header(i);
    if (!header.ok() || header->accelerator() != v1::ACCELERATOR_TCG) continue;
    if (static_cast<size_t>(header->register_count()) != list.size()) continue;
    candidates.emplace(MachineDistance(machine_type, *header), header->name());
  }
  RecognisedProfile recognised;
  std::set<std::string> releases;
  int nearest = 0;
  size_t fewest_writable = 0;
  for (const auto& [distance, name] : candidates) {
    const absl::StatusOr<ProfileRegistry::Entry> entry = profiles.Find(name);
    if (!entry.ok()) continue;
    const CpuProfile& profile = *(*entry)->profile;
    if (!(*profile.layout() == list.layout()) || !HasConstantsOf(list, vcpu_count, profile)) continue;
    releases.insert((*entry)->message.hypervisor_version());
    // A CPU without EL2 lists its registers as constant zeros, which a CPU with EL2 may also hold: the CPU that allows
    // fewer values is the more likely one.
    const size_t writable = WritableBits(profile);
    if (recognised.entry != nullptr && (distance > nearest || writable >= fewest_writable)) continue;
    recognised.entry = *entry;
    nearest = distance;
    fewest_writable = writable;
  }
  recognised.is_sure = releases.size() == 1;
  return recognised;
}

std::string NearestRelease(const RegisterLayout& layout, const ProfileRegistry& profiles) {
  std::string release;
  size_t fewest = std::numeric_limits<size_t>::max();
  const BuiltInProfiles& built_in = profiles.built_in();
  for (size_t i = 0; i < built_in.size(); ++i) {
    const absl::StatusOr<v1::CpuProfile> header = built_in.Header(i);
    // A list of another length differs by at least the difference in length.
    if (!header.ok() || header->accelerator() != v1::ACCELERATOR_TCG) continue;
    const auto size = static_cast<size_t>(header->register_count());
    if (std::max(size, layout.size()) - std::min(size, layout.size()) >= fewest) continue;
    const absl::StatusOr<ProfileRegistry::Entry> entry = profiles.Find(header->name());
    if (!entry.ok()) continue;
    const LayoutMerge merge = MergeLayouts(*(*entry)->profile->layout(), layout);
    const size_t differing = merge.only_own.size() + merge.only_incoming.size();
    if (differing >= fewest) continue;
    fewest = differing;
    release = header->hypervisor_version();
  }
  return release;
}

}  // namespace armstate
