#include "core/register_id.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/error.h"

namespace armstate {
namespace {

absl::Status InvalidId(uint64_t raw, absl::string_view why) {
  const std::string id = absl::StrFormat("0x%016x", raw);
  return MakeError(absl::StatusCode::kInvalidArgument, ErrorReason::kRegisterIdInvalid, absl::StrCat(id, " ", why),
                   {{"register_id", id}});
}

}  // namespace

absl::StatusOr<RegisterId> RegisterId::Create(uint64_t raw) {
  if (IsValid(raw)) return RegisterId(raw);
  if (raw >> 56 != 0x40 && raw >> 56 != 0x60) {
    return InvalidId(raw, "is no register ID: bits 63-56 are neither 0x40 (AArch32) nor 0x60 (AArch64)");
  }
  return InvalidId(raw, "is no register ID: bits 55-52 give a width above 2048 bits");
}

std::string RegisterId::ToString() const { return absl::StrFormat("0x%016x", raw_); }

absl::StatusOr<CpregKey> CpregKey::FromId(RegisterId id) {
  const uint64_t upper = id.raw() >> 32;
  if ((upper != 0x4020'0000 && upper != 0x4030'0000) || (id.raw() & 0x8000) != 0) {
    return InvalidId(id.raw(),
                     "has no coprocessor register key: only AArch32 IDs of 32 or 64 bits with bit 15 clear have one");
  }
  return CpregKey(static_cast<uint32_t>(id.raw()) | (id.width() == 8 ? 0x8000u : 0u));
}

RegisterId CpregKey::ToId() const {
  const bool wide = (raw_ & 0x8000) != 0;
  // Both widths are legal, so this cannot fail.
  return *RegisterId::Create((wide ? 0x4030'0000'0000'0000 : 0x4020'0000'0000'0000) | (raw_ & ~uint32_t{0x8000}));
}

}  // namespace armstate
