// The catalog describes every register: its architectural name and its fields.
//
// Example:
//   RegisterName(RegisterId::System(3, 0, 1, 0, 0), IdScheme::kKvm)  == "SCTLR_EL1"
//   ParseRegisterName("sctlr_el1", IdScheme::kKvm)->raw()            == 0x603000000013c080
//
// A register is one row in one of the tables of catalog_*.inc; names, parsing and decoding all derive from it. Names
// are the Arm ARM's; where that has one name for two registers, the second has a suffix:
//   PC_A32       the AArch32 register of a name that AArch64 has too (also SPSR_ABT_A32, PSCI_VERSION_A32, ...)
//   TTBR0_64     the MRRC view of a register that is also 32 bits wide
//   FPCR_SYSREG  the system register encoding of what KVM has as a core register; QEMU lists have both
//   CCSIDR_L1I   CCSIDR as selected by CSSELR: level, and D (data or unified) or I
#ifndef ARMSTATE_CORE_CATALOG_H_
#define ARMSTATE_CORE_CATALOG_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/register_id.h"

namespace armstate {

// The two ways in which lists use register IDs.
//
// kKvm: KVM's own. 0x603000000013df1a is TIMER_CNT (the guest's virtual counter) and 0x603000000013df02 TIMER_CVAL
//   (CNTV_CVAL_EL0): KVM swapped their encodings (api.rst, "Note that the encodings of TIMER_CVAL and TIMER_CNT are
//   swapped"). AArch32 IDs are without bit 29 and have the plain name; one with it has "_NS" behind the name.
// kTcg: QEMU's emulation. All encodings are the architecture's. AArch32 IDs with bit 29 are the non-secure or common
//   copy, which has the plain name; those without are the secure copy, with "_S" behind the name.
// Banks are of coprocessor registers only: AArch32 core and VFP registers have their plain names in both.
enum class IdScheme { kKvm, kTcg };

// The way to find the value that two hosts both offer. See docs/register-lists.md, "Field rules for ID registers".
enum class SafeRule : uint8_t { kNone, kLower, kHigher, kHigherOrZero, kExact };

struct NamedValue {
  uint64_t value;
  absl::string_view meaning;  // "implemented"
};

// A field of a register: bits lsb .. lsb + width - 1.
struct FieldDefinition {
  absl::string_view name;
  uint8_t lsb;
  uint8_t width;
  bool is_signed = false;
  SafeRule rule = SafeRule::kNone;
  absl::Span<const NamedValue> values = {};
  uint8_t safe_value = 0;  // of kExact: what is safe if the hosts differ
  // Not 0: `values` are those of the register's bits under this mask, since the field alone has no meaning: a part
  // number is its implementer's.
  uint64_t values_mask = 0;
};

// The name of a register; never empty. IDs without an architectural name have the generic form: "S3_0_C15_C2_0"
// (AArch64 system register), "p15,0,c1,c0,0" (MRC) and "p15,0,c7" (MRRC: opc1, CRm); and what fits no form is "0x..."
// in hexadecimal.
std::string RegisterName(RegisterId id, IdScheme scheme);

// The inverse of RegisterName, in any case of letters; also takes generic forms of registers that have a name, and
// "0x...". INVALID_ARGUMENT, reason REGISTER_NAME_UNKNOWN, proposing the nearest name.
absl::StatusOr<RegisterId> ParseRegisterName(absl::string_view name, IdScheme scheme);

// Whether the value of a register is a secret of the guest, such as a key of pointer authentication: it is shown only
// to those who ask for secrets and may have them.
bool IsSecretRegister(RegisterId id);
// The same for any number; false if it is no register ID.
bool IsSecretRegister(uint64_t raw_id);

// Stands for a value that is not shown.
inline constexpr absl::string_view kRedacted = "redacted";

// The fields of a register by descending position; empty if none are known.
absl::Span<const FieldDefinition> RegisterFields(RegisterId id, IdScheme scheme);

// A field's bits out of a register's low 64 bits.
uint64_t ExtractField(const FieldDefinition& field, uint64_t value);

// The meaning of what a field holds in a register of this value; empty if it has no name.
absl::string_view FieldMeaning(const FieldDefinition& field, uint64_t value);

}  // namespace armstate

#endif  // ARMSTATE_CORE_CATALOG_H_
