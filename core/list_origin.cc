#include "core/list_origin.h"

#include "core/register_id.h"
#include "core/register_kind.h"

namespace armstate {
namespace {

constexpr RegisterId kAliases[] = {
    RegisterId::System(3, 0, 4, 0, 0),  // SPSR_EL1
    RegisterId::System(3, 0, 4, 0, 1),  // ELR_EL1
    RegisterId::System(3, 0, 4, 1, 0),  // SP_EL0
};

ListOrigin OriginOf(RegisterId id) {
  if (id.register_class() == RegisterClass::kDemux || IsFirmwareRegister(id) || id == kSveVectorLengths) {
    return ListOrigin::kKvm;
  }
  if (id.is_coprocessor() && (id.raw() & kNonSecureBit) != 0) return ListOrigin::kTcg;
  for (const RegisterId alias : kAliases) {
    if (id == alias) return ListOrigin::kHvf;
  }
  return ListOrigin::kUnknown;
}

}  // namespace

ListEvidence OriginOfList(absl::Span<const uint64_t> ids) {
  for (const uint64_t raw : ids) {
    const absl::StatusOr<RegisterId> id = RegisterId::Create(raw);
    if (!id.ok()) continue;
    const ListOrigin origin = OriginOf(*id);
    if (origin != ListOrigin::kUnknown) return {origin, raw};
  }
  return {};
}

absl::string_view ListOriginName(ListOrigin origin) {
  switch (origin) {
    case ListOrigin::kTcg:
      return "QEMU's emulation (TCG)";
    case ListOrigin::kKvm:
      return "KVM";
    case ListOrigin::kHvf:
      return "HVF";
    case ListOrigin::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace armstate
