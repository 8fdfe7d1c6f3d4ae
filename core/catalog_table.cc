#include "core/catalog_table.h"

#include <array>
#include <cstddef>

#include "core/register_id.h"

namespace armstate {
namespace {

constexpr NamedValue kImplemented[] = {{0, "not implemented"}, {1, "implemented"}};

// Fields. The .inc files say what Id and the others are for.
using Values = absl::Span<const NamedValue>;

constexpr FieldDefinition Bits(absl::string_view name, uint8_t lsb, uint8_t width, Values values = {}) {
  return {name, lsb, width, false, SafeRule::kNone, values};
}

// Its names are those of the register's bits under `mask`.
constexpr FieldDefinition BitsAmong(absl::string_view name, uint8_t lsb, uint8_t width, uint64_t mask, Values values) {
  return {name, lsb, width, false, SafeRule::kNone, values, 0, mask};
}

constexpr FieldDefinition Bit(absl::string_view name, uint8_t lsb, Values values = {}) {
  return Bits(name, lsb, 1, values);
}

constexpr FieldDefinition IdBits(absl::string_view name, uint8_t lsb, uint8_t width, SafeRule rule = SafeRule::kLower,
                                 Values values = {}) {
  return {name, lsb, width, false, rule, values};
}

constexpr FieldDefinition Id(absl::string_view name, uint8_t lsb, Values values = {}) {
  return IdBits(name, lsb, 4, SafeRule::kLower, values);
}

constexpr FieldDefinition SignedId(absl::string_view name, uint8_t lsb, Values values = {}) {
  return {name, lsb, 4, true, SafeRule::kLower, values};
}

constexpr FieldDefinition IdBit(absl::string_view name, uint8_t lsb) {
  return IdBits(name, lsb, 1, SafeRule::kLower, kImplemented);
}

// If the hosts differ, only `safe_value` will do.
constexpr FieldDefinition Exact(absl::string_view name, uint8_t lsb, uint8_t width, uint8_t safe_value,
                                Values values = {}, bool is_signed = false) {
  return {name, lsb, width, is_signed, SafeRule::kExact, values, safe_value};
}

#include "core/catalog_fields_cores.inc"
#include "core/catalog_fields_id64.inc"
// The AArch32 tables use value names of the AArch64 ones.
#include "core/catalog_fields_control64.inc"
#include "core/catalog_fields_id32.inc"
#include "core/catalog_fields_system64.inc"
#include "core/catalog_fields_trace64.inc"
#include "core/catalog_fields_traps64.inc"
// As above.
#include "core/catalog_fields_control32.inc"

// Registers. One line of the .inc files makes one row.
using Fields = absl::Span<const FieldDefinition>;

constexpr RegisterDefinition Row(uint64_t id, absl::string_view name, Fields fields = {}) { return {id, name, fields}; }

constexpr RegisterDefinition Sys(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2,
                                 absl::string_view name, Fields fields = {}) {
  return Row(RegisterId::System(op0, op1, crn, crm, op2).raw(), name, fields);
}

// A register whose value is a secret of the guest.
constexpr RegisterDefinition SecretSys(unsigned op0, unsigned op1, unsigned crn, unsigned crm, unsigned op2,
                                       absl::string_view name) {
  return {RegisterId::System(op0, op1, crn, crm, op2).raw(), name, {}, true};
}

constexpr RegisterDefinition Mrc(unsigned coprocessor, unsigned opc1, unsigned crn, unsigned crm, unsigned opc2,
                                 absl::string_view name, Fields fields = {}) {
  return Row(RegisterId::Cp32(coprocessor, opc1, crn, crm, opc2).raw(), name, fields);
}

constexpr RegisterDefinition Mrrc(unsigned coprocessor, unsigned opc1, unsigned crm, absl::string_view name,
                                  Fields fields = {}) {
  return Row(RegisterId::Cp64(coprocessor, opc1, crm).raw(), name, fields);
}

constexpr RegisterDefinition Core64(unsigned word, unsigned log2_width, absl::string_view name, Fields fields = {}) {
  return Row(RegisterId::Core(RegisterArchitecture::kArm64, log2_width, word).raw(), name, fields);
}

constexpr RegisterDefinition Core32(unsigned word, absl::string_view name, Fields fields = {}) {
  return Row(RegisterId::Core(RegisterArchitecture::kArm, 2, word).raw(), name, fields);
}

constexpr RegisterDefinition VfpData(unsigned number, absl::string_view name) {
  return Row(0x4030'0000'0012'0000 | number, name);
}

constexpr RegisterDefinition VfpControl(unsigned number, absl::string_view name, Fields fields = {}) {
  return Row(0x4020'0000'0012'1000 | number, name, fields);
}

constexpr RegisterDefinition SveVector(unsigned number, absl::string_view name) {
  return Row(0x6080'0000'0015'0000 | number << 5, name);
}

// P0 to P15, and FFR as the 16th.
constexpr RegisterDefinition SvePredicate(unsigned number, absl::string_view name) {
  return Row(0x6050'0000'0015'0400 | number << 5, name);
}

constexpr RegisterDefinition CacheSize(unsigned csselr, absl::string_view name, Fields fields = {}) {
  return Row(0x6020'0000'0011'0000 | csselr, name, fields);
}

constexpr RegisterDefinition CacheSize32(unsigned csselr, absl::string_view name, Fields fields = {}) {
  return Row(0x4020'0000'0011'0000 | csselr, name, fields);
}

constexpr RegisterDefinition Firmware(unsigned number, absl::string_view name, Fields fields = {}) {
  return Row(0x6030'0000'0014'0000 | number, name, fields);
}

constexpr RegisterDefinition Firmware32(unsigned number, absl::string_view name, Fields fields = {}) {
  return Row(0x4030'0000'0014'0000 | number, name, fields);
}

constexpr RegisterDefinition FirmwareFeatures(unsigned number, absl::string_view name, Fields fields = {}) {
  return Row(0x6030'0000'0016'0000 | number, name, fields);
}

constexpr RegisterDefinition kRows[] = {
#include "core/catalog_aarch32.inc"
#include "core/catalog_aarch64.inc"
#include "core/catalog_core.inc"
#include "core/catalog_gicv5.inc"
#include "core/catalog_implementation.inc"
#include "core/catalog_rprofile.inc"
};
constexpr size_t kRowCount = sizeof(kRows) / sizeof(kRows[0]);

// KVM's names of the two timer registers with swapped encodings (see IdScheme); there, the architectural names find
// what they mean. MAIR0 and MAIR1 are PRRR and NMRR when TTBCR.EAE is 1. DBGDTRTX_EL0 is what a write to DBGDTRRX_EL0's
// encoding is called; TRCEXTINSELR is ETMv4's name of the first of four.
constexpr RegisterAlias kAliases[] = {
    {"TIMER_CNT", RegisterId::System(3, 3, 14, 3, 2).raw(), true, true},
    {"CNTVCT_EL0", RegisterId::System(3, 3, 14, 3, 2).raw(), true, false},
    {"TIMER_CVAL", RegisterId::System(3, 3, 14, 0, 2).raw(), true, true},
    {"CNTV_CVAL_EL0", RegisterId::System(3, 3, 14, 0, 2).raw(), true, false},
    {"TIMER_CTL", RegisterId::System(3, 3, 14, 3, 1).raw(), true, false},
    {"MAIR0", RegisterId::Cp32(15, 0, 10, 2, 0).raw(), false, false},
    {"MAIR1", RegisterId::Cp32(15, 0, 10, 2, 1).raw(), false, false},
    {"DBGDTRTX_EL0", RegisterId::System(2, 3, 0, 5, 0).raw(), false, false},
    {"TRCEXTINSELR", RegisterId::System(2, 1, 0, 8, 4).raw(), false, false},
};

constexpr char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// Negative, 0, positive as a sorts before, with, after b; case does not count.
constexpr int CompareNames(absl::string_view a, absl::string_view b) {
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    const int difference = Upper(a[i]) - Upper(b[i]);
    if (difference != 0) return difference;
  }
  return a.size() < b.size() ? -1 : a.size() > b.size();
}

constexpr int CompareRowIds(const RegisterDefinition& a, const RegisterDefinition& b) {
  return a.id < b.id ? -1 : a.id > b.id;
}
constexpr int CompareRowNames(const RegisterDefinition& a, const RegisterDefinition& b) {
  return CompareNames(a.name, b.name);
}

using RowIndex = std::array<uint16_t, kRowCount>;
static_assert(kRowCount <= 0xffff, "positions are 16 bits");

// Lets order[root] sink in the heap order[0 .. end - 1].
template <int (*compare)(const RegisterDefinition&, const RegisterDefinition&)>
constexpr void SiftDown(RowIndex& order, size_t root, size_t end) {
  while (2 * root + 1 < end) {
    size_t child = 2 * root + 1;
    if (child + 1 < end && compare(kRows[order[child]], kRows[order[child + 1]]) < 0) ++child;
    if (compare(kRows[order[root]], kRows[order[child]]) >= 0) return;
    const uint16_t above = order[root];
    order[root] = order[child];
    order[child] = above;
    root = child;
  }
}

// Positions of the rows in ascending order. A heap sort: std::sort is not constexpr before C++20.
template <int (*compare)(const RegisterDefinition&, const RegisterDefinition&)>
constexpr RowIndex SortedRows() {
  RowIndex order{};
  for (size_t i = 0; i < kRowCount; ++i) order[i] = static_cast<uint16_t>(i);
  for (size_t root = kRowCount / 2; root-- > 0;) SiftDown<compare>(order, root, kRowCount);
  for (size_t end = kRowCount; --end > 0;) {
    const uint16_t largest = order[0];
    order[0] = order[end];
    order[end] = largest;
    SiftDown<compare>(order, 0, end);
  }
  return order;
}

template <int (*compare)(const RegisterDefinition&, const RegisterDefinition&)>
constexpr bool StrictlyAscending(const RowIndex& order) {
  for (size_t i = 1; i < kRowCount; ++i) {
    if (compare(kRows[order[i - 1]], kRows[order[i]]) >= 0) return false;
  }
  return true;
}

constexpr RowIndex kById = SortedRows<CompareRowIds>();
constexpr RowIndex kByName = SortedRows<CompareRowNames>();
static_assert(StrictlyAscending<CompareRowIds>(kById), "two rows have one ID");
static_assert(StrictlyAscending<CompareRowNames>(kByName), "two rows have one name");

// Fields descend without overlapping, and lie inside 64 bits.
constexpr bool FieldsAreSound(const RegisterDefinition& row) {
  unsigned below = 64;
  for (const FieldDefinition& field : row.fields) {
    if (field.width == 0 || field.lsb + field.width > below || field.name.empty()) return false;
    for (const NamedValue& value : field.values) {
      if (field.values_mask != 0 && (value.value & ~field.values_mask) != 0) return false;
      if (field.values_mask == 0 && field.width < 64 && value.value >> field.width != 0) return false;
    }
    below = field.lsb;
  }
  return true;
}

constexpr bool RowsAreSound() {
  for (const RegisterDefinition& row : kRows) {
    if (row.name.empty() || !FieldsAreSound(row)) return false;
  }
  return true;
}
static_assert(RowsAreSound(), "a row without a name, or fields that overlap, ascend or exceed 64 bits");

// The row that compares equal; `compare` gives the order of a row relative to what is looked for.
template <typename Compare>
const RegisterDefinition* FindRow(const RowIndex& order, Compare compare) {
  size_t low = 0;
  size_t high = kRowCount;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    const int result = compare(kRows[order[middle]]);
    if (result == 0) return &kRows[order[middle]];
    if (result < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return nullptr;
}

}  // namespace

const RegisterDefinition* FindDefinitionById(uint64_t id) {
  return FindRow(kById, [id](const RegisterDefinition& row) { return row.id < id ? -1 : row.id > id; });
}

const RegisterDefinition* FindDefinitionByName(absl::string_view name) {
  return FindRow(kByName, [name](const RegisterDefinition& row) { return CompareNames(row.name, name); });
}

absl::Span<const RegisterDefinition> RegisterDefinitions() { return kRows; }
absl::Span<const RegisterAlias> RegisterAliases() { return kAliases; }

}  // namespace armstate
