#include "core/vcpu_feature.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/error.h"
#include "core/nearest_name.h"

namespace armstate {
namespace {

struct FeatureName {
  absl::string_view name;
  VcpuFeature feature;
};

constexpr FeatureName kNames[] = {
    {"power_off", VcpuFeature::kPowerOff},
    {"el1_32bit", VcpuFeature::kEl1Is32Bit},
    {"psci_0_2", VcpuFeature::kPsci02},
    {"pmu_v3", VcpuFeature::kPmuV3},
    {"sve", VcpuFeature::kSve},
    {"ptrauth_address", VcpuFeature::kPtrauthAddress},
    {"ptrauth_generic", VcpuFeature::kPtrauthGeneric},
    {"has_el2", VcpuFeature::kHasEl2},
    {"has_el2_e2h0", VcpuFeature::kHasEl2E2h0},
};

constexpr FeatureName kShortNames[] = {
    {"psci", VcpuFeature::kPsci02},
    {"pmu", VcpuFeature::kPmuV3},
    {"aarch32", VcpuFeature::kEl1Is32Bit},
    {"el2", VcpuFeature::kHasEl2},
    {"ptrauth", VcpuFeature::kPtrauthAddress},
    {"ptrauth", VcpuFeature::kPtrauthGeneric},
};

constexpr absl::string_view kMemoryTagging = "mte";
constexpr absl::string_view kWritableImplementationId = "writable_implementation_id";
constexpr absl::string_view kUnnamedPrefix = "feature_";
// No feature's name is as long; the search for the nearest one takes time by the length.
constexpr size_t kMaxNameLength = 64;

absl::Status UnknownFeature(absl::string_view name) {
  name = name.substr(0, kMaxNameLength);
  NearestName nearest(name);
  for (const FeatureName& known : kNames) nearest.Consider(known.name);
  nearest.Consider(kMemoryTagging);
  nearest.Consider(kWritableImplementationId);
  const std::string proposal = nearest.name().empty() ? "" : absl::StrCat("; did you mean ", nearest.name(), "?");
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kFieldInvalid,
                   absl::StrCat("there is no vCPU feature \"", name, "\"", proposal), {{"field", "vcpu_features"}});
}

}  // namespace

absl::optional<int> VcpuFeatureBit(absl::string_view name) {
  for (const FeatureName& known : kNames) {
    if (known.name == name) return static_cast<int>(known.feature);
  }
  int bit = 0;
  if (absl::StartsWith(name, kUnnamedPrefix) && absl::SimpleAtoi(name.substr(kUnnamedPrefix.size()), &bit) &&
      bit >= 0 && bit < 32 && VcpuFeatureName(bit) == name) {
    return bit;
  }
  return absl::nullopt;
}

std::string VcpuFeatureName(int bit) {
  for (const FeatureName& known : kNames) {
    if (static_cast<int>(known.feature) == bit) return std::string(known.name);
  }
  return absl::StrCat(kUnnamedPrefix, bit);
}

std::vector<std::string> VcpuFeatureNames(const VcpuFeatures& features) {
  std::vector<std::string> names;
  for (int bit = 0; bit < 32; ++bit) {
    if ((features.bits >> bit & 1) != 0) names.push_back(VcpuFeatureName(bit));
  }
  if (features.memory_tagging) names.emplace_back(kMemoryTagging);
  if (features.writable_implementation_id) names.emplace_back(kWritableImplementationId);
  return names;
}

absl::StatusOr<VcpuFeatures> ParseVcpuFeatures(absl::Span<const std::string> names) {
  VcpuFeatures features;
  for (const std::string& name : names) {
    if (name == kMemoryTagging) {
      features.memory_tagging = true;
    } else if (name == kWritableImplementationId) {
      features.writable_implementation_id = true;
    } else if (const absl::optional<int> bit = VcpuFeatureBit(name)) {
      features.bits |= uint32_t{1} << *bit;
    } else {
      bool known = false;
      for (const FeatureName& candidate : kShortNames) {
        if (candidate.name != name) continue;
        features.add(candidate.feature);
        known = true;
      }
      if (!known) return UnknownFeature(name);
    }
  }
  return features;
}

}  // namespace armstate
