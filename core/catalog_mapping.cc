#include "core/catalog_mapping.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace armstate {
namespace {

struct Mapping {
  absl::string_view aarch32;
  absl::string_view aarch64;
};

constexpr Mapping kMappings[] = {
#include "core/catalog_mapping.inc"
};

absl::optional<RegisterId> AArch64Register(absl::string_view name, IdScheme scheme) {
  const absl::StatusOr<RegisterId> id = ParseRegisterName(name, scheme);
  if (!id.ok() || id->architecture() != RegisterArchitecture::kArm64) return absl::nullopt;
  return *id;
}

}  // namespace

absl::optional<RegisterId> AArch64RegisterOf(RegisterId id, IdScheme scheme) {
  if (id.architecture() != RegisterArchitecture::kArm) return absl::nullopt;
  const std::string name = RegisterName(id, scheme);
  for (const Mapping& mapping : kMappings) {
    if (mapping.aarch32 == name) return AArch64Register(mapping.aarch64, scheme);
  }
  for (const absl::string_view level : {"_EL1", "_EL0", "_EL2"}) {
    if (const auto same = AArch64Register(absl::StrCat(name, level), scheme)) return same;
  }
  return absl::nullopt;
}

}  // namespace armstate
