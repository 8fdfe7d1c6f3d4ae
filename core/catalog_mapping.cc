#include "core/catalog_mapping.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace armstate {
namespace {

struct Mapping {
  absl::string_view aarch32;
  absl::string_view aarch64;
  int first_bit = 0;
};

constexpr Mapping kMappings[] = {
#include "core/catalog_mapping.inc"
};

absl::optional<RegisterId> AArch64Register(absl::string_view name, IdScheme scheme) {
  const absl::StatusOr<RegisterId> id = ParseRegisterName(name, scheme);
  if (!id.ok() || id->architecture() != RegisterArchitecture::kArm64) return absl::nullopt;
  return *id;
}

// Null if there is none.
const Mapping* FindMapping(absl::string_view aarch32) {
  for (const Mapping& mapping : kMappings) {
    if (mapping.aarch32 == aarch32) return &mapping;
  }
  return nullptr;
}

}  // namespace

absl::optional<RegisterId> AArch64RegisterOf(RegisterId id, IdScheme scheme) {
  if (id.architecture() != RegisterArchitecture::kArm) return absl::nullopt;
  const std::string name = RegisterName(id, scheme);
  if (const Mapping* mapping = FindMapping(name)) return AArch64Register(mapping->aarch64, scheme);
  for (const absl::string_view level : {"_EL1", "_EL0", "_EL2"}) {
    if (const auto same = AArch64Register(absl::StrCat(name, level), scheme)) return same;
  }
  return absl::nullopt;
}

int FirstBitInAArch64(RegisterId id, IdScheme scheme) {
  const Mapping* mapping = FindMapping(RegisterName(id, scheme));
  return mapping == nullptr ? 0 : mapping->first_bit;
}

}  // namespace armstate
